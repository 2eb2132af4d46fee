//! The window's state, and how a frame goes: look at the run, draw the panels, then do what the user asked for.

use std::iter;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::{self, CentralPanel, Context, Frame, Margin, Panel, ScrollArea, ThemePreference, Ui};
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::chart::{Chart, Shown};
use super::command_palette::CommandPalette;
use super::details::Details;
use super::form::Form;
use super::lessons::Lessons;
use super::time_machine::{Past, TimeMachine};
use super::{area_panel, commands, deadlock, flow, help, inspector, runs, settings_panel, theme, toolbar, transport};
use crate::executor::{Pending, WorkerCommand};
use crate::lab::{CheckedSettings, Command, ExecutorKind, Lab, Run};
use crate::workload::ParamKind;

/// Ended runs that can be looked at again. Each holds its whole trace.
const RUNS_KEPT: usize = 8;
/// All of them together have no more calls than this, some hundred bytes each.
const CALLS_KEPT: usize = 2_000_000;

/// What a panel beside the chart takes, and what has to be left for the chart: where there is no room for that, the settings give way
/// to a lesson and to the inspector.
const ROOM_FOR_PANEL: f32 = 330.0;
const ROOM_FOR_CHART: f32 = 560.0;

/// While a run goes on, a picture at least this often, and at most [`FASTEST`].
const SLOWEST: f32 = 0.024;
const FASTEST: f32 = 0.016;
/// Of the time of one core, drawing may take this part before pictures come less often.
const DRAWING_SHARE: f32 = 0.25;

/// What the window remembers from one start to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    form: Form,
    light: bool,
}

/// What came of a dialog for files or folders, for the parameter of this name.
struct Pick {
    workload: String,
    param: &'static str,
    path: Option<PathBuf>,
    /// How long the dialog was there.
    open_for: Duration,
}

/// Nobody closes a dialog faster than this: there was none.
const NO_DIALOG: Duration = Duration::from_millis(250);

/// The window.
pub struct App {
    lab: Lab,
    form: Form,
    chart: Chart,
    details: Details,
    lessons: Lessons,
    time: TimeMachine,
    palette: CommandPalette,
    light: bool,
    show_help: bool,
    /// Ended runs, oldest first.
    past: Vec<Arc<Run>>,
    /// A past run that is looked at, by its number; `None` = the newest.
    shown: Option<usize>,
    /// The runs of the lesson are looked at together, on one time axis.
    together: bool,
    /// Frames come by themselves, so the lab need not ask for one.
    live: Arc<AtomicBool>,
    picks_in: Sender<Pick>,
    picks: Receiver<Pick>,
    /// A dialog was asked for, for this parameter, and the system has none.
    no_dialog: Option<&'static str>,
    /// How long the last frame took to draw, in seconds.
    frame_cost: f32,
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
        theme::install(context);
        context.set_theme(preference(remembered.light));
        let live = Arc::new(AtomicBool::new(false));
        let (waker, lab_live) = (context.clone(), Arc::clone(&live));
        let wake = move || {
            if !lab_live.load(Ordering::SeqCst) {
                waker.request_repaint();
            }
        };
        let (picks_in, picks) = unbounded();
        Ok(Self {
            lab: Lab::start(worker_command, wake)?,
            form: remembered.form,
            chart: Chart::default(),
            details: Details::default(),
            lessons: Lessons::new(),
            time: TimeMachine::default(),
            palette: CommandPalette::default(),
            light: remembered.light,
            show_help: false,
            past: Vec::new(),
            shown: None,
            together: false,
            live,
            picks_in,
            picks,
            no_dialog: None,
            frame_cost: 0.0,
        })
    }

    /// What to remember.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        Remembered { form: self.form.clone(), light: self.light }
    }

    /// The run that is shown.
    #[must_use]
    pub fn run(&self) -> Option<Arc<Run>> {
        let past = self.shown.and_then(|number| self.past.iter().find(|run| run.number == number));
        past.cloned().or_else(|| self.lab.run())
    }

    /// Draws a frame into `ui`, which is the whole window.
    pub fn show(&mut self, ui: &mut Ui) {
        self.take_in_what_came(ui.ctx());
        // Keys first: what they ask for is seen in this very frame.
        for action in commands::pressed(ui.ctx()) {
            self.act(ui.ctx(), action);
        }
        let newest = self.lab.run();
        let live = newest.as_deref().filter(|run| !run.ended());
        let run = self.run();
        let lesson_runs = self.lessons.runs(newest.as_ref()).filter(|_| self.together).unwrap_or_default();
        let runs: Vec<(&str, &Run)> = if lesson_runs.is_empty() {
            run.as_deref().map(|run| ("", run)).into_iter().collect()
        } else {
            lesson_runs.iter().map(|(name, run)| (*name, &**run)).collect()
        };
        let past = self.time.look(ui.ctx(), &runs.iter().map(|(_, run)| *run).collect::<Vec<_>>());
        let pasts = past.iter().flat_map(|past| past.runs.iter().map(Some)).chain(iter::repeat(None));
        let shown: Vec<_> = runs.iter().zip(pasts).map(|(&(name, run), past)| Shown { run, name, past }).collect();
        let mut actions = Vec::new();
        self.panels(ui, &shown, live, past.as_ref(), &mut actions);
        self.palette.show(ui.ctx(), Self::of_live_run(live), &mut actions);
        if self.show_help {
            help::show(ui.ctx(), &mut self.show_help);
        }
        for action in actions {
            self.act(ui.ctx(), action);
        }
    }

    /// Draws all panels; the last of the runs that are `shown` is in focus.
    fn panels(
        &mut self,
        ui: &mut Ui,
        shown: &[Shown<'_>],
        live: Option<&Run>,
        past: Option<&Past>,
        actions: &mut Vec<Action>,
    ) {
        let now = shown.last().map(|shown| shown.run);
        // As it was at the moment that is looked at.
        let run = shown.last().map(Shown::looked_at);
        let settings = self.form.check();
        let errors = settings.as_ref().err().map_or(&[][..], Vec::as_slice);
        let palette = theme::palette(ui);
        let panel = Frame::new().fill(palette.panel);

        Panel::top("toolbar").frame(panel.inner_margin(Margin::symmetric(12, 8))).show(ui, |ui| {
            toolbar::show(ui, run, live, errors.first(), actions);
        });
        let (item, area) = (self.chart.selected(shown), self.chart.area(shown));
        // A lesson brings its own settings, and the chart needs room beside it.
        let inspecting = item.is_some() || area.is_some();
        let beside = usize::from(self.lessons.open) + usize::from(inspecting);
        if ui.available_width() >= ROOM_FOR_CHART + ROOM_FOR_PANEL * (beside + 1) as f32 || beside == 0 {
            Panel::left("settings").frame(panel).default_size(256.0).size_range(232.0..=420.0).show(ui, |ui| {
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                    Frame::new().inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
                        settings_panel::show(ui, &mut self.form, errors, self.no_dialog, live, actions);
                        ui.add_space(10.0);
                        runs::show(ui, &self.past, live, now, actions);
                    });
                });
            });
        }
        if self.lessons.open {
            let frame = panel.inner_margin(Margin::symmetric(12, 10));
            Panel::right("lessons").frame(frame).default_size(400.0).size_range(300.0..=640.0).show(ui, |ui| {
                self.lessons.show(ui, actions);
            });
        }
        if inspecting {
            let frame = panel.inner_margin(Margin::symmetric(12, 10));
            Panel::right("inspector").frame(frame).default_size(300.0).size_range(240.0..=480.0).show(ui, |ui| {
                if let Some(area) = &area {
                    area_panel::show(ui, area, actions);
                    ui.add_space(12.0);
                }
                if let Some(item) = &item {
                    inspector::show(ui, item, actions);
                }
            });
        }
        let room = ui.available_height();
        Panel::bottom("details")
            .frame(panel.inner_margin(Margin::symmetric(12, 8)))
            .resizable(true)
            .default_size(room * 0.34)
            .size_range(130.0..=room * 0.45)
            .show(ui, |ui| self.details.show(ui, run, self.chart.view(shown)));
        if now.is_some_and(|run| !run.history.is_empty()) {
            let frame = panel.inner_margin(Margin::symmetric(12, 4));
            Panel::bottom("transport").frame(frame).show_separator_line(false).show(ui, |ui| {
                transport::show(ui, now, &mut self.time, past, actions);
            });
        }
        let background = Frame::new().fill(palette.background);
        CentralPanel::default().frame(background.inner_margin(Margin::symmetric(12, 8))).show(ui, |ui| {
            let call =
                item.and_then(|item| item.call()).filter(|(number, _)| now.is_some_and(|run| run.number == *number));
            flow::show(ui, run, call.map(|(_, call)| call), actions);
            let stuck = live.filter(|live| past.is_none() && now.is_some_and(|run| run.number == live.number));
            deadlock::show(ui, stuck, actions);
            ui.add_space(6.0);
            self.chart.show(ui, shown, self.time.time(), actions);
        });
    }

    /// Results of what goes on elsewhere.
    fn take_in_what_came(&mut self, context: &Context) {
        for Pick { workload, param, path, open_for } in self.picks.try_iter().collect::<Vec<_>>() {
            self.no_dialog = (path.is_none() && open_for < NO_DIALOG).then_some(param);
            if let Some(path) = path {
                self.form.set_param(&workload, param, path.display().to_string());
            }
        }
        let dropped = context.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
        // Whether it is a folder is looked at when the run starts: this thread touches no disk.
        if let Some(folder) = dropped
            && let Some(input) = self.form.params().iter().find(|param| takes_input(param.kind))
        {
            let workload = self.form.workload.clone();
            self.form.set_param(&workload, input.name, folder.display().to_string());
        }
        for run in self.lab.ended_runs() {
            self.past.push(run);
        }
        self.forget_old_runs();
        if let Some(settings) = self.lessons.advance(self.lab.run().as_ref()) {
            self.start(context, settings);
            self.together = true;
        }
        // First ask to be woken, then look: what is published after the look wakes this thread.
        self.live.store(false, Ordering::SeqCst);
        let Some(run) = self.lab.run() else { return };
        if !run.ended() {
            self.live.store(true, Ordering::SeqCst);
            self.ask_for_next_frame(context);
        }
    }

    fn forget_old_runs(&mut self) {
        let calls = |run: &Arc<Run>| run.trace.call_count();
        while self.past.len() > 1
            && (self.past.len() > RUNS_KEPT || self.past.iter().map(calls).sum::<usize>() > CALLS_KEPT)
        {
            self.past.remove(0);
        }
    }

    /// Bars grow by themselves: the next frame comes on time, but leaves the workers their cores.
    fn ask_for_next_frame(&self, context: &Context) {
        let interval = (self.frame_cost / DRAWING_SHARE).clamp(FASTEST, SLOWEST);
        context.request_repaint_after(Duration::from_secs_f32((interval - self.frame_cost).max(0.001)));
    }

    fn start(&mut self, context: &Context, settings: Box<CheckedSettings>) {
        self.shown = None;
        self.together = false;
        self.time.look_at(None);
        self.chart.fit();
        self.lab.send(Command::Run(settings));
        context.request_repaint();
    }

    fn act(&mut self, context: &Context, action: Action) {
        match action {
            Action::Run => {
                if let Ok(settings) = self.form.check() {
                    self.start(context, Box::new(settings));
                }
            }
            Action::Stop => self.lab.send(Command::Stop),
            Action::StopNow => self.lab.send(Command::StopNow),
            Action::ShowRun(number) => {
                let newest = self.lab.run().is_some_and(|run| run.number == number);
                self.shown = (!newest).then_some(number);
                self.together = false;
                self.time.look_at(None);
                self.chart.fit();
            }
            Action::SetWorkers(workers) => self.lab.send(Command::SetWorkers(workers)),
            Action::InterruptCall(call, why) => self.lab.send(Command::InterruptCall(call, why)),
            Action::CancelCall(call) => self.lab.send(Command::CancelPending(Pending::Call(call.into()))),
            Action::CancelPending => self.lab.send(Command::CancelPending(Pending::All)),
            Action::KillWorker(worker) => self.lab.send(Command::KillWorker(worker)),
            Action::SetChunksize(chunksize) => self.lab.send(Command::SetChunksize(chunksize)),
            Action::AddWorkers(change) => self.add_workers(change),
            Action::SubmitMore => self.lab.send(Command::SubmitMore),
            Action::Close => self.lab.send(Command::Close),
            Action::PickPath(param) => self.pick_path(context, param),
            Action::RunLesson(lesson) => self.lessons.begin(lesson, context),
            Action::ShowLessonRuns => {
                self.together = true;
                self.chart.fit();
            }
            Action::TakeOver(settings) => self.form.take_over(*settings),
            Action::Select(selection) => self.chart.select(selection),
            Action::Move(way) => self.chart.ask(way),
            Action::ShowTimes(start, end) => self.chart.show_times(start, end),
            Action::LookAt(time) => self.time.look_at(time),
            Action::StepEvents(events) => self.time.step(events),
            Action::PauseView => self.time.toggle(self.run().as_deref()),
            Action::PlayReplay => self.time.play(),
            Action::PauseReplay => self.time.pause(),
            Action::Clear => {
                let closed = self.palette.close() || std::mem::take(&mut self.show_help) || self.chart.clear();
                if !closed {
                    self.time.look_at(None);
                }
            }
            Action::ChooseWorkload(name) => name.clone_into(&mut self.form.workload),
            Action::OpenLesson(lesson) => self.lessons.open_lesson(lesson),
            Action::TogglePalette => self.palette.toggle(),
            Action::ToggleLessons => self.lessons.open = !self.lessons.open,
            Action::ToggleTheme => {
                self.light = !self.light;
                context.set_theme(preference(self.light));
            }
            Action::ToggleHelp => self.show_help = !self.show_help,
        }
    }

    /// So many workers more, or fewer: of the run that goes on, or of the next.
    fn add_workers(&mut self, change: isize) {
        let live = self.lab.run().filter(|run| !run.ended() && run.settings.executor == self.form.executor);
        let now = live.as_ref().map(|run| run.settings.workers).or_else(|| self.form.workers.trim().parse().ok());
        let wanted = now.unwrap_or(1).saturating_add_signed(change).clamp(1, self.form.executor.workers_limit());
        self.form.workers = wanted.to_string();
        if live.is_some() && self.form.executor != ExecutorKind::Sequential {
            self.lab.send(Command::SetWorkers(wanted));
        }
    }

    /// What can be done to the run that goes on, for the palette.
    fn of_live_run(live: Option<&Run>) -> Vec<(String, Action)> {
        let Some(live) = live else { return Vec::new() };
        let mut commands = vec![
            ("Cancel all pending calls".to_owned(), Action::CancelPending),
            ("Submit the items once more".to_owned(), Action::SubmitMore),
            ("Close: shutdown(cancel_futures=False)".to_owned(), Action::Close),
        ];
        let processes = live.trace.lanes().iter().filter(|lane| lane.pid.is_some() && lane.exited.is_none());
        commands.extend(processes.map(|lane| {
            let worker = lane.worker;
            (format!("Kill worker {worker}"), Action::KillWorker(worker))
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

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.frame_cost = frame.info().cpu_usage.unwrap_or(0.0);
        self.show(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, eframe::APP_KEY, &self.remembered());
    }

    fn persist_egui_memory(&self) -> bool {
        true
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// Whether what is dropped on the window is for such a parameter.
const fn takes_input(kind: ParamKind) -> bool {
    matches!(kind, ParamKind::InputFolder | ParamKind::InputFile)
}

const fn preference(light: bool) -> ThemePreference {
    if light { ThemePreference::Light } else { ThemePreference::Dark }
}
