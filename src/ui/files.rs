//! Runs, pictures and tables as files: a small dialog asks where to, and a thread of its own writes or reads, so that the window
//! never waits for a disk.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::{
    Align2, Area, Button, Context, Frame, Grid, Id, Key, Label, Margin, Order, RichText, Role, Stroke, TextEdit, Ui,
    WidgetInfo, Window, vec2,
};

use super::chart::Chart;
use super::filter::Filter;
use super::picture::{self, PictureError, PictureSettings};
use super::runs::{self, LookedAt};
use super::{focus, readers, theme};
use crate::lab::{Report, Run, WriteError, write_csv, write_whole};
use crate::sys;
use crate::units::parse_whole;

/// What is written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    OpenRun,
    SaveRun,
    Picture,
    Csv,
}

/// What goes to the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    Text,
    Markdown,
}

/// See the module. It lasts as long as the window.
pub(super) struct Files {
    dialog: Option<Dialog>,
    picture: PictureFields,
    notice: Option<Notice>,
    done_in: Sender<(Asked, Done)>,
    done: Receiver<(Asked, Done)>,
    /// The system has no file dialogs of its own.
    lacks_browser: bool,
    /// How many dialogs there were.
    dialogs: u64,
    /// What runs from files are numbered, so that they are never mistaken for others.
    next_number: usize,
}

/// The number of the dialog that asked for it, if one did: what comes of it is told there, if that is still open.
type Asked = Option<u64>;

struct Dialog {
    number: u64,
    kind: FileKind,
    /// What was looked at when it opened; `None` = no run.
    subject: Option<Subject>,
    path: String,
    replace: bool,
    /// What was searched for when it opened, if anything, and whether only that is saved.
    filter: Option<(Filter, bool)>,
    /// It is being written or read.
    busy: bool,
    /// Its field is to get the keyboard with the next frame: what is typed, and Enter, belong to it and not to the chart behind.
    takes_keyboard: bool,
    /// Why nothing came of it.
    error: Option<String>,
}

/// What is saved, whatever is looked at meanwhile.
#[derive(Clone)]
struct Subject {
    /// Which part of the runs the picture shows.
    chart: Chart,
    runs: Vec<LookedAt>,
    /// The one of them whose items or events are saved.
    focus: usize,
}

/// What a dialog is asked about: what the chart shows, the one of its runs to save, and what is searched for.
pub(super) struct AskedAbout<'a> {
    pub(super) chart: &'a Chart,
    pub(super) runs: Vec<LookedAt>,
    pub(super) focus: Option<usize>,
    pub(super) filter: &'a Filter,
}

/// As typed.
struct PictureFields {
    width: String,
    height: String,
    scale: String,
    light: bool,
}

/// What is told at the edge of the window.
struct Notice {
    text: String,
    is_error: bool,
    since: Instant,
}

/// What came of something that went on elsewhere.
enum Done {
    Picked(PathBuf),
    /// The system's own dialog did not come up.
    NoBrowser,
    Wrote(String),
    /// The run with that number is in that file now.
    Saved(usize, PathBuf),
    /// A run, what its file is called, and where it is.
    Opened(Box<Run>, String, PathBuf),
    Copied(String),
    /// There is nothing to tell: it is seen.
    Shown,
    Failed(String),
}

/// What came of it for the app.
pub(super) enum Came {
    /// A run was read from a file of that name.
    Opened { name: String, path: PathBuf, run: Arc<Run> },
    /// The run with that number was saved.
    Saved { number: usize, path: PathBuf },
}

/// Nobody closes a dialog faster than this: there was none.
pub(super) const NO_BROWSER: Duration = Duration::from_millis(250);

/// Good news goes away by itself after this time.
const TOLD_FOR: Duration = Duration::from_secs(6);

impl FileKind {
    const fn title(self) -> &'static str {
        match self {
            Self::OpenRun => "Open a run",
            Self::SaveRun => "Save the run",
            Self::Picture => "Save the chart as a picture",
            Self::Csv => "Save the items as CSV",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::OpenRun | Self::SaveRun => "poolscope",
            Self::Picture => "png",
            Self::Csv => "csv",
        }
    }
}

impl Files {
    pub(super) fn new() -> Self {
        let (done_in, done) = unbounded();
        let picture = PictureSettings::default();
        let picture = PictureFields {
            width: picture.width.to_string(),
            height: picture.height.to_string(),
            scale: picture.scale.to_string(),
            light: picture.light,
        };
        Self {
            dialog: None,
            picture,
            notice: None,
            done_in,
            done,
            lacks_browser: false,
            dialogs: 0,
            next_number: runs::FROM_FILES,
        }
    }

    /// Asks for a place.
    pub(super) fn ask(&mut self, kind: FileKind, subject: AskedAbout<'_>) {
        let AskedAbout { chart, runs, focus, filter } = subject;
        let run = focus.and_then(|focus| runs.get(focus)).map(|looked| &*looked.run);
        match run {
            Some(run) if kind == FileKind::SaveRun && run.ended() && !run.can_be_saved() => {
                return self.tell("The run did not start, so there is nothing to save".to_owned(), true);
            }
            None if kind != FileKind::OpenRun => return self.tell("There is no run to save yet".to_owned(), true),
            Some(run) if kind == FileKind::SaveRun && !run.can_be_saved() => {
                return self.tell("A run can be saved once it is over".to_owned(), true);
            }
            _ => {}
        }
        let name =
            run.map_or_else(|| "run".to_owned(), |run| format!("{}-{}", run.settings.workload, run.settings.executor));
        let folder = dirs::document_dir().or_else(dirs::home_dir).unwrap_or_default();
        let path = if kind == FileKind::OpenRun { folder } else { folder.join(format!("{name}.{}", kind.ending())) };
        // What was told before is no part of this.
        self.notice = None;
        let path = path.display().to_string();
        self.dialogs += 1;
        let number = self.dialogs;
        let subject = focus.map(|focus| Subject { chart: chart.still(), runs, focus });
        let (replace, busy, takes_keyboard, error) = (false, false, true, None);
        let filter = (!filter.is_empty()).then(|| (filter.clone(), true));
        self.dialog = Some(Dialog { number, kind, subject, path, replace, filter, busy, takes_keyboard, error });
    }

    /// Whether a dialog is open.
    pub(super) const fn asks(&self) -> bool {
        self.dialog.is_some()
    }

    /// Closes the dialog. Returns whether there was one.
    pub(super) fn close(&mut self) -> bool {
        self.dialog.take().is_some()
    }

    /// Says something at the edge of the window.
    pub(super) fn tell(&mut self, text: String, is_error: bool) {
        self.notice = Some(Notice { text, is_error, since: Instant::now() });
    }

    /// Takes back what it says there.
    pub(super) fn stop_telling(&mut self) {
        self.notice = None;
    }

    /// Tells why nothing came of what the dialog asked for.
    fn fail(&self, asked: Asked, text: String) {
        let _ = self.done_in.send((asked, Done::Failed(text)));
    }

    /// Opens a file, which was dropped on the window or named.
    pub(super) fn open(&mut self, context: &Context, path: PathBuf) {
        self.open_for(None, context, path);
    }

    fn open_for(&mut self, asked: Asked, context: &Context, path: PathBuf) {
        let number = self.next_number;
        self.next_number += 1;
        self.in_background(asked, context, move || match Run::open(&path, number) {
            Err(_) if path.is_dir() => Done::Failed(format!("{} is a folder: name a run in it", path.display())),
            Ok(run) => {
                let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let path = std::path::absolute(&path).unwrap_or(path);
                Done::Opened(Box::new(run), name, path)
            }
            Err(error) => Done::Failed(error.to_string()),
        });
    }

    /// Puts the figures of a run on the clipboard.
    pub(super) fn copy(&self, context: &Context, run: &Run, how: Copied) {
        let run = run.clone();
        self.in_background(None, context, move || {
            let report = Report::new(&run);
            Done::Copied(if how == Copied::Markdown { report.markdown() } else { report.readable() })
        });
    }

    /// Takes in what came of what went on elsewhere.
    pub(super) fn take_in(&mut self, context: &Context) -> Vec<Came> {
        let mut came = Vec::new();
        for (asked, done) in self.done.try_iter().collect::<Vec<_>>() {
            let mut dialog = self.dialog.take_if(|dialog| Some(dialog.number) == asked);
            match done {
                Done::Picked(path) => {
                    if let Some(dialog) = &mut dialog {
                        dialog.path = path.display().to_string();
                        // Whoever chose an existing file there was asked there.
                        dialog.replace = true;
                    }
                }
                Done::Wrote(text) => {
                    dialog = None;
                    self.tell(text, false);
                }
                Done::Saved(number, path) => {
                    dialog = None;
                    self.tell(format!("Saved {}", path.display()), false);
                    came.push(Came::Saved { number, path });
                }
                Done::Opened(run, name, path) => {
                    // What went wrong before is mended.
                    (dialog, self.notice) = (None, None);
                    came.push(Came::Opened { name, path, run: Arc::from(run) });
                }
                Done::NoBrowser => self.lacks_browser = true,
                Done::Shown => {}
                Done::Copied(text) => {
                    context.copy_text(text);
                    self.tell("Copied to the clipboard".to_owned(), false);
                }
                // Where the dialog is, what is wrong is told in it, until something is changed.
                Done::Failed(text) => match &mut dialog {
                    Some(dialog) => {
                        (dialog.busy, dialog.takes_keyboard, dialog.error) = (false, true, Some(text));
                    }
                    None => self.tell(text, true),
                },
            }
            self.dialog = dialog.or(self.dialog.take());
        }
        came
    }

    /// Shows the folder in which that file is, in the system's own program for it.
    pub(super) fn show_in_folder(&self, context: &Context, path: PathBuf) {
        self.in_background(None, context, move || {
            let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(&path) };
            match path.symlink_metadata().and_then(|_| sys::open_folder(folder)) {
                Ok(()) => Done::Shown,
                Err(error) => Done::Failed(format!("Can't show {} in its folder: {error}", path.display())),
            }
        });
    }

    /// Draws the dialog and the notice, if there are such. `now` are the runs that are looked at.
    pub(super) fn show(&mut self, context: &Context, now: &[LookedAt]) {
        let mut pressed = Pressed::Nothing;
        if let Some(dialog) = &mut self.dialog {
            let mut open = true;
            let window = Window::new(dialog.kind.title()).open(&mut open).resizable(false).collapsible(false);
            let sender = self.done_in.clone();
            let shown = window.anchor(Align2::CENTER_CENTER, vec2(0.0, -40.0)).show(context, |ui| {
                ui.set_width(440.0);
                readers::dialog(ui, dialog.kind.title());
                let browse = (!self.lacks_browser).then_some(&sender);
                pressed = fields(ui, dialog, &mut self.picture, browse);
            });
            focus::keep_within(context, shown.map(|shown| shown.response));
            // The field that has the keyboard hears of it first, but one press is enough.
            if !open || pressed == Pressed::Cancel || context.input(|input| input.key_pressed(Key::Escape)) {
                self.dialog = None;
            }
        }
        if pressed == Pressed::Do {
            if let Some(dialog) = &mut self.dialog {
                (dialog.busy, dialog.error) = (true, None);
            }
            self.start(context, now);
        }
        self.show_notice(context);
    }

    fn start(&mut self, context: &Context, now: &[LookedAt]) {
        let Some(dialog) = &self.dialog else { return };
        let (mut path, replace, kind) = (PathBuf::from(dialog.path.trim()), dialog.replace, dialog.kind);
        let asked = Some(dialog.number);
        if kind == FileKind::OpenRun {
            return self.open_for(asked, context, path);
        }
        if path.file_name().is_some() && path.extension().is_none() {
            path.set_extension(kind.ending());
        }
        let Some(Subject { chart, mut runs, focus }) = dialog.subject.clone() else {
            return self.fail(asked, "There is no run to save.".to_owned());
        };
        // One that went on meanwhile is saved as it is now.
        for looked in &mut runs {
            if let Some(newer) = now.iter().find(|newer| newer.run.number == looked.run.number) {
                looked.run = Arc::clone(&newer.run);
            }
        }
        if kind == FileKind::Picture {
            let settings = match self.picture.parse() {
                Ok(settings) => settings,
                Err(text) => return self.fail(asked, text),
            };
            return self.in_background(asked, context, move || {
                let shown: Vec<_> = runs.iter().map(LookedAt::shown).collect();
                wrote(&path, picture::save(&chart, &shown, &path, settings, replace), |error| match error {
                    PictureError::Write(error) => Some(error),
                    _ => None,
                })
            });
        }
        let Some(run) = runs.get(focus).map(|looked| Arc::clone(&looked.run)) else { return };
        let filter = dialog.filter.clone().filter(|(_, only)| *only).map(|(filter, _)| filter);
        self.in_background(asked, context, move || {
            let written = write_whole(&path, replace, |out| match (kind, &filter) {
                (FileKind::Csv, Some(filter)) => write_csv(&run, out, filter.matcher(&run)),
                (FileKind::Csv, None) => write_csv(&run, out, |_| true),
                _ => run.save(out),
            });
            match wrote(&path, written, |error| Some(error)) {
                Done::Wrote(_) if kind == FileKind::SaveRun => {
                    Done::Saved(run.number, std::path::absolute(&path).unwrap_or(path))
                }
                done => done,
            }
        });
    }

    fn in_background(&self, asked: Asked, context: &Context, work: impl FnOnce() -> Done + Send + 'static) {
        let (sender, context) = (self.done_in.clone(), context.clone());
        let working = move || {
            // Even a bug in here must not leave the user without an answer.
            let done = catch_unwind(AssertUnwindSafe(work));
            let done = done.unwrap_or_else(|_| Done::Failed("Internal error (please report it)".to_owned()));
            let _ = sender.send((asked, done));
            context.request_repaint();
        };
        if let Err(error) = thread::Builder::new().name("files".to_owned()).spawn(working) {
            self.fail(asked, error.to_string());
        }
    }

    fn show_notice(&mut self, context: &Context) {
        let Some(notice) = &self.notice else { return };
        let left = TOLD_FOR.saturating_sub(notice.since.elapsed());
        if !notice.is_error {
            if left.is_zero() {
                self.notice = None;
                return;
            }
            context.request_repaint_after(left);
        }
        let mut closed = false;
        let area =
            Area::new(Id::unique("notice")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -36.0));
        area.show(context, |ui| {
            let palette = theme::palette(ui);
            let line = if notice.is_error { palette.error } else { palette.computing };
            let frame = Frame::new().fill(palette.raised).stroke(Stroke::new(1.0, line)).corner_radius(6);
            frame.inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
                ui.set_max_width(460.0);
                ui.horizontal_top(|ui| {
                    let room = ui.available_width() - 40.0;
                    ui.scope(|ui| {
                        ui.set_max_width(room);
                        readers::live(&ui.add(Label::new(&notice.text).wrap()));
                    });
                    let button = ui.button("×").on_hover_text("Close");
                    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close the notice"));
                    closed = button.clicked();
                });
            });
        });
        if closed {
            self.notice = None;
        }
    }
}

impl PictureFields {
    fn parse(&self) -> Result<PictureSettings, String> {
        let whole = |name: &str, text: &str| {
            let number = parse_whole(text).and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| format!("{name}: must be a whole number, not `{text}`"))
        };
        let settings = PictureSettings {
            width: whole("width", &self.width)?,
            height: whole("height", &self.height)?,
            scale: self.scale.trim().parse().map_err(|_| format!("scale: must be a number, not `{}`", self.scale))?,
            light: self.light,
        };
        settings.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }
}

/// What the dialog says of files that are there already.
const REPLACE: &str = "Overwrite existing file";

/// What came of writing; `of_file` = the error about the file itself, if it is one.
fn wrote<E: fmt::Display>(path: &Path, written: Result<(), E>, of_file: fn(&E) -> Option<&WriteError>) -> Done {
    match written {
        Ok(()) => Done::Wrote(format!("Saved {}", path.display())),
        Err(error) if matches!(of_file(&error), Some(WriteError::Exists(_))) => {
            Done::Failed(format!("{error}. Tick “{REPLACE}”, or choose another name"))
        }
        Err(error) => Done::Failed(error.to_string()),
    }
}

/// What was asked for in the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pressed {
    Nothing,
    Do,
    Cancel,
}

/// Draws what is in the dialog.
fn fields(
    ui: &mut Ui,
    dialog: &mut Dialog,
    picture: &mut PictureFields,
    picked: Option<&Sender<(Asked, Done)>>,
) -> Pressed {
    // Enter is for the dialog, also after a click on a box that can be ticked.
    let enter = ui.input(|input| input.key_pressed(Key::Enter));
    let mut entered = enter && ui.memory(|memory| memory.focused().is_none());
    let of_run = dialog.subject.as_ref().and_then(|subject| subject.runs.get(subject.focus));
    if let Some(looked) = of_run.filter(|_| matches!(dialog.kind, FileKind::SaveRun | FileKind::Csv)) {
        let dim = theme::palette(ui).dim;
        ui.add(Label::new(RichText::new(&looked.name).size(11.5).color(dim)).truncate());
    }
    ui.horizontal(|ui| {
        let field =
            TextEdit::singleline(&mut dialog.path).id(Id::unique("file")).desired_width(ui.available_width() - 44.0);
        let field = ui.add(field.hint_text("path of the file"));
        readers::name_field(&field, Role::TextInput, "file", &dialog.path);
        if std::mem::take(&mut dialog.takes_keyboard) {
            field.request_focus();
        }
        // What was allowed for another file is not for this one.
        if field.changed() {
            (dialog.replace, dialog.error) = (false, None);
        }
        entered |= field.lost_focus() && enter;
        let button =
            ui.add_enabled(picked.is_some(), Button::new("…")).on_hover_text("Choose in the system's file dialog");
        let button = button.on_disabled_hover_text("This system has no file dialog: type the path");
        button.widget_info(|| WidgetInfo::labeled(Role::Button, picked.is_some(), "Choose the file"));
        if let Some(picked) = picked.filter(|_| button.clicked()) {
            browse(ui.ctx(), dialog, picked.clone());
        }
    });
    if dialog.kind == FileKind::Picture {
        entered |= picture_fields(ui, picture) && enter;
    }
    if let Some((_, only)) = dialog.filter.as_mut().filter(|_| dialog.kind == FileKind::Csv) {
        theme::tickable(ui, |ui| ui.checkbox(only, "Only the items that match the search"));
    }
    if dialog.kind != FileKind::OpenRun {
        theme::tickable(ui, |ui| ui.checkbox(&mut dialog.replace, REPLACE));
    }
    if let Some(error) = &dialog.error {
        let color = theme::palette(ui).error;
        readers::live(&ui.add(Label::new(RichText::new(error).size(11.5).color(color)).wrap()));
    }
    ui.add_space(4.0);
    let verb = if dialog.kind == FileKind::OpenRun { "Open" } else { "Save" };
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        let text = RichText::new(verb).family(theme::strong()).color(palette.on_button);
        let button = Button::new(text).fill(palette.button).min_size(vec2(84.0, 26.0));
        let button = ui.add_enabled(!dialog.busy, button);
        button.widget_info(|| WidgetInfo::labeled(Role::Button, !dialog.busy, verb));
        let cancel = ui.add(Button::new("Cancel").min_size(vec2(84.0, 26.0)));
        if cancel.clicked() {
            Pressed::Cancel
        } else if button.clicked() || entered && !dialog.busy {
            Pressed::Do
        } else {
            Pressed::Nothing
        }
    })
    .inner
}

/// Returns whether one of the fields was left.
fn picture_fields(ui: &mut Ui, picture: &mut PictureFields) -> bool {
    let dim = theme::palette(ui).dim;
    let mut left = false;
    Grid::new("picture").num_columns(2).spacing([12.0, 6.0]).show(ui, |ui| {
        let fields = [("width", &mut picture.width), ("height", &mut picture.height), ("scale", &mut picture.scale)];
        for (name, text) in fields {
            ui.label(RichText::new(name).color(dim));
            let field = ui.add(TextEdit::singleline(text).id(Id::unique(("picture", name))).desired_width(80.0));
            readers::name_field(&field, Role::TextInput, name, text);
            left |= field.lost_focus();
            ui.end_row();
        }
    });
    theme::tickable(ui, |ui| ui.checkbox(&mut picture.light, "Light"));
    let text = "Width and height in points, scale in pixels a point. The ending of the name decides: .png or .svg";
    ui.label(RichText::new(text).size(11.0).color(dim));
    left
}

/// The system's own dialog. It is made here, as some systems ask for, and waited for elsewhere.
fn browse(context: &Context, dialog: &Dialog, picked: Sender<(Asked, Done)>) {
    let (path, asked) = (PathBuf::from(dialog.path.trim()), Some(dialog.number));
    let ending = dialog.kind.ending();
    let mut system = rfd::AsyncFileDialog::new().add_filter(ending, &[ending]);
    if dialog.kind == FileKind::Picture {
        system = system.add_filter("svg", &["svg"]);
    }
    let folder = if dialog.kind == FileKind::OpenRun { Some(path.as_path()) } else { path.parent() };
    if let Some(folder) = folder {
        system = system.set_directory(folder);
    }
    let chosen: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> =
        if dialog.kind == FileKind::OpenRun {
            Box::pin(system.pick_file())
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Box::pin(system.set_file_name(name).save_file())
        };
    let context = context.clone();
    // No thread, no dialog: the path can still be typed.
    let _ = thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
        let opened = Instant::now();
        let done = match pollster::block_on(chosen) {
            Some(file) => Done::Picked(file.path().to_owned()),
            None if opened.elapsed() < NO_BROWSER => Done::NoBrowser,
            None => return,
        };
        let _ = picked.send((asked, done));
        context.request_repaint();
    });
}
