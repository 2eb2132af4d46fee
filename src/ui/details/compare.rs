//! Runs beside each other: their figures, and where the same items took how long.

use std::cmp::Reverse;

use eframe::egui::{Align, Color32, Grid, Label, Layout, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

use crate::lab::{End, ExecutorKind, Run, Status, Task, TaskState};
use crate::trace::Histogram;
use crate::ui::action::Action;
use crate::ui::background::Background;
use crate::ui::chart::{Selection, Shown};
use crate::ui::theme::Palette;
use crate::ui::{focus, format, readers, theme};

/// What was found out last; it lasts as long as the window.
#[derive(Default)]
pub(super) struct Compare {
    differences: Background<[Finished; 2], Vec<Difference>>,
}

/// The number of a run, and how many of its items had finished.
type Finished = (usize, usize);

/// The names of runs take no more than this, and no less; those of figures, and what stands beside a figure, take about that.
const NAME: f32 = 260.0;
const NARROWEST_NAME: f32 = 100.0;
const FIGURE_NAMES: f32 = 136.0;
const RATIO: f32 = 110.0;
const NARROW: f32 = 900.0;

/// How long an item ran in two runs.
#[derive(Clone, Copy)]
struct Difference {
    item: u32,
    calls: [u32; 2],
    ran: [i64; 2],
}

/// A figure of a run, which is no number if there is none yet; whether less of it is better (`None` = neither is); and what it is.
type Figure = (&'static str, fn(&Run) -> f64, fn(f64) -> String, Option<bool>, &'static str);

fn nanos(value: f64) -> String {
    format::duration(value as i64)
}

fn whole(value: f64) -> String {
    format::count(value as usize)
}

fn percent(value: f64) -> String {
    // A sum of nothing is -0.
    format!("{:.0} %", value * 100.0 + 0.0)
}

const FIGURES: [Figure; 13] = [
    ("makespan", |run| run.working_time() as f64, nanos, Some(true), "From the first submission to the last result"),
    (
        "items a second",
        |run| match run.trace.counts().executed {
            0 => f64::NAN,
            finished => finished as f64 / (run.working_time() as f64 / 1e9).max(1e-9),
        },
        format::rate,
        Some(false),
        "Items that ran, by the makespan",
    ),
    ("returned", |run| run.totals().returned as f64, whole, None, "Items that gave a value"),
    ("failed", |run| run.totals().failed() as f64, whole, Some(true), "Items that raised, or were lost"),
    ("cancelled", |run| run.totals().cancelled as f64, whole, None, "Items that were not run"),
    ("calls", |run| run.trace.call_count() as f64, whole, None, "How many calls were submitted: a chunk is one"),
    (
        "workers busy",
        |run| busy(run) / lived(run).max(1.0),
        percent,
        Some(false),
        "Utilisation: of the time in which workers could work, what they had an item for",
    ),
    ("busy, all together", busy, nanos, None, "How long workers had an item, added up"),
    ("CPU time", computing, nanos, None, "On a core: without I/O, sleep, and waiting for anything"),
    (
        "run time, median",
        |run| quantile(run.trace.run_times(), 50),
        nanos,
        Some(true),
        "Half of the items ran no longer than that",
    ),
    (
        "run time, 95 % at most",
        |run| quantile(run.trace.run_times(), 95),
        nanos,
        Some(true),
        "Of a hundred items, 95 ran no longer than that",
    ),
    (
        "other programs",
        |run| run.others.map_or(f64::NAN, f64::from),
        percent,
        None,
        "Of all cores' time, what other programs took during the run",
    ),
    (
        WAIT,
        |run| quantile(run.trace.queue_waits(), 50),
        nanos,
        Some(true),
        "Half of the items waited no longer than that, from their submission to their start",
    ),
];

/// Above this share of the machine, other programs are felt.
const DISTURBING: f32 = 0.08;

const WAIT: &str = "wait, median";

fn quantile(times: &Histogram, percent: u64) -> f64 {
    if times.total() == 0 { f64::NAN } else { times.quantile(percent) as f64 }
}

fn busy(run: &Run) -> f64 {
    run.trace.lanes().iter().map(|lane| lane.busy_until(run.known_until()) as f64).sum()
}

fn lived(run: &Run) -> f64 {
    run.trace.lanes().iter().map(|lane| run.lived(lane, 0, run.known_until()) as f64).sum()
}

/// Of the time that workers were busy, what they computed, on a core.
fn computing(run: &Run) -> f64 {
    let until = run.known_until();
    run.trace.lanes().iter().map(|lane| lane.spent(&(0..until)).computing() as f64).sum()
}

impl Compare {
    /// Draws figures of all runs, and the items of the first two.
    /// `ticked` = how many could be; `queued` = how many are still to begin.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        shown: &[Shown<'_>],
        ticked: usize,
        queued: usize,
        actions: &mut Vec<Action>,
    ) {
        let dim = theme::palette(ui).dim;
        if shown.len() < 2 {
            if queued > 0 {
                ui.label(RichText::new("The next run begins when this one is over.").color(dim));
            } else if ticked < 2 {
                ui.label(RichText::new("Tick two or more runs in the list to compare them.").color(dim));
            } else if ui.button(format!("Compare the {ticked} runs that are ticked")).clicked() {
                actions.push(Action::Compare);
            }
            return;
        }
        let different = shown.windows(2).find_map(|pair| difference(pair[0].run, pair[1].run));
        let alike = different.is_none();
        // Of one that goes on or was stopped, figures are of less work.
        let whole = |shown: &Shown<'_>| {
            let run = shown.looked_at();
            run.moment.is_none() && run.status == Status::Ended(End::Completed)
        };
        let disturbed = shown.iter().find(|shown| shown.run.others.is_some_and(|share| share > DISTURBING));
        let judged = alike && shown.iter().all(whole) && disturbed.is_none();
        if alike {
            self.look(ui, shown[0].looked_at(), shown[1].looked_at());
        }
        if let Some(shown) = disturbed {
            let share = shown.run.others.unwrap_or_default() * 100.0;
            let text = format!(
                "Other programs took {share:.0} % of the machine during {}: these times can't be compared.",
                shown.name
            );
            readers::live(&ui.label(RichText::new(text).color(theme::palette(ui).waiting)));
        }
        ui.horizontal_top(|ui| {
            // Where there is little room, figures need more of it than items.
            let part = if ui.available_width() < NARROW { 0.64 } else { 0.58 };
            let by_key = focus::scrolled_by_key(ui, "figures of the runs");
            ScrollArea::both().id_salt("figures").max_width(ui.available_width() * part).auto_shrink(false).show(
                ui,
                |ui| {
                    ui.scroll_with_delta(by_key);
                    figures(ui, shown, judged);
                },
            );
            ui.vertical(|ui| {
                let Some(what) = different else { return self.items(ui, shown, actions) };
                let text = format!("These runs have different {what}, so their figures can't be compared.");
                ui.add(Label::new(RichText::new(text).color(dim)).wrap());
            });
        });
    }

    /// Sees to it that the differences are known.
    fn look(&mut self, ui: &Ui, one: &Run, other: &Run) {
        let of = [one, other].map(|run| (run.number, run.trace.counts().executed));
        let alike = move |known: &[Finished; 2]| known.map(|(number, _)| number) == of.map(|(number, _)| number);
        let find = || {
            let runs = [one.clone(), other.clone()];
            move || differences(&runs)
        };
        let goes_on = [one, other].iter().any(|run| !run.ended() && run.moment.is_none());
        self.differences.ask(ui.ctx(), of, alike, goes_on, find);
    }

    fn items(&self, ui: &mut Ui, shown: &[Shown<'_>], actions: &mut Vec<Action>) {
        let palette = theme::palette(ui);
        let numbers = [shown[0].run.number, shown[1].run.number];
        let of_these = |(of, _): &(&[Finished; 2], _)| of.map(|(number, _)| number) == numbers;
        let Some((_, found)) = self.differences.known().filter(of_these) else {
            ui.label(RichText::new("Comparing the items …").color(palette.dim));
            return;
        };
        let text = format!("{} items returned in both; largest differences first", format::count(found.len()));
        ui.label(RichText::new(text).size(11.5).color(palette.dim));
        let height = 18.0;
        ui.spacing_mut().interact_size.y = 0.0;
        let list = ScrollArea::both().id_salt("items").auto_shrink(false);
        list.show_rows(ui, height, found.len(), |ui, rows| {
            for Difference { item, calls, ran: [one, other] } in &found[rows] {
                ui.horizontal(|ui| {
                    let link = ui.link(RichText::new(format!("item {item:<5}")).monospace().size(11.5));
                    link.widget_info(|| {
                        let (one, other) = (format::duration(*one), format::duration(*other));
                        WidgetInfo::labeled(Role::Link, true, format!("item {item}: {one}, then {other}"))
                    });
                    if link.on_hover_text("Look at it in the second run").clicked() {
                        let run = shown[1].run.number;
                        actions.push(Action::Select(Some(Selection::Item { run, call: calls[1], item: *item })));
                    }
                    let sign = if other < one { "−" } else { "+" };
                    let difference = format::duration((other - one).abs());
                    // What matters most first: narrow windows cut the rest off.
                    let text = format!(
                        "× {:<6.2} {sign}{difference:<9} {:>9} → {:>9}",
                        *other as f64 / (*one).max(1) as f64,
                        format::duration(*one),
                        format::duration(*other),
                    );
                    ui.label(RichText::new(text).monospace().size(11.5));
                });
            }
        });
    }
}

fn differences(runs: &[Run; 2]) -> Vec<Difference> {
    let [one, other] = [runs[0].tasks(), runs[1].tasks()];
    // What was broken off ran for no time of its own.
    let ran = |task: &Task| Some((task.item, task.call, task.ran().filter(|_| task.state == TaskState::Returned)?));
    let (mut left, mut right) = (one.iter().filter_map(ran).peekable(), other.iter().filter_map(ran).peekable());
    let mut both = Vec::new();
    // Both are in the order of their items.
    while let (Some(&(a, a_call, a_ran)), Some(&(b, b_call, b_ran))) = (left.peek(), right.peek()) {
        if a == b {
            both.push(Difference { item: a, calls: [a_call, b_call], ran: [a_ran, b_ran] });
        }
        if a <= b {
            left.next();
        }
        if b <= a {
            right.next();
        }
    }
    both.sort_by_key(|difference| Reverse((difference.ran[1] - difference.ran[0]).abs()));
    both
}

/// In what two runs differ so that they don't run the same items.
fn difference(one: &Run, other: &Run) -> Option<&'static str> {
    let (a, b) = (&one.settings, &other.settings);
    let differences = [
        ("workloads", a.workload != b.workload),
        ("parameters", a.params != b.params),
        ("seeds", a.seed != b.seed),
        ("numbers of items", one.ended() && other.ended() && one.items != other.items),
    ];
    differences.into_iter().find(|(_, differ)| *differ).map(|(what, _)| what)
}

/// A column a run; what differs from the first stands beside it, and if they are to be `judged`, whether it is better.
fn figures(ui: &mut Ui, shown: &[Shown<'_>], judged: bool) {
    let palette = theme::palette(ui);
    let runs: Vec<&Run> = shown.iter().map(Shown::looked_at).collect();
    // Each run has as much for its name as there is room for.
    // The first stands beside no other.
    let count = runs.len() as f32;
    let rest = ui.available_width() - FIGURE_NAMES - RATIO * (count - 1.0);
    let each = (rest / count - 18.0).clamp(NARROWEST_NAME, NAME);
    let has_queues = runs.iter().all(|run| run.settings.executor != ExecutorKind::Sequential);
    Grid::new("compared").num_columns(2 * runs.len()).spacing([10.0, 3.0]).min_row_height(17.0).striped(true).show(
        ui,
        |ui| {
            ui.label("");
            for (index, shown) in shown.iter().enumerate() {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    theme::swatch(ui, palette.runs[shown.color]);
                    let size = vec2(each, ui.available_height());
                    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                        let name = RichText::new(shown.name).family(theme::strong());
                        ui.add(Label::new(name).truncate()).on_hover_text(shown.name);
                    });
                });
                if index > 0 {
                    ui.label(RichText::new("÷ first").size(11.0).color(palette.dim));
                }
            }
            ui.end_row();
            for (name, figure, format, less_is_better, help) in FIGURES {
                // Where there is no queue, nothing waits in one.
                let judged = judged && (has_queues || name != WAIT);
                ui.label(RichText::new(name).size(11.5).color(palette.dim)).on_hover_text(help);
                let first = figure(runs[0]);
                for (index, run) in runs.iter().enumerate() {
                    let value = figure(run);
                    let text = if value.is_nan() { "–".to_owned() } else { format(value) };
                    let label = ui.label(RichText::new(&text).monospace().size(11.5));
                    let of = shown[index].name;
                    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} of {of}: {text}")));
                    if index > 0 {
                        let (text, color) = told(value / first, less_is_better.filter(|_| judged), palette);
                        let label = ui.label(RichText::new(&text).monospace().size(11.5).color(color));
                        let told = if text.is_empty() { "as the first" } else { &text };
                        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} of {of}: {told}")));
                    }
                }
                ui.end_row();
            }
        },
    );
}

fn in_times(ratio: f64) -> String {
    if ratio < 99.5 { format!("{ratio:.2} ×") } else { format!("{} ×", format::count(ratio.round() as usize)) }
}

/// How a figure compares to that of the first run, and whether that is better, if somebody is to judge; nothing if they are alike.
fn told(ratio: f64, less_is_better: Option<bool>, palette: &Palette) -> (String, Color32) {
    let differs = |by: f64| ratio.is_finite() && (ratio - 1.0).abs() >= by;
    let times = format!("× {}", in_times(ratio).trim_end_matches(" ×"));
    match less_is_better {
        _ if !differs(0.005) => (String::new(), palette.text),
        Some(less) if differs(0.05) && (ratio < 1.0) == less => {
            let gain = if less { 1.0 / ratio } else { ratio };
            (format!("{} better", in_times(gain)), palette.computing)
        }
        Some(less) if differs(0.05) => {
            let factor = if less { ratio } else { 1.0 / ratio };
            (format!("{} worse", in_times(factor)), palette.error)
        }
        _ => (times, palette.text),
    }
}
