//! The window's state, and how a frame goes: look at the runs, draw the panels, then do what the user asked for.

mod act;
mod demo;
mod page;
mod panels;
mod places;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::{self, Context, ThemePreference, Ui, Vec2};
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::background::Background;
use super::chart::{AreaCount, Chart, Shown};
use super::command_palette::CommandPalette;
use super::commands::KeysFor;
use super::confirm::{Confirm, Confirmed, NeverAsk, Question};
use super::details::{Details, Tab};
use super::files::{Came, FileKind, Files, NO_BROWSER};
use super::filter::Filter;
use super::form::Form;
use super::frame_times::FrameTimes;
use super::lessons::Lessons;
use super::readers::Announcer;
use super::repaint::Repaint;
use super::runs::{self, LookedAt, Runs};
use super::scale::Scale;
use super::settings_panel::LiveFields;
use super::stopwatch::Stopwatch;
use super::task_index::TaskIndex;
use super::time_machine::TimeMachine;
use super::{area_panel, chart, commands, focus, format, help, readers, theme};
use crate::executor::WorkerCommand;
use crate::lab::{Command, Lab, Run};
use crate::workload::ParamKind;
use demo::Demo;
use page::Pages;
use places::SettingsPanel;
use queue::Queued;
pub(in crate::ui) use queue::RunQueue;

/// While a run goes on, a picture at least this often, in seconds, and at most [`FASTEST`]. Whoever moves the mouse or presses a key gets
/// one at once.
const SLOWEST: f32 = 0.5;
const FASTEST: f32 = 0.016;
/// Of the time of each core, drawing may take this part before pictures come less often: where pixels are made by the processor, a
/// picture costs as much as many tasks, and being watched must not slow them down.
const DRAWING_SHARE: f32 = 0.02;

/// What the window remembers from one start to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    form: Form,
    light: bool,
    high_contrast: bool,
    /// Of the size that the system asks for.
    scale: Scale,
    tab: Tab,
    /// In points, if somebody has chosen it.
    details_height: Option<f32>,
    settings_hidden: bool,
    never_ask: NeverAsk,
    recent: Vec<PathBuf>,
}

/// So many files that were opened or saved last are offered.
const RECENT: usize = 10;

/// What came of a dialog for files or folders, for the parameter of this name.
struct Pick {
    workload: String,
    param: &'static str,
    path: Option<PathBuf>,
    /// How long the dialog was there.
    open_for: Duration,
}

/// Which runs are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looking {
    /// The one that was started last.
    Newest,
    /// The one with this number.
    Run(usize),
    /// Those of the lesson, on one time axis.
    Lesson,
    /// Those that are ticked, and those that go on, on one time axis.
    Compared,
}

/// The window.
pub struct App {
    lab: Lab,
    /// A second one, once two runs were started together.
    beside: Option<Lab>,
    form: Form,
    chart: Chart,
    details: Details,
    lessons: Lessons,
    time: TimeMachine,
    filter: Filter,
    index: TaskIndex,
    area: AreaCount,
    announcer: Announcer,
    palette: CommandPalette,
    files: Files,
    runs: Runs,
    looking: Looking,
    /// The number of the run that all panels tell of, if it is looked at.
    focus: Option<usize>,
    light: bool,
    high_contrast: bool,
    scale: Scale,
    /// How high somebody made the lower panel.
    details_height: Option<f32>,
    settings_panel: SettingsPanel,
    /// What is shown where there is room for one panel only.
    pages: Pages,
    frame_times: FrameTimes,
    show_help: bool,
    /// The item that was found last, of the run with that number.
    found_last: Option<(usize, u32)>,
    queue: RunQueue,
    demo: Demo,
    preview: Background<(String, BTreeMap<String, String>), Option<String>>,
    /// The number that the run has at least which was started last, and the highest that was heard of: until then it is on its way.
    started: usize,
    begun: usize,
    /// The numbers of runs that are to be ticked for comparison as soon as they begin.
    to_compare: BTreeSet<usize>,
    live_fields: LiveFields,
    confirm: Confirm,
    never_ask: NeverAsk,
    /// Runs that were opened or saved, the newest first.
    recent: Vec<PathBuf>,
    /// Frames come by themselves, so the lab need not ask for one.
    live: Arc<AtomicBool>,
    picks_in: Sender<Pick>,
    picks: Receiver<Pick>,
    /// The system has no file dialogs; one was asked for, for this parameter.
    no_dialog: Option<&'static str>,
    /// How large the window was.
    size: Vec2,
    /// How long the last frame took to draw, in seconds.
    frame_cost: f32,
    /// How many there are.
    cores: f32,
}

impl App {
    /// Worker processes are started by `worker_command`; `None` = this program.
    ///
    /// # Errors
    /// When the system gives no thread for the lab.
    pub fn new(
        context: &Context,
        remembered: Remembered,
        worker_command: Option<WorkerCommand>,
    ) -> std::io::Result<Self> {
        theme::install(context, remembered.high_contrast);
        context.set_theme(preference(remembered.light));
        let live = Arc::new(AtomicBool::new(false));
        let (picks_in, picks) = unbounded();
        Ok(Self {
            lab: Lab::start(worker_command, waker(context, &live))?,
            beside: None,
            form: remembered.form,
            chart: Chart::default(),
            details: Details::at(remembered.tab),
            lessons: Lessons::new(),
            time: TimeMachine::default(),
            filter: Filter::default(),
            index: TaskIndex::default(),
            area: AreaCount::default(),
            announcer: Announcer::default(),
            palette: CommandPalette::default(),
            files: Files::new(),
            runs: Runs::default(),
            looking: Looking::Newest,
            focus: None,
            light: remembered.light,
            high_contrast: remembered.high_contrast,
            scale: remembered.scale,
            details_height: remembered.details_height,
            settings_panel: SettingsPanel { is_hidden: remembered.settings_hidden, gives_way: false },
            pages: Pages::default(),
            frame_times: FrameTimes::default(),
            show_help: false,
            found_last: None,
            queue: RunQueue::default(),
            demo: Demo::default(),
            preview: Background::default(),
            started: 0,
            begun: 0,
            to_compare: BTreeSet::new(),
            live_fields: LiveFields::default(),
            confirm: Confirm::default(),
            never_ask: remembered.never_ask,
            recent: remembered.recent,
            live,
            picks_in,
            picks,
            no_dialog: None,
            size: Vec2::ZERO,
            frame_cost: 0.0,
            cores: std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f32),
        })
    }

    /// What to remember.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        let &Self { light, high_contrast, scale, details_height, never_ask, .. } = self;
        let settings_hidden = self.settings_panel.is_hidden;
        let (form, tab, recent) = (self.form.clone(), self.details.tab, self.recent.clone());
        Remembered { form, light, high_contrast, scale, tab, details_height, settings_hidden, never_ask, recent }
    }

    /// Tells the user of something that went wrong.
    pub fn tell(&mut self, trouble: String) {
        self.files.tell(trouble, true);
    }

    /// Opens a run that was saved.
    pub fn open_run(&mut self, context: &Context, file: PathBuf) {
        self.files.open(context, file);
    }

    /// The run that is in focus.
    #[must_use]
    pub fn run(&self) -> Option<Arc<Run>> {
        let mut runs = self.looked_at();
        let focus = self.in_focus(&runs)?;
        Some(runs.swap_remove(focus).run)
    }

    /// A frame: takes in what came, and draws into `ui`, which is the whole window.
    pub fn show(&mut self, ui: &mut Ui) {
        self.take_in_what_came(ui.ctx());
        self.draw(ui);
    }

    fn draw(&mut self, ui: &mut Ui) {
        self.scale.apply(ui.ctx());
        let size = ui.ctx().content_rect().size();
        if std::mem::replace(&mut self.size, size) != size {
            // What scrolls notices only in the next frame that there is more room.
            ui.ctx().request_repaint();
        }
        readers::name_window(ui.ctx(), "Poolscope");
        self.heed_closing(ui.ctx());
        // Keys first: what they ask for is seen in this very frame.
        for action in commands::pressed(ui.ctx(), self.keys_are_for()) {
            self.act(ui.ctx(), action);
        }
        if self.is_covered() {
            focus::hush(ui);
        }
        let looked_at = self.looked_at();
        let focus = self.in_focus(&looked_at);
        let runs: Vec<&Run> = looked_at.iter().map(|looked| &*looked.run).collect();
        let past = focus.and_then(|focus| self.time.look(ui.ctx(), &runs, runs[focus]));
        let pasts = past.iter().flat_map(|past| past.runs.iter().map(Some)).chain(iter::repeat(None));
        let shown = looked_at.iter().zip(pasts).enumerate();
        let shown =
            shown.map(|(index, (looked, past))| Shown { in_focus: focus == Some(index), past, ..looked.shown() });
        let shown: Vec<_> = shown.collect();
        let live = self.live_runs();
        // The one that is looked at, if it goes on.
        let of_focus = live.iter().find(|live| focus.is_some_and(|focus| runs[focus].number == live.number));
        let live = of_focus.or(live.first()).map(AsRef::as_ref);
        let mut actions = Vec::new();
        self.panels(ui, &shown, live, past.as_ref(), &mut actions);
        let now = focus.map(|focus| runs[focus]);
        let (ticked, can_restore) = (self.runs.ticked(), self.runs.can_restore());
        let selects = self.chart.selected(&shown).is_some();
        let can = |action: &Action| match action {
            Action::Stop | Action::StopNow => live.is_some(),
            Action::StopSelected => live.is_some() && selects,
            Action::RestoreRun => can_restore,
            Action::FocusNextRun => shown.len() > 1,
            Action::File(FileKind::SaveRun) => now.is_some_and(Run::can_be_saved),
            Action::File(FileKind::OpenRun) => true,
            Action::Move(_) | Action::File(_) | Action::Copy(_) | Action::LookAt(_) | Action::StepEvents(_) => {
                now.is_some()
            }
            Action::PauseView | Action::ReplayAt(_) => now.is_some(),
            _ => true,
        };
        self.palette.show(ui.ctx(), || Self::for_palette(live, now, ticked), can, &mut actions);
        self.files.show(ui.ctx(), &looked_at);
        if let Some(confirmed) = self.confirm.show(ui.ctx()) {
            self.confirmed(ui.ctx(), &confirmed);
        }
        if self.show_help {
            help::show(ui.ctx(), &mut self.show_help);
        }
        self.announce(ui, &shown, live);
        focus::come_back(ui.ctx(), self.is_covered(), self.chart.takes_keys());
        commands::note_writing(ui.ctx());
        focus::ring(ui.ctx());
        for action in actions {
            self.act(ui.ctx(), action);
        }
    }

    /// Tells readers of the screen what has changed and stands nowhere in words.
    fn announce(&mut self, ui: &Ui, shown: &[Shown<'_>], live: Option<&Run>) {
        if !readers::are_there(ui.ctx()) {
            return;
        }
        let focus = chart::in_focus(shown);
        // Not as somebody calls it, who may be writing that just now.
        let run = focus.map(|shown| runs::title(shown.run)).unwrap_or_default();
        // What came of it, when that comes, and not of each moment that is looked at.
        let outcome = focus.filter(|shown| shown.past.is_none() && shown.run.ended());
        let outcome = outcome.map(|shown| format::outcome(shown.run)).unwrap_or_default();
        let workers = live.map(|live| format::some(live.settings.workers, "worker")).unwrap_or_default();
        let chunksize = live.map(|live| format!("chunksize {}", live.settings.chunksize)).unwrap_or_default();
        let selected = self.chart.selected(shown).map(|selected| selected.in_words()).unwrap_or_default();
        let crosshair = self.chart.crosshair_in_words(shown);
        let area = self.chart.area().and_then(|area| self.area.of(ui.ctx(), area, shown));
        let area = area.map(|area| area_panel::in_words(&area)).unwrap_or_default();
        let command = self.palette.told();
        let news = [
            ("run", run),
            ("outcome", outcome),
            ("workers", workers),
            ("chunksize", chunksize),
            ("selected", selected),
            ("crosshair", crosshair),
            ("area", area),
            ("command", command),
        ];
        self.announcer.show(ui, news);
    }

    /// Whose the keys are that a widget doesn't take.
    fn keys_are_for(&self) -> KeysFor {
        if self.is_covered() {
            KeysFor::Dialog
        } else if self.chart.takes_keys() {
            KeysFor::Area
        } else {
            KeysFor::Window
        }
    }

    /// Whether something lies over the chart that has to be closed first.
    fn is_covered(&self) -> bool {
        self.files.asks() || self.palette.is_open() || self.show_help || self.confirm.asks()
    }

    /// The runs that are looked at.
    fn looked_at(&self) -> Vec<LookedAt> {
        let alone = |run: Arc<Run>| vec![self.runs.look_at(run)];
        let newest = || self.lab.run().map(alone).unwrap_or_default();
        let several = match self.looking {
            Looking::Newest => return newest(),
            Looking::Run(number) => return self.find(number).map_or_else(newest, alone),
            Looking::Lesson => {
                let runs = self.lessons.runs(self.lab.run().as_ref()).unwrap_or_default().into_iter();
                let named =
                    |(name, run): (&str, Arc<Run>)| LookedAt { name: name.to_owned(), ..self.runs.look_at(run) };
                runs.map(named).collect()
            }
            Looking::Compared => self.runs.compared(),
        };
        if several.is_empty() { newest() } else { several }
    }

    /// Which of these runs all panels tell of: the one that was asked for, or the one that began last.
    fn in_focus(&self, runs: &[LookedAt]) -> Option<usize> {
        let asked_for = runs.iter().position(|looked| Some(looked.run.number) == self.focus);
        // One from a file did not begin here.
        let began = |index: &usize| (!runs::is_from_file(&runs[*index].run), runs[*index].run.number);
        asked_for.or_else(|| (0..runs.len()).max_by_key(began))
    }

    /// The run with that number, if it is still there.
    fn find(&self, number: usize) -> Option<Arc<Run>> {
        let of_labs = self.labs().filter_map(Lab::run).find(|run| run.number == number);
        of_labs.or_else(|| self.runs.find(number).cloned())
    }

    fn labs(&self) -> impl Iterator<Item = &Lab> {
        iter::once(&self.lab).chain(&self.beside)
    }

    /// Those that go on.
    fn live_runs(&self) -> Vec<Arc<Run>> {
        self.labs().filter_map(Lab::run).filter(|run| !run.ended()).collect()
    }

    /// Whether a run is in progress, or about to be.
    fn is_busy(&self) -> bool {
        self.begun < self.started || !self.live_runs().is_empty()
    }

    /// Offers a file among those that were used last.
    fn remember_file(&mut self, path: PathBuf) {
        self.recent.retain(|recent| *recent != path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }

    /// Does what was asked about.
    fn confirmed(&mut self, context: &Context, confirmed: &Confirmed) {
        if confirmed.never_again {
            self.never_ask.no_more(confirmed.question);
        }
        match confirmed.question {
            Question::Restart(number) => self.restart(context, number),
            Question::Close { .. } => {
                context.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    /// Asks before the window closes, if something would be lost.
    fn heed_closing(&mut self, context: &Context) {
        if self.confirm.may_close() || !context.input(|input| input.viewport().close_requested()) {
            return;
        }
        let question = Question::Close { live: self.live_runs().len(), unsaved: self.runs.unsaved() };
        let loses_something = question != Question::Close { live: 0, unsaved: 0 };
        if loses_something && !self.never_ask.about(question) {
            context.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.confirm.ask(question);
        }
    }

    /// The lab of the run in focus, if that goes on, or the first.
    fn lab_in_focus(&self) -> &Lab {
        let number = self.run().map(|run| run.number);
        let of_it = |lab: &&Lab| lab.run().is_some_and(|run| Some(run.number) == number && !run.ended());
        let goes_on = |lab: &&Lab| lab.run().is_some_and(|run| !run.ended());
        self.labs().find(of_it).or_else(|| self.labs().find(goes_on)).unwrap_or(&self.lab)
    }

    /// Results of what goes on elsewhere.
    fn take_in_what_came(&mut self, context: &Context) {
        for Pick { workload, param, path, open_for } in self.picks.try_iter().collect::<Vec<_>>() {
            if path.is_none() && open_for < NO_BROWSER {
                self.no_dialog = Some(param);
            }
            if let Some(path) = path {
                self.form.set_param(&workload, param, path.display().to_string());
            }
        }
        self.take_in_dropped(context);
        if let Some(params) = self.demo.take() {
            "sum".clone_into(&mut self.form.workload);
            for (name, text) in params {
                self.form.set_param("sum", name, text);
            }
            self.act(context, Action::Run);
        }
        for came in self.files.take_in(context) {
            match came {
                Came::Opened { name, path, run } => {
                    let number = run.number;
                    self.runs.keep(run);
                    self.runs.is_called(number, &name);
                    self.look_at(Looking::Run(number));
                    self.remember_file(path);
                }
                Came::Saved { number, path } => {
                    self.runs.is_saved(number);
                    self.remember_file(path);
                }
            }
        }
        // First those that go on: one that ends just now is among the ended ones all the same.
        let live = self.live_runs();
        let ended: Vec<_> = self.labs().flat_map(Lab::ended_runs).collect();
        for run in live.into_iter().chain(ended) {
            let number = run.number;
            self.begun = self.begun.max(number);
            if self.runs.keep(run) && self.to_compare.remove(&number) {
                self.runs.toggle_compared(number);
            }
        }
        for (name, run) in self.lessons.runs(self.lab.run().as_ref()).unwrap_or_default() {
            self.runs.is_called(run.number, name);
        }
        let free = !self.is_busy();
        if let Some(settings) = self.lessons.advance(self.lab.run().as_ref(), self.lab.last_number(), free, context) {
            self.start(context, settings);
            self.looking = Looking::Lesson;
        } else if free
            && !self.lessons.is_under_way()
            && let Some(Queued { settings, compared, .. }) = self.queue.pop()
        {
            let looking = self.looking;
            self.start(context, settings);
            if compared {
                self.to_compare.insert(self.started);
                self.looking = looking;
            }
        }
        // First ask to be woken, then look: what is published after the look wakes this thread.
        self.live.store(false, Ordering::SeqCst);
        if !self.live_runs().is_empty() {
            self.live.store(true, Ordering::SeqCst);
            self.ask_for_next_frame(context);
        }
    }

    /// A saved run is opened; anything else is for the workload.
    fn take_in_dropped(&mut self, context: &Context) {
        let dropped = context.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
        let Some(path) = dropped else { return };
        if path.extension().is_some_and(|ending| ending == "poolscope") {
            return self.files.open(context, path);
        }
        // Whether it is a folder is looked at when the run starts: this thread touches no disk.
        if let Some(input) = self.form.params().iter().find(|param| takes_input(param.kind)) {
            let workload = self.form.workload.clone();
            self.form.set_param(&workload, input.name, path.display().to_string());
        }
    }

    /// Bars grow by themselves: the next frame comes on time, but leaves the workers their cores.
    fn ask_for_next_frame(&self, context: &Context) {
        let interval = (self.frame_cost / (DRAWING_SHARE * self.cores)).clamp(FASTEST, SLOWEST);
        context.request_repaint_after(Duration::from_secs_f32((interval - self.frame_cost).max(0.001)));
    }
}

impl Drop for App {
    /// Each lab waits for its run to end; asked beforehand, they end at the same time.
    fn drop(&mut self) {
        self.labs().for_each(|lab| lab.send(Command::StopNow));
    }
}

/// What a lab wakes the window with.
fn waker(context: &Context, live: &Arc<AtomicBool>) -> impl Fn() + Send + 'static {
    let (context, live) = (context.clone(), Arc::clone(live));
    move || {
        if !live.load(Ordering::SeqCst) {
            context.request_repaint();
        }
    }
}

impl eframe::App for App {
    /// Also while the window can't be seen: what is to run next begins all the same.
    fn logic(&mut self, context: &Context, _: &mut eframe::Frame) {
        self.take_in_what_came(context);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.frame_cost = frame.info().cpu_usage.unwrap_or(0.0);
        let stopwatch = Stopwatch::start();
        self.draw(ui);
        // Comparing with the frame before comes after this; what it took for the last one is known.
        let repaint = ui.ctx().plugin_opt::<Repaint>().map(|repaint| repaint.lock().taken()).unwrap_or_default();
        self.frame_times.add(stopwatch.taken() + repaint, self.frame_cost);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, eframe::APP_KEY, &self.remembered());
    }

    fn persist_egui_memory(&self) -> bool {
        true
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        theme::clear_color(visuals).to_normalized_gamma_f32()
    }
}

/// Whether what is dropped on the window is for such a parameter.
const fn takes_input(kind: ParamKind) -> bool {
    matches!(kind, ParamKind::InputFolder | ParamKind::InputFile)
}

const fn preference(light: bool) -> ThemePreference {
    if light { ThemePreference::Light } else { ThemePreference::Dark }
}
