//! The runs that can be looked at again, and the list of them in the left panel: named, coloured, ordered, compared, deleted.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{
    Align, Align2, Button, Checkbox, Color32, FontId, Id, Key, Layout, Pos2, RichText, Role, Sense, TextEdit, Ui,
    WidgetInfo, vec2,
};

use super::action::Action;
use super::files::FileKind;
use super::{format, theme};
use crate::lab::{End, Run, Status};

/// Ended runs that can be looked at again. Each holds its whole trace.
const RUNS_KEPT: usize = 24;
/// All of them together have no more calls than this, some hundred bytes each.
const CALLS_KEPT: usize = 4_000_000;

/// How high a row of the list is.
const ROW: f32 = 38.0;

/// See the module. It lasts as long as the window.
#[derive(Default)]
pub(super) struct Runs {
    /// Newest last, unless somebody moved one.
    kept: Vec<Kept>,
    /// How many were given out.
    colors: usize,
    /// Which one is being renamed.
    renaming: Option<usize>,
}

struct Kept {
    run: Arc<Run>,
    /// Empty = it is called by what it was.
    name: String,
    color: usize,
    compared: bool,
}

impl Runs {
    /// Keeps a run that has ended, and lets go of the oldest if there are too many.
    pub(super) fn keep(&mut self, run: Arc<Run>) {
        let color = self.colors;
        self.colors += 1;
        self.kept.push(Kept { run, name: String::new(), color, compared: false });
        let calls = |kept: &Kept| kept.run.trace.call_count();
        while self.kept.len() > 1
            && (self.kept.len() > RUNS_KEPT || self.kept.iter().map(calls).sum::<usize>() > CALLS_KEPT)
        {
            // What somebody named, or compares, goes last.
            let others = &self.kept[..self.kept.len() - 1];
            let oldest = others.iter().position(|kept| kept.name.is_empty() && !kept.compared).unwrap_or(0);
            self.kept.remove(oldest);
        }
    }

    pub(super) fn find(&self, number: usize) -> Option<&Arc<Run>> {
        self.kept.iter().map(|kept| &kept.run).find(|run| run.number == number)
    }

    /// Those that are compared, in the order of the list, with their names.
    pub(super) fn compared(&self) -> Vec<(String, Arc<Run>)> {
        let those = self.kept.iter().rev().filter(|kept| kept.compared);
        those.map(|kept| (kept.title(), Arc::clone(&kept.run))).collect()
    }

    /// Compares these runs, and no others.
    pub(super) fn compare_only(&mut self, numbers: &[usize]) {
        for kept in &mut self.kept {
            kept.compared = numbers.contains(&kept.run.number);
        }
    }

    pub(super) fn toggle_compared(&mut self, number: usize) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.run.number == number) {
            kept.compared = !kept.compared;
        }
    }

    /// Moves it so many places up the list, or down.
    pub(super) fn move_up(&mut self, number: usize, places: isize) {
        let Some(from) = self.kept.iter().position(|kept| kept.run.number == number) else { return };
        let to = from.saturating_add_signed(places).min(self.kept.len() - 1);
        let kept = self.kept.remove(from);
        self.kept.insert(to, kept);
    }

    pub(super) fn delete(&mut self, number: usize) {
        self.kept.retain(|kept| kept.run.number != number);
    }

    /// The number of the one that stands first in the list.
    pub(super) fn newest(&self) -> Option<usize> {
        self.kept.last().map(|kept| kept.run.number)
    }

    pub(super) fn rename(&mut self, number: usize) {
        self.renaming = Some(number);
    }

    pub(super) fn recolor(&mut self, number: usize) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.run.number == number) {
            kept.color += 1;
        }
    }

    /// Draws the list, newest first; `live` go on, `shown` are looked at.
    pub(super) fn show(&mut self, ui: &mut Ui, live: &[Arc<Run>], shown: &[usize], actions: &mut Vec<Action>) {
        theme::heading(ui, "RUNS");
        let palette = theme::palette(ui);
        if self.kept.is_empty() && live.is_empty() {
            ui.label(RichText::new("Nothing has run yet.").size(11.5).color(palette.dim));
        }
        for run in live {
            let color = palette.of_run(self.colors);
            row(ui, run, &title(run), color, shown.contains(&run.number), None, actions);
        }
        let mut ended_renaming = false;
        for kept in self.kept.iter_mut().rev() {
            let number = kept.run.number;
            if self.renaming == Some(number) {
                let field = TextEdit::singleline(&mut kept.name).id(Id::unique("run name")).hint_text(title(&kept.run));
                let field = ui.add(field.desired_width(f32::INFINITY));
                field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "name of the run"));
                if !field.has_focus() && !field.lost_focus() {
                    field.request_focus();
                }
                ended_renaming |= field.lost_focus() || ui.input(|input| input.key_pressed(Key::Enter));
                continue;
            }
            let (name, color) = (kept.title(), palette.of_run(kept.color));
            row(ui, &kept.run, &name, color, shown.contains(&number), Some(kept.compared), actions);
        }
        if ended_renaming {
            self.renaming = None;
        }
        let compared = self.kept.iter().filter(|kept| kept.compared).count();
        if compared >= 2 {
            ui.horizontal_wrapped(|ui| {
                let help = "On one time axis, with the differences between them";
                if ui.button(format!("Compare {compared}")).on_hover_text(help).clicked() {
                    actions.push(Action::Compare);
                }
                let help = "The same settings and seed again: one run after the other, then compared";
                if ui.button("Run again").on_hover_text(help).clicked() {
                    actions.push(Action::RunAgain { together: false });
                }
                let help = "The first two of them again, started together: they share the cores";
                if ui.button("… together").on_hover_text(help).clicked() {
                    actions.push(Action::RunAgain { together: true });
                }
            });
        } else if self.kept.len() >= 2 {
            ui.label(RichText::new("Tick two or more to compare them.").size(11.0).color(palette.dim));
        }
    }
}

impl Kept {
    fn title(&self) -> String {
        if self.name.trim().is_empty() { title(&self.run) } else { self.name.trim().to_owned() }
    }
}

/// What a run is called if nobody gave it a name.
pub(super) fn title(run: &Run) -> String {
    let settings = &run.settings;
    // Runs from files have numbers that nobody wants to see.
    let number = if run.number < usize::MAX / 2 { format!("{}. ", run.number) } else { String::new() };
    let shape = format!("{} × {}", settings.workers, settings.chunksize);
    format!("{number}{} · {} {shape}", settings.workload, settings.executor)
}

fn row(
    ui: &mut Ui,
    run: &Run,
    name: &str,
    color: Color32,
    chosen: bool,
    compared: Option<bool>,
    actions: &mut Vec<Action>,
) {
    let time = match &run.status {
        Status::Ended(End::Failed(_)) => "not started".to_owned(),
        Status::Ended(_) => format::duration(run.elapsed()),
        _ => "live".to_owned(),
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (bar, _) = ui.allocate_exact_size(vec2(4.0, ROW - 8.0), Sense::hover());
        ui.painter().rect_filled(bar, 2.0, color);
        if let Some(compared) = compared {
            let mut ticked = compared;
            let tick = ui.add(Checkbox::without_text(&mut ticked)).on_hover_text("Compare it with others");
            tick.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, ticked, format!("compare {name}")));
            if tick.clicked() {
                actions.push(Action::ToggleCompared(run.number));
            }
        }
        // From the right, so that the name takes what the rest leaves.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if compared.is_some() {
                let menu = ui.menu_button("▾", |ui| menu(ui, run, actions)).response;
                menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("more for {name}")));
            }
            let size = vec2(ui.available_width(), ROW);
            let button = Button::selectable(chosen, "").min_size(size);
            let response = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| ui.add(button));
            let response = response.inner;
            let label = format!("{name} {time}");
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &label));
            // What tells runs apart stands on its own line, where a long name can't push it away.
            let title = title(run);
            let (short, settings) = title.split_once(" · ").unwrap_or((&title, ""));
            let (first, second) = if name == title { (short, settings) } else { (name, title.as_str()) };
            let palette = theme::palette(ui);
            let inner = response.rect.shrink2(vec2(8.0, 4.0));
            let end = inner.right_bottom();
            let time = ui.painter().text(end, Align2::RIGHT_BOTTOM, time, theme::small(), palette.dim);
            line(ui, inner.left_top(), inner.width(), first, FontId::proportional(12.0), palette.text);
            let below = inner.left_bottom() - vec2(0.0, time.height());
            line(ui, below, time.left() - 8.0 - inner.left(), second, theme::small(), palette.dim);
            let help = format!("{name}\n{}, seed {}", format::status_word(run), run.settings.seed);
            if response.on_hover_text(help).clicked() {
                actions.push(Action::ShowRun(run.number));
            }
        });
    });
}

/// A line of text that ends with `…` where there is no room for more.
fn line(ui: &Ui, at: Pos2, width: f32, text: &str, font: FontId, color: Color32) {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(width);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    ui.painter().galley(at, galley, color);
}

fn menu(ui: &mut Ui, run: &Run, actions: &mut Vec<Action>) {
    let number = run.number;
    for (text, action) in [
        ("Rename", Action::RenameRun(number)),
        ("Another colour", Action::RecolorRun(number)),
        ("Move up", Action::MoveRun(number, 1)),
        ("Move down", Action::MoveRun(number, -1)),
        ("Put its settings in the form", Action::TakeOver(Box::new(run.settings.clone()))),
        ("Save …", Action::File(FileKind::SaveRun)),
        ("Delete", Action::DeleteRun(number)),
    ] {
        if ui.button(text).clicked() {
            if matches!(action, Action::File(_)) {
                actions.push(Action::ShowRun(number));
            }
            actions.push(action);
            ui.close();
        }
    }
}
