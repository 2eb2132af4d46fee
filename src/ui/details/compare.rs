//! Runs beside each other: their figures, and where the same items took how long.

use std::cmp::Reverse;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::{Align, Color32, Grid, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::lab::Run;
use crate::trace::{Histogram, Lane};
use crate::ui::action::Action;
use crate::ui::chart::{Selection, Shown};
use crate::ui::{format, theme};

/// What was found out last; it lasts as long as the window.
#[derive(Default)]
pub(super) struct Compare {
    differences: Option<Differences>,
    on_its_way: Option<Receiver<Differences>>,
    asked_at: Option<Instant>,
}

/// The names of runs take no more than this.
const NAME: f32 = 190.0;

/// Runs that go on are compared so often, at most.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long the same items ran in two runs, those that differ most first.
struct Differences {
    /// The numbers of the runs, and how many items had finished.
    of: [(usize, usize); 2],
    items: Vec<Difference>,
}

#[derive(Clone, Copy)]
struct Difference {
    item: u32,
    calls: [u32; 2],
    ran: [i64; 2],
}

/// A figure of a run, which is no number if there is none yet, and whether less of it is better; `None` = neither is.
type Figure = (&'static str, fn(&Run) -> f64, fn(f64) -> String, Option<bool>);

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

const FIGURES: [Figure; 12] = [
    ("makespan", |run| run.working_time() as f64, nanos, Some(true)),
    (
        "items a second",
        |run| match run.trace.counts().items.finished {
            0 => f64::NAN,
            finished => finished as f64 / (run.working_time() as f64 / 1e9).max(1e-9),
        },
        format::rate,
        Some(false),
    ),
    ("returned", |run| run.totals().returned as f64, whole, None),
    ("failed", |run| run.totals().failed() as f64, whole, Some(true)),
    ("cancelled", |run| run.totals().cancelled as f64, whole, None),
    ("calls", |run| run.trace.call_count() as f64, whole, None),
    ("workers busy", |run| busy(run) / lived(run).max(1.0), percent, Some(false)),
    ("busy, all together", busy, nanos, None),
    ("of that computing", computing, nanos, None),
    ("run time, median", |run| quantile(run.trace.run_times(), 50), nanos, Some(true)),
    ("run time, 95 % at most", |run| quantile(run.trace.run_times(), 95), nanos, Some(true)),
    ("wait, median", |run| quantile(run.trace.queue_waits(), 50), nanos, Some(true)),
];

fn quantile(times: &Histogram, percent: u64) -> f64 {
    if times.total() == 0 { f64::NAN } else { times.quantile(percent) as f64 }
}

fn busy(run: &Run) -> f64 {
    run.trace.lanes().iter().map(|lane| lane.busy_until(run.elapsed()) as f64).sum()
}

fn lived(run: &Run) -> f64 {
    run.trace.lanes().iter().map(|lane| run.lived(lane, 0, run.elapsed()) as f64).sum()
}

/// Of the time that workers were busy, what they computed, on a core.
fn computing(run: &Run) -> f64 {
    let until = run.elapsed();
    let away = |lane: &Lane| lane.away_until(until).iter().sum::<i64>() + lane.off_core_until(until);
    run.trace.lanes().iter().map(|lane| (lane.busy_until(until) - away(lane)).max(0) as f64).sum()
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
                ui.label(RichText::new("Tick two or more runs in the list on the left.").color(dim));
            } else if ui.button(format!("Compare the {ticked} runs that are ticked")).clicked() {
                actions.push(Action::Compare);
            }
            return;
        }
        let different = shown.windows(2).find_map(|pair| difference(pair[0].run, pair[1].run));
        let alike = different.is_none();
        if alike {
            self.look(ui, shown[0].looked_at(), shown[1].looked_at());
        }
        ui.horizontal_top(|ui| {
            ScrollArea::both().id_salt("figures").max_width(ui.available_width() * 0.58).auto_shrink(false).show(
                ui,
                |ui| {
                    figures(ui, shown, alike);
                },
            );
            ui.vertical(|ui| {
                let Some(what) = different else { return self.items(ui, shown, actions) };
                let text = format!(
                    "These runs have different {what}: none is better for its figures, and their items are not the same."
                );
                ui.add(Label::new(RichText::new(text).color(dim)).wrap());
            });
        });
    }

    /// Sees to it that the differences are known.
    fn look(&mut self, ui: &Ui, one: &Run, other: &Run) {
        match self.on_its_way.as_ref().map(Receiver::try_recv) {
            Some(Ok(found)) => (self.differences, self.on_its_way) = (Some(found), None),
            // It broke off; it is tried again.
            Some(Err(TryRecvError::Disconnected)) => self.on_its_way = None,
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        let of = [one, other].map(|run| (run.number, run.trace.counts().items.finished));
        let same = |found: &Differences| found.of == of;
        let too_early = self.asked_at.is_some_and(|asked| asked.elapsed() < INTERVAL);
        if self.on_its_way.is_some() || self.differences.as_ref().is_some_and(same) {
            return;
        }
        if too_early {
            return ui.ctx().request_repaint_after(INTERVAL);
        }
        self.asked_at = Some(Instant::now());
        let (sender, receiver) = bounded(1);
        let (context, runs) = (ui.ctx().clone(), [one.clone(), other.clone()]);
        let looking = move || {
            let _ = sender.send(Differences { of, items: differences(&runs) });
            context.request_repaint();
        };
        // No thread: what was known before stays.
        if thread::Builder::new().name("differences".to_owned()).spawn(looking).is_ok() {
            self.on_its_way = Some(receiver);
        }
    }

    fn items(&self, ui: &mut Ui, shown: &[Shown<'_>], actions: &mut Vec<Action>) {
        let palette = theme::palette(ui);
        let numbers = [shown[0].run.number, shown[1].run.number];
        let of_these = |found: &&Differences| found.of.map(|(number, _)| number) == numbers;
        let Some(found) = self.differences.as_ref().filter(of_these) else {
            ui.label(RichText::new("Comparing the items …").color(palette.dim));
            return;
        };
        let text = format!("{} items ran in both; those that differ most first", format::count(found.items.len()));
        ui.label(RichText::new(text).size(11.5).color(palette.dim));
        let height = 18.0;
        ui.spacing_mut().interact_size.y = 0.0;
        let list = ScrollArea::both().id_salt("items").auto_shrink(false);
        list.show_rows(ui, height, found.items.len(), |ui, rows| {
            for Difference { item, calls, ran: [one, other] } in &found.items[rows] {
                ui.horizontal(|ui| {
                    let link = ui.link(RichText::new(format!("item {item:<7}")).monospace().size(11.5));
                    if link.on_hover_text("Look at it in the second run").clicked() {
                        let run = shown[1].run.number;
                        actions.push(Action::Select(Some(Selection::Item { run, call: calls[1], item: *item })));
                    }
                    let sign = if other < one { "−" } else { "+" };
                    let difference = format::duration((other - one).abs());
                    let text = format!(
                        "{:>9} → {:>9}   {sign}{difference}   × {:.2}",
                        format::duration(*one),
                        format::duration(*other),
                        *other as f64 / (*one).max(1) as f64
                    );
                    ui.label(RichText::new(text).monospace().size(11.5));
                });
            }
        });
    }
}

fn differences(runs: &[Run; 2]) -> Vec<Difference> {
    let [one, other] = [runs[0].tasks(), runs[1].tasks()];
    let ran = |task: &crate::lab::Task| Some((task.item, task.call, task.ran()?));
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

/// A column a run; what differs from the first stands beside it, and if they are `alike`, whether it is better.
fn figures(ui: &mut Ui, shown: &[Shown<'_>], alike: bool) {
    let palette = theme::palette(ui);
    let runs: Vec<&Run> = shown.iter().map(Shown::looked_at).collect();
    Grid::new("compared").num_columns(runs.len() + 1).spacing([22.0, 3.0]).min_row_height(17.0).striped(true).show(
        ui,
        |ui| {
            ui.label("");
            for shown in shown {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    theme::swatch(ui, palette.runs[shown.color]);
                    let size = vec2(NAME, ui.available_height());
                    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                        let name = RichText::new(shown.name).family(theme::strong());
                        ui.add(Label::new(name).truncate()).on_hover_text(shown.name);
                    });
                });
            }
            ui.end_row();
            for (name, figure, format, less_is_better) in FIGURES {
                ui.label(RichText::new(name).color(palette.dim));
                let first = figure(runs[0]);
                for (index, run) in runs.iter().enumerate() {
                    let value = figure(run);
                    let ratio = value / first;
                    let format = |value: f64| if value.is_nan() { "–".to_owned() } else { format(value) };
                    let text = if index > 0 && ratio.is_finite() && (ratio - 1.0).abs() >= 0.005 {
                        format!("{}   × {ratio:.2}", format(value))
                    } else {
                        format(value)
                    };
                    let color: Color32 = match less_is_better {
                        Some(less) if alike && index > 0 && ratio.is_finite() && (ratio - 1.0).abs() >= 0.05 => {
                            if (ratio < 1.0) == less {
                                palette.computing
                            } else {
                                palette.error
                            }
                        }
                        _ => palette.text,
                    };
                    ui.label(RichText::new(text).monospace().size(11.5).color(color));
                }
                ui.end_row();
            }
        },
    );
}
