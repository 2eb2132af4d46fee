//! The top row: run, stop, and how far the run is.

use std::ops::Range;
use std::path::PathBuf;

use eframe::egui::{
    Align, Button, Color32, Context, Id, Key, Label, Layout, Margin, Rect, RichText, Role, Sense, TextEdit, Ui,
    UiBuilder, WidgetInfo, vec2,
};

use super::action::Action;
use super::commands;
use super::files::{Copied, FileKind};
use super::filter::Filter;
use super::{focus, format, readers, theme};
use crate::lab::{self, End, ExecutorKind, Run};
use crate::workload::FieldError;

/// What the row tells of.
pub(super) struct Status<'a> {
    /// The run that is looked at.
    pub(super) run: Option<&'a Run>,
    /// What it is called, if others are looked at too.
    pub(super) name: Option<&'a str>,
    /// The run that goes on.
    pub(super) live: Option<&'a Run>,
    /// What keeps the settings from being run.
    pub(super) error: Option<&'a FieldError>,
    /// How many items fit what is looked for.
    pub(super) found: Option<usize>,
    /// How large everything is drawn, in percent, and what is switched on.
    pub(super) percent: u32,
    pub(super) can_be_larger: bool,
    pub(super) high_contrast: bool,
    pub(super) frame_times: bool,
    /// Files that were opened or saved, the newest first.
    pub(super) recent: &'a [PathBuf],
}

/// Draws the row.
pub(super) fn show(ui: &mut Ui, status: &Status<'_>, filter: &mut Filter, actions: &mut Vec<Action>) {
    let &Status { run, name, live, error, .. } = status;
    let is_tight = is_tight(ui.ctx());
    ui.horizontal(|ui| {
        if !is_tight {
            logo(ui);
        }
        if !is_narrow(ui) {
            ui.label(RichText::new("Poolscope").family(theme::strong()).size(15.0));
        }
        if !is_tight {
            ui.add_space(8.0);
        }
        steady(ui, "run", ui.available_rect_before_wrap(), |ui| {
            run_button(ui, live, error, actions);
            stop_button(ui, live, actions);
        });
        if is_tight {
            let room = ui.available_rect_before_wrap();
            steady(ui, "menus", room, |ui| {
                search(ui, filter, actions);
                menus(ui, status, actions);
            });
            return;
        }
        ui.add_space(8.0);
        // What stands right is drawn from left to right all the same, as that is the way of the Tab key; how much room it needs is known
        // from the last time.
        let known = Id::unique("width of what stands right");
        let width = ui.data(|data| data.get_temp(known)).unwrap_or(420.0);
        let room = ui.available_rect_before_wrap();
        let (left, right) = room.split_left_right_at_x(room.right() - width);
        let left = left.with_max_x(left.right() - 8.0);
        steady(ui, "figures", left, |ui| figures_of(ui, run, name, live));
        let used = steady(ui, "menus", right, |ui| {
            search(ui, filter, actions);
            found(ui, filter, status.found, run.is_some(), actions);
            menus(ui, status, actions);
        });
        if (used - width).abs() > 0.5 {
            ui.data_mut(|data| data.insert_temp(known, used));
            ui.ctx().request_discard("the width of the toolbar has changed");
        }
    });
    if is_tight {
        // What was chosen in histograms has a line of its own: how far the run is matters more.
        if filter.wait.is_some() || filter.run_time.is_some() {
            ui.horizontal_wrapped(|ui| found(ui, filter, status.found, run.is_some(), actions));
        }
        ui.horizontal(|ui| {
            if filter.wait.is_none() && filter.run_time.is_none() {
                found(ui, filter, status.found, run.is_some(), actions);
            }
            let room = ui.available_rect_before_wrap();
            steady(ui, "figures", room, |ui| figures_of(ui, run, name, live));
        });
    }
}

/// A part of the row, with ids that do not depend on what stands beside it: it keeps the keyboard when the window, or what is in it,
/// becomes larger. Returns how wide it is.
fn steady(ui: &mut Ui, name: &str, place: Rect, draw: impl FnOnce(&mut Ui)) -> f32 {
    let builder = UiBuilder::new().scope_id(Id::unique(("toolbar", name))).max_rect(place);
    ui.scope_builder(builder.layout(Layout::left_to_right(Align::Center)), draw).response.rect.width()
}

fn menus(ui: &mut Ui, status: &Status<'_>, actions: &mut Vec<Action>) {
    ui.menu_button("File", |ui| file_menu(ui, status, actions)).response.on_hover_text("Open, save, copy");
    ui.menu_button("View", |ui| view_menu(ui, status, actions)).response.on_hover_text("Size, contrast, frame times");
    // Then the lessons are a page.
    if !is_tight(ui.ctx()) && ui.button("Lessons").on_hover_text("Published examples to learn from (L)").clicked() {
        actions.push(Action::ToggleLessons);
    }
    if ui.button("?").on_hover_text("All keys").clicked() {
        actions.push(Action::ToggleHelp);
    }
}

/// Whether the window is so narrow that the figures of the run get a row of their own, and panels beside each other would cut each other
/// off.
pub(super) fn is_tight(context: &Context) -> bool {
    context.content_rect().width() < 860.0
}

/// Whether the figures of the run need the room that the rest can spare.
fn is_narrow(ui: &Ui) -> bool {
    ui.ctx().content_rect().width() < 1200.0
}

/// What is looked for.
fn search(ui: &mut Ui, filter: &mut Filter, actions: &mut Vec<Action>) {
    let (width, hint) = if is_narrow(ui) { (84.0, "Search   /") } else { (150.0, "Search items   /") };
    let field = TextEdit::singleline(&mut filter.text).id(Id::unique(("field", "search"))).desired_width(width);
    let response = ui.add(field.hint_text(hint).margin(Margin::symmetric(8, 4)));
    readers::name_field(&response, Role::SearchInput, "search", &filter.text);
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        actions.push(Action::NextFound);
        // The next press goes on.
        response.request_focus();
    }
    response.on_hover_text(
        "Search by name, error, state, worker2 or number; \"in quotes\" for a phrase (/). Enter: next match",
    );
}

/// What else is looked for, and how many were found; `runs` = there is a run to look in.
fn found(ui: &mut Ui, filter: &mut Filter, found: Option<usize>, runs: bool, actions: &mut Vec<Action>) {
    if !filter.is_empty() {
        for (name, range) in [("waited", &mut filter.wait), ("ran", &mut filter.run_time)] {
            let Some(times) = range.clone() else { continue };
            let text = format!("{name} {} to {}  ×", format::duration(times.start), format::duration(times.end));
            if ui.small_button(text).on_hover_text("Chosen in the histogram; press to drop it").clicked() {
                *range = None;
            }
        }
        let matches = match found.map(format::count) {
            Some(count) if count == "1" => "1 match".to_owned(),
            Some(count) => format!("{count} matches"),
            None if runs => "searching …".to_owned(),
            None => "nothing has run yet".to_owned(),
        };
        let told = ui.label(RichText::new(&matches).size(11.5).color(theme::palette(ui).dim));
        if found.is_some() {
            let range = |what: &str, times: &Option<Range<i64>>| {
                let times = times.as_ref()?;
                Some(format!(", {what} {} to {}", format::duration(times.start), format::duration(times.end)))
            };
            let ranges = [range("waited", &filter.wait), range("ran", &filter.run_time)];
            let text = format!("{matches}{}", ranges.into_iter().flatten().collect::<String>());
            told.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
            readers::live(&told);
        }
        let button = ui.button("×").on_hover_text("Look for all items again (Esc)");
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Clear the search"));
        if button.clicked() {
            actions.push(Action::ClearFilter);
        }
    }
}

fn view_menu(ui: &mut Ui, status: &Status<'_>, actions: &mut Vec<Action>) {
    ui.label(RichText::new(format!("size: {} %", status.percent)).size(11.5).color(theme::palette(ui).dim));
    for (action, enabled) in [
        (Action::Scale { larger: true }, status.can_be_larger),
        (Action::Scale { larger: false }, true),
        (Action::ResetScale, true),
    ] {
        entry(ui, &action, enabled, None, actions);
    }
    ui.separator();
    entry(ui, &Action::ToggleSettings, true, None, actions);
    entry(ui, &Action::ToggleTheme, true, Some(!ui.visuals().dark_mode), actions);
    entry(ui, &Action::ToggleContrast, true, Some(status.high_contrast), actions);
    entry(ui, &Action::ToggleFrameTimes, true, Some(status.frame_times), actions);
    ui.separator();
    entry(ui, &Action::TogglePalette, true, None, actions);
}

fn file_menu(ui: &mut Ui, status: &Status<'_>, actions: &mut Vec<Action>) {
    let some = status.run.is_some();
    let over = status.run.is_some_and(Run::can_be_saved);
    recent_files(ui, status.recent, actions);
    for (action, enabled) in [
        (Action::File(FileKind::OpenRun), true),
        (Action::File(FileKind::SaveRun), over),
        (Action::File(FileKind::Picture), some),
        (Action::File(FileKind::Csv), some),
        (Action::Copy(Copied::Text), some),
        (Action::Copy(Copied::Markdown), some),
    ] {
        entry(ui, &action, enabled, None, actions);
    }
}

/// The runs that were opened or saved last, by the names of their files.
fn recent_files(ui: &mut Ui, recent: &[PathBuf], actions: &mut Vec<Action>) {
    if recent.is_empty() {
        return;
    }
    let dim = theme::palette(ui).dim;
    ui.label(RichText::new("Recent").size(11.5).color(dim));
    for path in recent {
        let name = path.file_name().unwrap_or(path.as_os_str()).display().to_string();
        ui.horizontal(|ui| {
            let entry = focus::menu_entry(ui, true, Button::new(&name)).on_hover_text(path.display().to_string());
            if entry.clicked() {
                actions.push(Action::OpenFile(path.clone()));
                ui.close();
            }
            let folder = ui.small_button("Folder").on_hover_text("Show in folder");
            folder.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Show {name} in its folder")));
            if folder.clicked() {
                actions.push(Action::ShowInFolder(path.clone()));
                ui.close();
            }
        });
    }
    ui.separator();
}

/// The command that does so, with its key; `on` = whether that is switched on, for what is.
fn entry(ui: &mut Ui, action: &Action, enabled: bool, on: Option<bool>, actions: &mut Vec<Action>) {
    let Some(command) = commands::that_does(action) else { return };
    let name = command.name;
    let text = if on == Some(true) { format!("✓  {name}") } else { name.to_owned() };
    let key = RichText::new(command.key_text()).monospace().size(11.0);
    let response = focus::menu_entry(ui, enabled, Button::new(text).shortcut_text(key));
    response.widget_info(|| match on {
        Some(on) => WidgetInfo::selected(Role::MenuItemCheckBox, enabled, on, name),
        None => WidgetInfo::labeled(Role::MenuItem, enabled, name),
    });
    readers::name_key(&response, command.key_text());
    let response = match (enabled, action) {
        (false, Action::Scale { larger: true }) => {
            response.on_disabled_hover_text("Already at the largest size that fits")
        }
        (false, Action::File(FileKind::SaveRun)) => response.on_disabled_hover_text("Available when the run has ended"),
        (false, _) => response.on_disabled_hover_text("Nothing has run yet"),
        (true, _) => response,
    };
    if response.clicked() {
        actions.push(command.action);
        ui.close();
    }
}

/// The icon, as three bars.
fn logo(ui: &mut Ui) {
    let palette = theme::palette(ui);
    let (_, rect) = ui.allocate_space(vec2(20.0, 20.0));
    let bars = [(0.0, 0.6, palette.computing), (0.3, 0.7, palette.accent), (0.1, 0.55, palette.cores[2])];
    for (row, (left, width, color)) in bars.into_iter().enumerate() {
        let min = rect.min + vec2(rect.width() * left, 1.0 + row as f32 * 6.5);
        let bar = eframe::egui::Rect::from_min_size(min, vec2(rect.width() * width, 4.5));
        ui.painter().rect_filled(bar, 2.0, color);
    }
}

fn run_button(ui: &mut Ui, live: Option<&Run>, error: Option<&FieldError>, actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    let name = if live.is_some() { "Queue" } else { "Run" };
    let text = RichText::new(format!("▶  {name}")).family(theme::strong()).color(palette.on_button);
    let button = Button::new(text).fill(palette.button).min_size(vec2(84.0, 28.0));
    let response = ui.add_enabled(error.is_none(), button);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, error.is_none(), name));
    let hint = if live.is_some() { "Run these settings after the run in progress (Enter)" } else { "Start (Enter)" };
    let response = match error {
        Some(error) => {
            readers::describe(&response, &error.to_string());
            response.on_disabled_hover_text(error.to_string())
        }
        None => response.on_hover_text(hint),
    };
    if response.clicked() {
        actions.push(Action::Run);
    }
}

fn stop_button(ui: &mut Ui, live: Option<&Run>, actions: &mut Vec<Action>) {
    let (text, hint, action) = match live.map(|run| &run.status) {
        Some(lab::Status::Stopping) => (
            "■  Stop now",
            "Ask executing tasks to end at their next checkpoint; a process that does not is killed",
            Some(Action::StopNow),
        ),
        Some(lab::Status::Preparing | lab::Status::Running) => {
            ("■  Stop", "Cancel pending calls; let running ones finish", Some(Action::Stop))
        }
        _ => ("■  Stop", "Nothing is running", None),
    };
    let button = Button::new(text).min_size(vec2(84.0, 28.0));
    let response = ui.add_enabled(action.is_some(), button);
    let name = text.trim_start_matches(['■', ' ']);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, action.is_some(), name));
    let response = response.on_hover_text(hint).on_disabled_hover_text(hint);
    if let Some(action) = action
        && response.clicked()
    {
        actions.push(action);
    }
    let menu = |ui: &mut Ui| ui.menu_button("▾", |ui| ways_to_change(ui, live, actions)).response;
    let menu = ui.add_enabled_ui(live.is_some(), menu).inner;
    menu.widget_info(|| WidgetInfo::labeled(Role::Button, live.is_some(), "More to do with the run"));
    menu.on_hover_text("Submit more, cancel, close, stop").on_disabled_hover_text("Nothing is running");
}

/// What can be done to a run that goes on.
fn ways_to_change(ui: &mut Ui, live: Option<&Run>, actions: &mut Vec<Action>) {
    let goes_on = live.is_some_and(|run| run.items.is_some());
    let pending = live.is_some_and(|run| run.trace.counts().calls.pending > 0);
    let number = live.map_or(0, |run| run.number);
    let takes_more = live.is_some_and(|run| !run.closed && run.settings.executor != ExecutorKind::Sequential);
    for (text, help, enabled, action) in [
        (
            "Submit the items once more",
            "The same workload again, to the same pool, behind what is pending",
            goes_on && takes_more,
            Action::SubmitMore(number),
        ),
        (
            "Cancel all pending",
            "cancel() of every future that is PENDING; the pool stays open",
            goes_on && pending,
            Action::CancelPending(number),
        ),
        (
            "Close: shutdown(cancel_futures=False)",
            "The pool takes nothing more; what was submitted still runs. Nobody here waits for it, so wait=True and wait=False are the same",
            goes_on && takes_more,
            Action::Close(number),
        ),
        (
            "Stop: shutdown(cancel_futures=True)",
            "Cancel pending calls; let running ones finish",
            live.is_some(),
            Action::Stop,
        ),
        ("Stop now", "Interrupt running tasks too", live.is_some(), Action::StopNow),
        ("Restart", "End this run now and start it anew", live.is_some(), Action::Restart(number)),
    ] {
        let why_not = if live.is_none() { "No run goes on" } else { "There is nothing that this could be done to" };
        let button = focus::menu_entry(ui, enabled, Button::new(text)).on_hover_text(help);
        let button = button.on_disabled_hover_text(format!("{help}\n{why_not}"));
        if button.clicked() {
            actions.push(action);
            ui.close();
        }
    }
}

fn figures_of(ui: &mut Ui, run: Option<&Run>, name: Option<&str>, live: Option<&Run>) {
    let palette = theme::palette(ui);
    let Some(run) = run else {
        ui.label(RichText::new("Ready").color(palette.dim));
        return;
    };
    let totals = run.totals();
    let trouble = totals.failed() > 0 || matches!(run.status, lab::Status::Ended(End::Failed(_)));
    let color = match run.status {
        _ if run.moment.is_some() => palette.accent,
        lab::Status::Ended(_) if trouble => palette.error,
        lab::Status::Ended(End::Completed) => palette.computing,
        lab::Status::Ended(_) => palette.dim,
        _ => palette.error,
    };
    dot(ui, color);
    if let Some(name) = name {
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width() * 0.4);
            ui.add(Label::new(RichText::new(name).family(theme::strong())).truncate());
        });
    }
    let word = ui.label(RichText::new(format::status_word(run)).family(theme::strong()));
    readers::live(&word);
    if let Some(period) = run.deadlock().filter(|_| run.is_deadlocked()) {
        word.on_hover_text(&*period.description);
    } else if let Some(error) = run.trace.errors().last().filter(|_| trouble) {
        word.on_hover_text(format::shortened(&error.message, 400));
    }
    let goes_on = live.is_some_and(|live| run.moment.is_some() && live.number == run.number);
    let figures = if goes_on { format!("the run goes on · {}", figures(run)) } else { figures(run) };
    let text = RichText::new(figures).color(palette.dim);
    let help = match run.status {
        _ if run.moment.is_some() => "This moment, from the start of the run; what was done by then",
        lab::Status::Preparing => "Time since the start of the run",
        lab::Status::Ended(_) => {
            "Time from the first submission to the last result; items whose results are there; items executed per second"
        }
        _ => {
            "Time since the first submission; items whose results are there; items executed per second; estimated time left"
        }
    };
    ui.add(Label::new(text).truncate()).on_hover_text(help);
}

fn dot(ui: &mut Ui, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.5, color);
}

/// Above this share of the machine, what other programs take is told.
const FELT: f32 = 0.05;

fn figures(run: &Run) -> String {
    if let lab::Status::Ended(End::Failed(error)) = &run.status {
        return format::shortened(&error.to_string(), 90).into_owned();
    }
    let (totals, executed) = (run.totals(), run.trace.counts().executed);
    let done = totals.returned + totals.raised;
    let Some(items) = run.items else {
        return if run.ended() { format::duration(run.elapsed()) } else { format::clock(run.elapsed()) };
    };
    if items == 0 {
        return "No items, nothing to do".to_owned();
    }
    // While it runs, rates and estimates move with the clock, ten times a second, not with every frame.
    let working = run.working_time();
    let moves = !run.ended() && run.moment.is_none();
    let seconds = if moves { (working / 100_000_000) as f64 / 10.0 } else { working as f64 / 1e9 };
    // The clock of a moment that is looked at is the playhead's.
    let clock = if moves { format::clock(working) } else { format::duration(run.moment.unwrap_or(working)) };
    let mut parts = vec![clock, format!("{} of {} items", format::count(done), format::count(items))];
    if executed > done {
        // Their results wait for the rest of their chunks, or are on their way.
        parts.push(format!("{} executed", format::count(executed)));
    }
    // What went wrong first: narrow windows cut off the rest.
    for (count, what) in [(totals.raised, "raised"), (totals.lost, "lost"), (totals.cancelled, "cancelled")] {
        if count > 0 {
            parts.push(format!("{} {what}", format::count(count)));
        }
    }
    if run.is_behind() {
        parts.push(format!("{} events behind", format::count(run.backlog)));
    }
    if seconds > 0.0 && executed > 0 {
        parts.push(format!("{} items/s", format::rate(executed as f64 / seconds)));
        if let Some(left) = run.time_left().filter(|_| seconds >= 0.5) {
            parts.push(format!("about {} left", format::clock(left)));
        }
    }
    if let Some(others) = run.others.filter(|share| *share >= FELT && run.moment.is_none()) {
        parts.push(format!("other programs {:.0} % of the CPU", others * 100.0));
    }
    if run.trace.missing_worker().is_some() {
        let there = run.trace.lanes().iter().filter(|lane| lane.exited.is_none()).count();
        parts.push(format!("only {there} of {} workers could be started", run.settings.workers));
    }
    parts.join(" · ")
}
