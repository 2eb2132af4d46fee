//! What the user asked for, done.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Instant;

use eframe::egui::{Context, Event, Id};

use super::page::Page;
use super::{App, Looking, Pick, preference, waker};
use crate::executor::{Interruption, Pending};
use crate::lab::{CheckedSettings, Command, ExecutorKind, Lab, Run};
use crate::trace::Stage;
use crate::ui::action::Action;
use crate::ui::chart::{Move, Selected, Selection};
use crate::ui::confirm::Question;
use crate::ui::details::Tab;
use crate::ui::files::AskedAbout;
use crate::ui::filter::Filter;
use crate::ui::runs::LookedAt;
use crate::ui::scale::Scale;
use crate::ui::{chart, focus, theme, transport};
use crate::units::parse_whole;
use crate::workload::ParamKind;

impl App {
    /// Ends what is in progress and starts that.
    pub(super) fn start(&mut self, context: &Context, settings: Box<CheckedSettings>) {
        self.look_at(Looking::Newest);
        self.started = self.lab.last_number() + 1;
        if let Some(beside) = &self.beside {
            beside.send(Command::StopNow);
        }
        self.lab.send(Command::Run(settings));
        context.request_repaint();
    }

    /// Starts that now, or after what is in progress.
    fn run_or_queue(&mut self, context: &Context, settings: Box<CheckedSettings>) {
        if self.is_busy() {
            self.queue.push(settings, false);
            self.files.tell(format!("Queued ({} waiting)", self.queue.len()), false);
        } else {
            self.start(context, settings);
        }
    }

    /// Starts the run with that number anew, which is in progress: in a lesson, its part of the lesson.
    pub(super) fn restart(&mut self, context: &Context, number: usize) {
        let Some(run) = self.find(number).filter(|run| !run.ended()) else { return };
        match run.again() {
            Ok(settings) => {
                let looking = self.looking;
                self.start(context, Box::new(settings));
                self.lessons.restarted(number, self.started);
                if looking == Looking::Lesson {
                    self.looking = looking;
                }
            }
            Err(error) => self.files.tell(format!("Can't restart the run: {error}"), true),
        }
    }

    pub(super) fn act(&mut self, context: &Context, action: Action) {
        self.turn_to_what_shows(context, &action);
        match action {
            runs @ (Action::Run
            | Action::Restart(_)
            | Action::Unqueue(_)
            | Action::RunFailed(_)
            | Action::RunLesson(_)
            | Action::RunAgain { .. }
            | Action::TryCommand
            | Action::Demo
            | Action::ShowRun(_)
            | Action::Stop
            | Action::StopNow) => self.act_on_runs(context, &runs),
            Action::OpenFile(path) => self.files.open(context, path),
            Action::CopyText(text) => {
                context.copy_text(text);
                self.files.tell("Copied to the clipboard".to_owned(), false);
            }
            Action::ShowInFolder(path) => self.files.show_in_folder(context, path),
            Action::SetWorkers(run, workers) => self.send_to(run, Command::SetWorkers(workers)),
            Action::SetChunksize(run, chunksize) => self.send_to(run, Command::SetChunksize(chunksize)),
            Action::AddWorkers(change) => self.add_workers(change),
            Action::InterruptCall(run, call, why) => self.send_to(run, Command::InterruptCall(call, why)),
            Action::CancelCall(run, call) => self.send_to(run, Command::CancelPending(Pending::Call(call.into()))),
            Action::CancelPending(run) => self.send_to(run, Command::CancelPending(Pending::All)),
            Action::StopSelected => self.stop_selected(),
            Action::ShowTab(tab) => self.details.tab = tab,
            Action::KillWorker(run, worker) => {
                self.send_to(run, Command::KillWorker(worker));
                // Its lane is nothing to press any more.
                if focus::keys_are_used(context) {
                    chart::take_keyboard(context);
                }
            }
            Action::SubmitMore(run) => self.send_to(run, Command::SubmitMore),
            Action::Close(run) => self.send_to(run, Command::Close),
            Action::PickPath(param) => self.pick_path(context, param),
            Action::OpenLesson(_) | Action::ToggleLessons | Action::ToggleSettings => self.open_panel(context, &action),
            Action::TakeOver(settings) => self.form.take_over(*settings),
            Action::ChooseWorkload(name) => name.clone_into(&mut self.form.workload),
            Action::FocusRun(number) => self.focus = Some(number),
            Action::FocusNextRun => self.focus_next(),
            Action::ShowLessonRuns => self.look_at(Looking::Lesson),
            Action::Compare => {
                self.look_at(Looking::Compared);
                self.details.tab = Tab::Compare;
            }
            Action::ToggleCompared(number) => self.runs.toggle_compared(number),
            Action::RenameRun(number) => self.runs.rename(number),
            Action::RecolorRun(number) => self.runs.recolor(number),
            Action::MoveRun(number, places) => self.runs.move_up(number, places),
            Action::DeleteRun(number) => self.delete_run(number),
            Action::RestoreRun => self.restore_run(),
            Action::Move(way) => self.chart.ask(way),
            Action::ShowTimes(start, end) => self.chart.show_times(start, end),
            Action::Select(selection) => {
                self.chart.select(selection);
                self.focus = selection.map(Selection::run).or(self.focus);
            }
            Action::LookAt(time) => {
                // What has not happened can't be looked at.
                let runs = self.looked_at();
                let now = runs.iter().map(|looked| looked.run.elapsed()).max().unwrap_or_default();
                self.time.look_at(time.map(|time| time.min(now)));
            }
            Action::LookAtEvent(events) => {
                if let Some(run) = self.run() {
                    self.time.look_at_event(&run, events);
                }
            }
            Action::StepEvents(events) => self.time.step(events),
            Action::PauseView => self.time.toggle(self.run().as_deref()),
            Action::ChooseExecutor(kind) => self.form.executor = kind,
            Action::ReplayAt(speed) => {
                self.time.speed = speed;
                self.time.play();
            }
            Action::PlayReplay => self.time.play(),
            Action::PauseReplay => self.time.pause(),
            Action::Search => search(context),
            Action::NextFound => self.next_found(),
            Action::ClearFilter => self.filter = Filter::default(),
            Action::Clear => self.clear(),
            Action::File(kind) => {
                let runs = self.looked_at();
                let focus = self.in_focus(&runs);
                self.files.ask(kind, AskedAbout { chart: &self.chart, runs, focus, filter: &self.filter });
            }
            Action::Copy(how) => {
                if let Some(run) = self.run() {
                    self.files.copy(context, &run, how);
                }
            }
            look @ (Action::ToggleTheme
            | Action::ToggleContrast
            | Action::Scale { .. }
            | Action::ResetScale
            | Action::ToggleFrameTimes
            | Action::ToggleHelp
            | Action::TogglePalette) => self.change_look(context, &look),
        }
    }

    /// What begins runs, and what ends them.
    fn act_on_runs(&mut self, context: &Context, action: &Action) {
        // What was told was about the runs until now.
        self.files.stop_telling();
        match *action {
            Action::Run => {
                if let Ok(settings) = self.form.check() {
                    self.run_or_queue(context, Box::new(settings));
                }
            }
            Action::Restart(number) => {
                let question = Question::Restart(number);
                if self.never_ask.about(question) {
                    self.restart(context, number);
                } else {
                    self.confirm.ask(question);
                }
            }
            Action::Unqueue(id) => self.queue.remove(id),
            Action::RunFailed(number) => self.run_failed(context, number),
            Action::RunLesson(lesson) => self.lessons.begin(lesson, context),
            Action::RunAgain { together } => self.run_again(context, together),
            Action::TryCommand => self.try_command(context),
            Action::Demo => self.demo.begin(context),
            Action::ShowRun(number) => self.look_at(Looking::Run(number)),
            Action::Stop => self.stop(&|| Command::Stop),
            Action::StopNow => self.stop(&|| Command::StopNow),
            _ => {}
        }
    }

    /// How the window looks, and what lies over it.
    fn change_look(&mut self, context: &Context, action: &Action) {
        match *action {
            Action::ToggleTheme => {
                self.light = !self.light;
                context.set_theme(preference(self.light));
            }
            Action::ToggleContrast => {
                self.high_contrast = !self.high_contrast;
                theme::set_contrast(context, self.high_contrast);
            }
            Action::Scale { larger } => self.scale = self.scale.stepped(larger, Scale::fits(context)),
            Action::ResetScale => self.scale = Scale::default(),
            Action::ToggleFrameTimes => self.frame_times.toggle(),
            Action::ToggleHelp => self.show_help = !self.show_help,
            Action::TogglePalette => self.palette.toggle(),
            _ => {}
        }
    }

    /// Cancels the call of what is selected if it is pending; if it executes, asks it to end. What can't be done is told.
    fn stop_selected(&mut self) {
        let looked_at = self.looked_at();
        let shown: Vec<_> = looked_at.iter().map(LookedAt::shown).collect();
        let Some(selected) = self.chart.selected(&shown) else { return };
        let Some((run, call)) = selected.call() else { return };
        let number = selected.number();
        if self.time.time().is_some() {
            // It may be elsewhere by now.
            return self
                .files
                .tell(format!("Item {number} is shown as it was: End shows what can be done to it now."), true);
        }
        match selected {
            Selected::Waiting(waiting) if waiting.way.stage == Stage::CallQueue => {
                let text = format!(
                    "Item {number} is in the call queue, and its future RUNNING: it can no longer be cancelled."
                );
                self.files.tell(text, true);
            }
            Selected::Waiting(_) => self.send_to(run, Command::CancelPending(Pending::Call(call.into()))),
            Selected::Item(item) if item.ended.is_none() => {
                self.send_to(run, Command::InterruptCall(call, Interruption::Cancelled));
            }
            Selected::Item(_) | Selected::Later { .. } => {}
        }
    }

    /// Asks the lab of the run with that number, if it goes on.
    fn send_to(&self, run: usize, command: Command) {
        let is_its = |lab: &&Lab| lab.run().is_some_and(|live| live.number == run && !live.ended());
        if let Some(lab) = self.labs().find(is_its) {
            lab.send(command);
        }
    }

    pub(super) fn look_at(&mut self, looking: Looking) {
        self.looking = looking;
        // What is selected stays so if it is still in sight, and is what the panels tell of.
        let selected = self.chart.selected_run();
        self.focus = selected.filter(|number| self.looked_at().iter().any(|looked| looked.run.number == *number));
        if self.focus.is_none() {
            self.chart.select(None);
        }
        self.time.look_at(None);
        self.chart.look_elsewhere();
    }

    /// Ends what is open or selected: the topmost of it.
    fn clear(&mut self) {
        if self.confirm.close()
            || self.palette.close()
            || self.files.close()
            || std::mem::take(&mut self.show_help)
            || self.chart.clear()
        {
            return;
        }
        if !self.filter.is_empty() {
            self.filter = Filter::default();
        } else if self.time.time().is_some() {
            self.time.look_at(None);
        } else {
            self.lessons.open = false;
        }
    }

    /// What stands beside the chart.
    fn open_panel(&mut self, context: &Context, action: &Action) {
        match *action {
            Action::OpenLesson(lesson) => self.lessons.open_lesson(lesson),
            Action::ToggleLessons => self.lessons.toggle(),
            Action::ToggleSettings => self.toggle_settings(context),
            _ => {}
        }
    }

    /// Where there is only one panel at a time, they have their page.
    fn toggle_settings(&mut self, context: &Context) {
        if Page::are_needed(context) {
            self.turn_to(if self.pages.shown == Page::Settings { Page::Chart } else { Page::Settings });
        } else if self.settings_panel.is_hidden {
            self.settings_panel.is_hidden = false;
        } else if self.settings_panel.gives_way {
            // They come before what has taken their room.
            while self.chart.clear() {}
            self.lessons.open = false;
        } else {
            self.settings_panel.is_hidden = true;
        }
    }

    /// The items that failed in that run, again.
    fn run_failed(&mut self, context: &Context, number: usize) {
        let Some(run) = self.find(number) else { return };
        let failed = run.failed_items();
        match run.again() {
            Ok(_) if failed.is_empty() => self.files.tell("No item failed".to_owned(), false),
            Ok(settings) => self.run_or_queue(context, Box::new(settings.only(failed))),
            Err(error) => self.files.tell(format!("Can't run the failed items again: {error}"), true),
        }
    }

    /// Chooses `command` in the form, and its field for the keyboard.
    fn try_command(&mut self, context: &Context) {
        "command".clone_into(&mut self.form.workload);
        self.form.set_param("command", "from", "glob".to_owned());
        self.form.set_param("command", "items", "*".to_owned());
        context.memory_mut(|memory| memory.request_focus(Id::unique(("field", "command"))));
    }

    /// Stops all runs that are in progress, and what was to follow.
    fn stop(&mut self, command: &dyn Fn() -> Command) {
        self.queue.clear();
        self.labs().for_each(|lab| lab.send(command()));
    }

    /// The runs that are ticked, again: one after the other, or the first two together.
    fn run_again(&mut self, context: &Context, together: bool) {
        let settings = |looked: &LookedAt| looked.run.again().map(Box::new);
        let again: Result<Vec<_>, _> = self.runs.compared().iter().map(settings).collect();
        let mut again = match again {
            Ok(again) => again,
            Err(error) => return self.files.tell(format!("One of them can't run again: {error}"), true),
        };
        if together {
            again.truncate(2);
        }
        // What stands first in the list is the newest: it comes last, so that they keep their places.
        again.reverse();
        if together && self.beside.is_none() {
            match self.lab.another(waker(context, &self.live)) {
                Ok(lab) => self.beside = Some(lab),
                Err(error) => return self.files.tell(error.to_string(), true),
            }
        }
        let mut again = again.into_iter();
        let Some(first) = again.next() else { return };
        self.start(context, first);
        self.to_compare.insert(self.started);
        if together && let Some((lab, second)) = self.beside.as_ref().zip(again.next()) {
            lab.send(Command::Run(second));
            self.to_compare.insert(self.started + 1);
        }
        again.for_each(|settings| self.queue.push(settings, true));
        self.runs.compare_none();
        self.looking = Looking::Compared;
        self.details.tab = Tab::Compare;
    }

    /// Of several runs that are looked at, all panels tell of the next.
    fn focus_next(&mut self) {
        let runs = self.looked_at();
        let next = self.in_focus(&runs).map_or(0, |focus| focus + 1);
        self.focus = runs.get(next).or(runs.first()).map(|looked| looked.run.number);
    }

    /// To the next item that is looked for.
    fn next_found(&mut self) {
        let Some(run) = self.run() else { return };
        let Some(found) = self.index.found_with(run.number, &self.filter) else { return };
        let now = match self.found_last {
            Some((number, item)) if number == run.number => Some(item),
            _ => None,
        };
        if let Some(task) = found.after(now) {
            self.found_last = Some((run.number, task.item));
            let selection = Selection::Item { run: run.number, call: task.call, item: task.item };
            self.chart.select(Some(selection));
            self.chart.ask(Move::Reveal);
        }
    }

    /// The one that was deleted last is back.
    fn restore_run(&mut self) {
        let Some(number) = self.runs.restore() else { return };
        self.lessons.remember(number);
        if self.looking != Looking::Compared {
            self.look_at(Looking::Run(number));
        }
    }

    /// If it was looked at, another one is, if there is one.
    fn delete_run(&mut self, number: usize) {
        let was_looked_at = self.looked_at().iter().any(|looked| looked.run.number == number);
        self.runs.delete(number);
        self.lessons.forget(number);
        self.labs().for_each(|lab| lab.forget(number));
        let was_alone = matches!(self.looking, Looking::Newest | Looking::Run(_)) || self.looked_at().is_empty();
        if was_looked_at && was_alone {
            self.look_at(self.runs.newest().map_or(Looking::Newest, Looking::Run));
        }
    }

    /// So many workers more, or fewer: of the run that goes on, or of the next.
    fn add_workers(&mut self, change: isize) {
        let live = self.lab_in_focus().run().filter(|run| !run.ended());
        if let Some(run) = live {
            // There is nothing to add to one thread.
            if run.settings.executor != ExecutorKind::Sequential {
                let limit = run.settings.executor.workers_limit();
                let wanted = run.settings.workers.saturating_add_signed(change).clamp(1, limit);
                self.lab_in_focus().send(Command::SetWorkers(wanted));
            }
            return;
        }
        let now = parse_whole(&self.form.workers).map_or(1, |workers| workers as usize);
        let wanted = now.saturating_add_signed(change).clamp(1, self.form.executor.workers_limit());
        self.form.workers = wanted.to_string();
    }

    /// What can be done at the moment, for the palette: to `live`, which goes on, and to `focus`, which all panels tell of.
    /// So many runs are `ticked`.
    pub(super) fn for_palette(live: Option<&Run>, focus: Option<&Run>, ticked: usize) -> Vec<(String, Action)> {
        let tabs = Tab::ALL.map(|tab| (format!("Show {}", tab.name()), Action::ShowTab(tab)));
        let executors = ExecutorKind::ALL.map(|kind| (format!("Executor: {kind}"), Action::ChooseExecutor(kind)));
        let speeds = transport::SPEEDS.map(|speed| (format!("Replay at {speed} ×"), Action::ReplayAt(speed)));
        let mut commands: Vec<_> = tabs.into_iter().chain(executors).chain(speeds).collect();
        if ticked > 1 {
            commands.push((format!("Compare the {ticked} runs that are ticked"), Action::Compare));
        }
        if ticked > 1 && live.is_none() {
            let again = |together| Action::RunAgain { together };
            commands.push(("Run those that are ticked again, one after the other".to_owned(), again(false)));
            commands.push(("Run two of those that are ticked again, at the same time".to_owned(), again(true)));
        }
        if let Some(run) = focus {
            commands.push(("Rename the run".to_owned(), Action::RenameRun(run.number)));
            commands.push(("Put the settings of the run in the form".to_owned(), {
                Action::TakeOver(Box::new(run.settings_at_start()))
            }));
        }
        if let Some(run) = focus.filter(|run| run.ended()) {
            commands.push(("Delete the run".to_owned(), Action::DeleteRun(run.number)));
        }
        if let Some(run) = focus.filter(|run| run.ended() && run.totals().failed() > 0) {
            commands.push(("Run the failed items again".to_owned(), Action::RunFailed(run.number)));
        }
        let Some(live) = live else { return commands };
        commands.extend([
            ("Restart the run".to_owned(), Action::Restart(live.number)),
            ("Cancel all pending calls".to_owned(), Action::CancelPending(live.number)),
            ("Submit the items once more".to_owned(), Action::SubmitMore(live.number)),
            ("Close: shutdown(cancel_futures=False)".to_owned(), Action::Close(live.number)),
        ]);
        let processes = live.trace.lanes().iter().filter(|lane| lane.pid.is_some() && lane.exited.is_none());
        commands.extend(processes.map(|lane| {
            let worker = lane.worker;
            (format!("Kill worker {worker}"), Action::KillWorker(live.number, worker))
        }));
        commands
    }

    /// The system's own dialog. It is made here, as some systems ask for, and waited for elsewhere.
    fn pick_path(&mut self, context: &Context, name: &'static str) {
        let Some(param) = self.form.params().into_iter().find(|param| param.name == name) else { return };
        let now = PathBuf::from(self.form.param_text(&param).as_str());
        let dialog = rfd::AsyncFileDialog::new();
        let dialog: Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match param.kind {
            ParamKind::InputFile => Box::pin(dialog.set_directory(now.parent().unwrap_or(&now)).pick_file()),
            _ => Box::pin(dialog.set_directory(now).pick_folder()),
        };
        let (picks, context, workload) = (self.picks_in.clone(), context.clone(), self.form.workload.clone());
        // No thread, no dialog: the path can still be typed.
        let _ = std::thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
            let opened = Instant::now();
            let path = pollster::block_on(dialog).map(|path| path.path().to_owned());
            let _ = picks.send(Pick { workload, param: name, path, open_for: opened.elapsed() });
            context.request_repaint();
        });
    }
}

/// To the field that is searched with. The key asks for the field; what it would type is not looked for.
fn search(context: &Context) {
    context.input_mut(|input| input.events.retain(|event| !matches!(event, Event::Text(text) if text == "/")));
    context.memory_mut(|memory| memory.request_focus(Id::unique(("field", "search"))));
}
