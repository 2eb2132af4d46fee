//! The runs that go on or can be looked at again, and the list of them in the left panel: named, coloured, ordered, compared, deleted.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use eframe::egui::{
    Align, Align2, Button, Checkbox, Color32, Context, FontId, Id, Key, Label, Layout, Pos2, Response, RichText, Role,
    Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::action::Action;
use super::app::RunQueue;
use super::chart::Shown;
use super::commands;
use super::files::FileKind;
use super::focus;
use super::format;
use super::readers;
use super::theme::{self, Palette};
use crate::executor::GilMode;
use crate::lab::{End, Run, RunSettings, Status};
use crate::sys;

/// Ended runs that can be looked at again. Each holds its whole trace.
const RUNS_KEPT: usize = 24;
/// All of them together have no more calls than this, some hundred bytes each.
const CALLS_KEPT: usize = 4_000_000;

/// Runs from files have numbers from here on.
pub(super) const FROM_FILES: usize = usize::MAX / 2;

/// How high a row of the list is.
const ROW: f32 = 38.0;

/// See the module. It lasts as long as the window.
#[derive(Default)]
pub(super) struct Runs {
    /// Newest last, unless somebody moved one.
    listed: Vec<Listed>,
    /// Which one is being renamed.
    renaming: Option<usize>,
    /// To whose row the keyboard goes, as what had it is gone: a field for its name, or the row of one that was deleted.
    takes_keyboard: Option<usize>,
    /// The one that was deleted last, until another run begins or [`CAN_COME_BACK`] is over: then its memory is given back.
    deleted: Option<Deleted>,
    /// How many were let go as others came.
    gone: usize,
}

/// How long a deletion can be taken back.
const CAN_COME_BACK: Duration = Duration::from_secs(30);

struct Deleted {
    listed: Listed,
    /// Where it was in the list.
    place: usize,
    at: Instant,
}

/// Forgets a run elsewhere, as freeing one of a million items takes a moment, and gives its memory back to the system.
fn free(listed: Listed) {
    let freed = thread::Builder::new().name("memory".to_owned()).spawn(move || {
        drop(listed);
        sys::give_back_memory();
    });
    // Without a thread it was dropped right here.
    drop(freed);
}

struct Listed {
    run: Arc<Run>,
    /// Empty = it is called as it is where it came from, a file or a lesson, or by what it was.
    name: String,
    given: Option<String>,
    /// Which of the colours of [`Palette::runs`].
    color: usize,
    compared: bool,
    saved: bool,
}

/// A run that is looked at, and what tells it from the others that are.
#[derive(Clone)]
pub(super) struct LookedAt {
    pub(super) run: Arc<Run>,
    pub(super) name: String,
    pub(super) color: usize,
}

impl LookedAt {
    /// As it is now, for the chart.
    pub(super) fn shown(&self) -> Shown<'_> {
        Shown { run: &self.run, name: &self.name, color: self.color, in_focus: false, past: None }
    }
}

impl Runs {
    /// Takes in how far a run is: one that has begun, goes on, or is over. Returns whether it is new.
    pub(super) fn keep(&mut self, run: Arc<Run>) -> bool {
        let number = run.number;
        let ended = run.ended();
        let is_new = match self.listed.iter_mut().find(|listed| listed.run.number == number) {
            // Nothing comes after the end.
            Some(listed) if listed.run.ended() => return false,
            Some(listed) => {
                listed.run = run;
                false
            }
            None => {
                self.let_deleted_go();
                let color = self.free_color();
                let saved = is_from_file(&run);
                self.listed.push(Listed { run, name: String::new(), given: None, color, compared: false, saved });
                true
            }
        };
        if is_new || ended {
            self.let_go(number);
        }
        is_new
    }

    /// The colour that the fewest runs have.
    fn free_color(&self) -> usize {
        let having = |color: &usize| self.listed.iter().filter(|listed| listed.color == *color).count();
        (0..theme::RUN_COLORS).min_by_key(having).unwrap_or_default()
    }

    /// Forgets the oldest of those that are over, but not number `newest`, as long as there are too many.
    fn let_go(&mut self, newest: usize) {
        let calls = |listed: &Listed| listed.run.trace.call_count();
        let all = |runs: &Self| {
            let deleted = runs.deleted.iter().map(|deleted| &deleted.listed);
            runs.listed.iter().chain(deleted).map(calls).sum::<usize>()
        };
        while self.listed.len() > RUNS_KEPT || all(self) > CALLS_KEPT {
            if self.let_deleted_go() {
                continue;
            }
            let may_go = |listed: &&Listed| listed.run.ended() && listed.run.number != newest;
            // What somebody named, or compares, goes last.
            let plain = |listed: &&Listed| may_go(listed) && listed.name.is_empty() && !listed.compared;
            let oldest = self.listed.iter().find(plain).or_else(|| self.listed.iter().find(may_go));
            let Some(number) = oldest.map(|listed| listed.run.number) else { return };
            self.listed.retain(|listed| listed.run.number != number);
            self.gone += 1;
        }
    }

    pub(super) fn find(&self, number: usize) -> Option<&Arc<Run>> {
        self.listed.iter().map(|listed| &listed.run).find(|run| run.number == number)
    }

    /// That run, as it is called and coloured in the list.
    pub(super) fn look_at(&self, run: Arc<Run>) -> LookedAt {
        let listed = self.listed.iter().find(|listed| listed.run.number == run.number);
        let (name, color) = listed.map_or_else(|| (title(&run), 0), |listed| (listed.title(), listed.color));
        LookedAt { run, name, color }
    }

    /// Lets go what was deleted long ago.
    fn forget_deleted(&mut self, context: &Context) {
        let Some(deleted) = &self.deleted else { return };
        match CAN_COME_BACK.checked_sub(deleted.at.elapsed()) {
            Some(left) => context.request_repaint_after(left),
            None => _ = self.let_deleted_go(),
        }
    }

    /// It can't come back any more. Returns whether there was one.
    fn let_deleted_go(&mut self) -> bool {
        self.deleted.take().map(|deleted| free(deleted.listed)).is_some()
    }

    /// Whether one was deleted that can come back.
    pub(super) const fn can_restore(&self) -> bool {
        self.deleted.is_some()
    }

    /// How many are ticked.
    pub(super) fn ticked(&self) -> usize {
        self.listed.iter().filter(|listed| listed.compared).count()
    }

    /// Those that are ticked, in the order of the list.
    pub(super) fn compared(&self) -> Vec<LookedAt> {
        let those = self.listed.iter().rev().filter(|listed| listed.compared);
        those.map(|listed| self.look_at(Arc::clone(&listed.run))).collect()
    }

    /// It was written to a file.
    pub(super) fn is_saved(&mut self, number: usize) {
        self.change(number, |listed| listed.saved = true);
    }

    /// How many are over and would be lost with the window.
    pub(super) fn unsaved(&self) -> usize {
        self.listed.iter().filter(|listed| !listed.saved && listed.run.can_be_saved()).count()
    }

    /// Ticks no run any more.
    pub(super) fn compare_none(&mut self) {
        self.listed.iter_mut().for_each(|listed| listed.compared = false);
    }

    pub(super) fn toggle_compared(&mut self, number: usize) {
        self.change(number, |listed| listed.compared = !listed.compared);
    }

    /// Moves it so many places up the list, or down.
    pub(super) fn move_up(&mut self, number: usize, places: isize) {
        let Some(from) = self.listed.iter().position(|listed| listed.run.number == number) else { return };
        let to = from.saturating_add_signed(places).min(self.listed.len() - 1);
        let listed = self.listed.remove(from);
        self.listed.insert(to, listed);
    }

    /// Takes it off the list, from where it can come back.
    pub(super) fn delete(&mut self, number: usize) {
        if let Some(place) = self.listed.iter().position(|listed| listed.run.number == number && listed.run.ended()) {
            self.let_deleted_go();
            self.deleted = Some(Deleted { listed: self.listed.remove(place), place, at: Instant::now() });
            let neighbour = self.listed.get(place).or(self.listed.last());
            self.takes_keyboard = neighbour.map(|listed| listed.run.number);
        }
    }

    /// Brings back the one that was deleted last, if it can be. Returns its number.
    pub(super) fn restore(&mut self) -> Option<usize> {
        let Deleted { place, listed, .. } = self.deleted.take()?;
        let number = listed.run.number;
        self.listed.insert(place.min(self.listed.len()), listed);
        self.takes_keyboard = Some(number);
        Some(number)
    }

    /// The number of the one that stands first in the list.
    pub(super) fn newest(&self) -> Option<usize> {
        self.listed.last().map(|listed| listed.run.number)
    }

    /// Asks for a name.
    pub(super) fn rename(&mut self, number: usize) {
        self.renaming = Some(number);
    }

    /// Where it came from, a file or a lesson, it is called so.
    pub(super) fn is_called(&mut self, number: usize, name: &str) {
        self.change(number, |listed| {
            if listed.given.is_none() {
                listed.given = Some(name.to_owned());
            }
        });
    }

    pub(super) fn recolor(&mut self, number: usize) {
        let Some(now) = self.listed.iter().find(|listed| listed.run.number == number).map(|listed| listed.color) else {
            return;
        };
        // The next, but of those that the fewest others have.
        let others = |color: &usize| {
            self.listed.iter().filter(|listed| listed.run.number != number && listed.color == *color).count()
        };
        let next = (1..theme::RUN_COLORS).map(|step| (now + step) % theme::RUN_COLORS).min_by_key(others);
        self.change(number, |listed| listed.color = next.unwrap_or(now));
    }

    fn change(&mut self, number: usize, change: impl FnOnce(&mut Listed)) {
        if let Some(listed) = self.listed.iter_mut().find(|listed| listed.run.number == number) {
            change(listed);
        }
    }

    /// The list is not drawn in this frame.
    pub(super) const fn are_hidden(&mut self) {
        self.takes_keyboard = None;
    }

    /// Draws the list, newest first; `shown` are looked at, and `queue` has not begun.
    pub(super) fn show(&mut self, ui: &mut Ui, shown: &[usize], queue: &RunQueue, actions: &mut Vec<Action>) {
        self.forget_deleted(ui.ctx());
        theme::heading(ui, "RUNS");
        queued(ui, queue, actions);
        self.above_the_list(ui, actions);
        let palette = theme::palette(ui);
        let (mut ended_renaming, takes_keyboard) = (false, self.takes_keyboard.take());
        let count = self.listed.len();
        for (place, listed) in self.listed.iter_mut().rev().enumerate() {
            let number = listed.run.number;
            if self.renaming == Some(number) {
                let hint = listed.given.clone().unwrap_or_else(|| title(&listed.run));
                let field = TextEdit::singleline(&mut listed.name).id(Id::unique("run name"));
                let field = ui.add(field.hint_text(hint).desired_width(f32::INFINITY));
                field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "name of the run"));
                if !field.has_focus() && !field.lost_focus() {
                    field.request_focus();
                }
                ended_renaming |= field.lost_focus() || ui.input(|input| input.key_pressed(Key::Enter));
                continue;
            }
            let ends = [place == 0, place + 1 == count];
            // An open menu and the keyboard stay with their run when another one comes above it.
            ui.scope_builder(UiBuilder::new().scope_id(Id::unique(("run", number))), |ui| {
                let row = row(ui, palette, listed, shown.contains(&number), ends, actions);
                let free = ui.memory(|memory| memory.focused().is_none()) && focus::keys_are_used(ui.ctx());
                if takes_keyboard == Some(number) && free {
                    row.request_focus();
                }
            });
        }
        if ended_renaming {
            self.takes_keyboard = self.renaming.take();
        }
        if self.gone > 0 {
            let text = format!("{} older runs were removed to free memory", format::count(self.gone));
            let help = "The newest runs are kept, those with a name or a tick longest; saved ones can be opened again";
            ui.label(RichText::new(text).size(11.5).color(palette.dim)).on_hover_text(help);
        }
    }

    /// What can be done with those that are ticked, or why nothing can; and the way back from a deletion.
    fn above_the_list(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let palette = theme::palette(ui);
        let note = |ui: &mut Ui, text: &str| ui.label(RichText::new(text).size(11.5).color(palette.dim));
        if let Some(Deleted { listed, .. }) = &self.deleted {
            ui.horizontal(|ui| {
                if ui
                    .button("Undo")
                    .on_hover_text(format!("Bring it back ({})", commands::key_of(&Action::RestoreRun)))
                    .clicked()
                {
                    actions.push(Action::RestoreRun);
                }
                let text = RichText::new(format!("deleted: {}", listed.title())).size(11.5).color(palette.dim);
                readers::live(&ui.add(Label::new(text).truncate()));
            });
        }
        let compared: Vec<_> = self.listed.iter().filter(|listed| listed.compared).collect();
        if compared.len() < 2 {
            match self.listed.len() {
                0 => _ = note(ui, "Nothing has run yet."),
                1 => {}
                // As high as the buttons that come instead: what is ticked must not move.
                _ => _ = ui.horizontal(|ui| note(ui, "Tick two or more to compare them.")),
            }
            return;
        }
        let over = compared.iter().all(|listed| listed.run.ended());
        ui.horizontal_wrapped(|ui| {
            let help = "On one time axis, with the differences between them";
            if ui.button(format!("Compare {}", compared.len())).on_hover_text(help).clicked() {
                actions.push(Action::Compare);
            }
            let menu = ui.add_enabled_ui(over, |ui| {
                ui.menu_button("Run again ▾", |ui| {
                    let help = "The same settings and seed again, one run after the other, then compared";
                    let entry = focus::menu_entry(ui, true, Button::new("One after the other"));
                    if entry.on_hover_text(help).clicked() {
                        actions.push(Action::RunAgain { together: false });
                        ui.close();
                    }
                    let help = "The first two of them again, started at the same time: they share the cores";
                    let entry = focus::menu_entry(ui, true, Button::new("Two at the same time"));
                    if entry.on_hover_text(help).clicked() {
                        actions.push(Action::RunAgain { together: true });
                        ui.close();
                    }
                })
            });
            menu.inner.response.on_disabled_hover_text("One of them still goes on");
        });
    }
}

impl Listed {
    fn title(&self) -> String {
        match (self.name.trim(), &self.given) {
            ("", Some(given)) => given.clone(),
            ("", None) => title(&self.run),
            (name, _) => name.to_owned(),
        }
    }
}

/// Whether it was opened, so that its number is none that anybody wants to see.
pub(super) fn is_from_file(run: &Run) -> bool {
    run.number >= FROM_FILES
}

/// What a run is called if nobody gave it a name: by what it began with.
pub(super) fn title(run: &Run) -> String {
    let number = if is_from_file(run) { String::new() } else { format!("{}. ", run.number) };
    let shape = format!("{} × {}", run.began_with.workers, run.began_with.chunksize);
    let gil = match run.settings.gil {
        GilMode::Off => "",
        GilMode::Shared => ", GIL",
        GilMode::PerWorker => ", own GILs",
    };
    format!("{number}{} · {}{gil} {shape}", run.settings.workload, run.settings.executor)
}

/// What a run came to, in as few words as there can be, and whether something is wrong with it.
fn came_to(run: &Run) -> (String, bool) {
    let Status::Ended(end) = &run.status else { return ("live".to_owned(), false) };
    let time = format::duration(run.working_time());
    match (end, run.totals().failed()) {
        (End::Failed(_), _) => (format::status_word(run).to_lowercase(), true),
        (End::Completed, 0) => (time, false),
        // Beside it, the settings that tell runs apart need the room.
        (End::Completed, failed) if !format::is_broken(run) => (format!("{} failed", format::count(failed)), true),
        (end, failed) => {
            let trouble = failed > 0 || *end != End::Stopped;
            (format!("{} · {time}", format::status_word(run).to_lowercase()), trouble)
        }
    }
}

/// What is to run next, each with a way to take it back.
fn queued(ui: &mut Ui, queue: &RunQueue, actions: &mut Vec<Action>) {
    let dim = theme::palette(ui).dim;
    for (place, queued) in queue.iter().enumerate() {
        let settings = &queued.settings.settings;
        let name = format!("{} · {}", settings.workload, shape(settings));
        ui.push_id(("queued", queued.id), |ui| {
            ui.horizontal(|ui| {
                let remove = ui.button("×").on_hover_text("Remove from the queue");
                remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove {name} from the queue")));
                if remove.clicked() {
                    actions.push(Action::Unqueue(queued.id));
                }
                let text = RichText::new(format!("queued {}: {name}", place + 1)).size(11.5).color(dim);
                ui.add(Label::new(text).truncate());
            });
        });
    }
}

/// `processes, 4 workers, chunksize 25`.
fn shape(settings: &RunSettings) -> String {
    let workers = format::some(settings.workers, "worker");
    format!("{}, {workers}, chunksize {}", settings.executor, settings.chunksize)
}

/// A run of the list; `ends` = whether it is the first, and whether it is the last.
fn row(
    ui: &mut Ui,
    palette: &Palette,
    listed: &Listed,
    chosen: bool,
    ends: [bool; 2],
    actions: &mut Vec<Action>,
) -> Response {
    let (run, name) = (&*listed.run, listed.title());
    let (result, trouble) = came_to(run);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (bar, _) = ui.allocate_exact_size(vec2(4.0, ROW - 8.0), Sense::hover());
        ui.painter().rect_filled(bar, 2.0, palette.runs[listed.color]);
        let mut ticked = listed.compared;
        let tick = theme::tickable(ui, |ui| ui.add(Checkbox::without_text(&mut ticked)));
        let tick = tick.on_hover_text("Compare it with others");
        tick.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, ticked, format!("compare {name}")));
        if tick.clicked() {
            actions.push(Action::ToggleCompared(run.number));
        }
        // From the right, so that the name takes what the rest leaves.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let more = ui.menu_button("▾", |ui| menu(ui, run, ends, actions)).response;
            more.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("more for {name}")));
            more.on_hover_text("Rename, colour, move, save, delete");
            let size = vec2(ui.available_width(), ROW);
            let button = Button::selectable(chosen, "").min_size(size);
            let response = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| ui.add(button));
            let response = response.inner;
            let label = format!("{name} {result}");
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &label));
            // What tells runs apart stands on its own line, where a long name can't push it away.
            let title = title(run);
            let (short, settings) = title.split_once(" · ").unwrap_or((&title, ""));
            let (first, second) = if name == title { (short, settings) } else { (name.as_str(), title.as_str()) };
            let inner = response.rect.shrink2(vec2(8.0, 4.0));
            let end = inner.right_bottom();
            let color = if trouble { palette.error } else { palette.dim };
            let result = ui.painter().text(end, Align2::RIGHT_BOTTOM, result, theme::small(), color);
            line(ui, inner.left_top(), inner.width(), first, FontId::proportional(12.0), palette.text);
            let below = inner.left_bottom() - vec2(0.0, result.height());
            line(ui, below, result.left() - 8.0 - inner.left(), second, theme::small(), palette.dim);
            let (begin, now) = (run.began_with, &run.settings);
            let help = format!(
                "{name}\n{}, workers {}, chunksize {}, seed {}",
                format::status_word(run),
                format::changed(begin.workers, now.workers),
                format::changed(begin.chunksize, now.chunksize),
                now.seed
            );
            let response = response.on_hover_text(help);
            response.context_menu(|ui| menu(ui, run, ends, actions));
            if response.clicked() {
                actions.push(Action::ShowRun(run.number));
            }
            response
        })
    })
    .inner
    .inner
}

/// A line of text that ends with `…` where there is no room for more.
fn line(ui: &Ui, at: Pos2, width: f32, text: &str, font: FontId, color: Color32) {
    ui.painter().galley(at, theme::one_line(ui, text, font, color, width), color);
}

fn menu(ui: &mut Ui, run: &Run, [first, last]: [bool; 2], actions: &mut Vec<Action>) {
    let number = run.number;
    for (text, enabled, action) in [
        ("Rename", true, Action::RenameRun(number)),
        ("Another colour", true, Action::RecolorRun(number)),
        ("Move up", !first, Action::MoveRun(number, 1)),
        ("Move down", !last, Action::MoveRun(number, -1)),
        ("Use these settings", true, Action::TakeOver(Box::new(run.settings_at_start()))),
        ("Run the failed items again", run.ended() && run.totals().failed() > 0, Action::RunFailed(number)),
        ("Save …", run.can_be_saved(), Action::File(FileKind::SaveRun)),
        ("Delete", run.ended(), Action::DeleteRun(number)),
    ] {
        if focus::menu_entry(ui, enabled, Button::new(text)).clicked() {
            if matches!(action, Action::File(_)) {
                actions.push(Action::ShowRun(number));
            }
            actions.push(action);
            ui.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn run(number: usize, status: Status) -> Arc<Run> {
        Arc::new(Run { status, ..Run::new(number, RunSettings::default(), 0) })
    }

    fn ended(number: usize) -> Arc<Run> {
        run(number, Status::Ended(End::Completed))
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let mut runs = Runs::default();
        assert!(runs.keep(run(1, Status::Running)));
        assert!(!runs.keep(ended(1)));
        assert!(!runs.keep(run(1, Status::Running)), "one that was published before its end, and seen after it");
        assert!(runs.find(1).unwrap().ended());
    }

    #[test]
    fn the_oldest_that_nobody_named_goes_first() {
        let mut runs = Runs::default();
        runs.keep(run(1, Status::Running));
        runs.keep(ended(2));
        runs.change(2, |listed| listed.name = "named".to_owned());
        (3..=RUNS_KEPT + 1).for_each(|number| assert!(runs.keep(ended(number))));
        assert_eq!((runs.listed.len(), runs.gone), (RUNS_KEPT, 1));
        assert!(runs.find(1).is_some() && runs.find(2).is_some() && runs.find(3).is_none());
        let colors = |color| runs.listed.iter().filter(|listed| listed.color == color).count();
        let share = RUNS_KEPT / theme::RUN_COLORS;
        let even = share.saturating_sub(1)..=share + 1;
        assert!((0..theme::RUN_COLORS).map(colors).all(|count| even.contains(&count)), "all colours are used");
    }

    #[test]
    fn what_was_deleted_comes_back_to_its_place() {
        let mut runs = Runs::default();
        (1..=3).for_each(|number| assert!(runs.keep(ended(number))));
        runs.delete(2);
        assert!(runs.find(2).is_none());
        assert_eq!(runs.restore(), Some(2));
        assert_eq!(runs.listed[1].run.number, 2);
        assert_eq!(runs.restore(), None);
    }
}
