//! The lessons: a panel with the list, a text, a question to answer first, and what came of the runs.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use eframe::egui::{
    Button, CollapsingHeader, Context, Frame, Grid, Id, Label, Margin, RichText, Role, ScrollArea, Stroke, TextEdit,
    Ui, WidgetInfo, vec2,
};

use super::action::Action;
use super::{focus, prose, readers, theme};
use crate::lab::{CheckedSettings, End, Run, Status};
use crate::lesson::{self, Course, Lesson, LessonRun, Machine, Outcome, Question, Step, Verdict};

/// What the panel holds. It lasts as long as the window.
pub(super) struct Lessons {
    pub(super) open: bool,
    lesson: Option<&'static Lesson>,
    /// What is looked for in the list.
    search: String,
    /// The answer that the learner has chosen, of the lesson that is open.
    guess: Option<usize>,
    machine: Arc<Machine>,
    progress: Progress,
    /// Its runs, from when it begins.
    course: Option<Course>,
    /// The numbers of those that were deleted from the list of runs since: they still count, but are not drawn.
    deleted: Vec<usize>,
    /// What is shown has just been turned to: whoever uses keys is to be in it.
    just_turned: bool,
    /// It has just come to its end: what is to be seen is shown by itself.
    just_done: bool,
}

/// How far the lesson is.
enum Progress {
    NotBegun,
    /// The pace of this machine is measured, in a thread of its own.
    Measuring(Receiver<Course>),
    Running {
        /// The run's number in the lab, once it has one.
        number: Option<usize>,
    },
    /// What was seen is to be looked at before the next run replaces it.
    Paused,
    /// The pace is measured once more, in a thread of its own.
    Concluding(Receiver<(Course, Option<Outcome>)>),
    Done(Outcome),
    /// Another run came in between, or one broke off.
    GivenUp(String),
}

impl Lessons {
    pub(super) fn new() -> Self {
        Self {
            open: false,
            lesson: None,
            search: String::new(),
            guess: None,
            machine: Arc::default(),
            progress: Progress::NotBegun,
            course: None,
            deleted: Vec::new(),
            just_turned: false,
            just_done: false,
        }
    }

    /// Draws the panel; `stuck` = the tasks of the run that goes on wait for each other forever.
    pub(super) fn show(&mut self, ui: &mut Ui, stuck: bool, actions: &mut Vec<Action>) {
        let turns = std::mem::take(&mut self.just_turned) && focus::keys_are_used(ui.ctx());
        ui.horizontal(|ui| {
            if self.lesson.is_some() {
                let back = ui.button("‹ All lessons");
                back.widget_info(|| WidgetInfo::labeled(Role::Button, true, "All lessons"));
                if turns {
                    back.request_focus();
                }
                if back.clicked() {
                    (self.lesson, self.just_turned) = (None, true);
                }
            }
            theme::heading(ui, "LESSONS");
            let close = ui.button("Close").on_hover_text("Close the lessons (L)");
            close.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close the lessons"));
            if turns && self.lesson.is_none() {
                close.request_focus();
            }
            if close.clicked() {
                self.open = false;
            }
        });
        ui.add_space(4.0);
        let by_key = focus::scrolled_by_key(ui, "lesson");
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.scroll_with_delta(by_key);
            // Beside the bar that says that there is more.
            ui.set_max_width(ui.available_width() - 14.0);
            match self.lesson {
                None => self.list(ui),
                Some(lesson) => self.lesson(ui, lesson, stuck, actions),
            }
            focus::keep_in_sight(ui);
        });
    }

    /// Opens the panel, or closes it.
    pub(super) fn toggle(&mut self) {
        self.open = !self.open;
        self.just_turned = self.open;
    }

    /// Opens the panel at that lesson.
    pub(super) fn open_lesson(&mut self, lesson: &'static Lesson) {
        (self.open, self.just_turned) = (true, true);
        self.lesson = Some(lesson);
        (self.guess, self.progress) = (None, Progress::NotBegun);
        self.course = None;
        self.deleted.clear();
    }

    fn list(&mut self, ui: &mut Ui) {
        let palette = theme::palette(ui);
        ui.label(
            RichText::new("Published examples, run for real. Predict first, then watch.").size(11.5).color(palette.dim),
        );
        let field = TextEdit::singleline(&mut self.search).id(Id::unique(("field", "search lessons")));
        let field =
            ui.add(field.desired_width(f32::INFINITY).hint_text("Search lessons").margin(Margin::symmetric(6, 4)));
        readers::name_field(&field, Role::SearchInput, "search lessons", &self.search);
        ui.add_space(6.0);
        let words = self.search.to_lowercase();
        let fits = |lesson: &Lesson| words.split_whitespace().all(|word| lesson.text.to_lowercase().contains(word));
        let found = lesson::topics().iter().map(|topic| {
            let lessons: Vec<_> = topic.lessons.iter().filter(|lesson| fits(lesson)).collect();
            (topic, lessons)
        });
        let found: Vec<_> = found.filter(|(_, lessons)| !lessons.is_empty()).collect();
        if found.is_empty() {
            ui.label(RichText::new("No lesson has these words.").color(palette.dim));
        }
        for (topic, lessons) in found {
            theme::heading(ui, &topic.name.to_uppercase());
            for lesson in lessons {
                let id = RichText::new(lesson.id).size(10.5).color(palette.dim);
                let button = Button::new(lesson.title()).right_text(id);
                if ui.add(button.min_size(vec2(ui.available_width(), 28.0)).truncate()).clicked() {
                    self.open_lesson(lesson);
                }
            }
            ui.add_space(6.0);
        }
    }

    fn lesson(&mut self, ui: &mut Ui, lesson: &'static Lesson, stuck: bool, actions: &mut Vec<Action>) {
        // First what runs, then the question: what is to be seen, and why, would give its answer away.
        let (story, programs) = lesson.text.split_once("## In Python").unwrap_or((lesson.text, ""));
        let mut paragraphs = story.splitn(3, "\n\n");
        let (title, what) = (paragraphs.next().unwrap_or_default(), paragraphs.next().unwrap_or_default());
        let why = paragraphs.next().unwrap_or_default();
        prose::show(ui, &format!("{title}\n\n{what}"));
        self.question(ui, &lesson.question);
        ui.add_space(6.0);
        self.run_button(ui, lesson, stuck, actions);
        self.outcome(ui);
        self.set_up(ui, actions);
        ui.add_space(8.0);
        let done = matches!(self.progress, Progress::Done(_));
        let header = CollapsingHeader::new("What happened, and why").id_salt(("why", lesson.id));
        let shown = header.open(done.then_some(true).filter(|_| self.just_done)).show(ui, |ui| {
            prose::show(ui, why);
        });
        readers::foldable(&shown.header_response, shown.openness > 0.0);
        self.just_done = false;
        let header = CollapsingHeader::new("The programs, in Python and in Rust").id_salt(("programs", lesson.id));
        let shown = header.show(ui, |ui| {
            prose::show(ui, &format!("## In Python{programs}"));
        });
        readers::foldable(&shown.header_response, shown.openness > 0.0);
    }

    /// What the learner thinks; it can be changed until the lesson has run.
    fn question(&mut self, ui: &mut Ui, question: &Question) {
        let palette = theme::palette(ui);
        let over = matches!(self.progress, Progress::Done(_));
        let frame = Frame::new().fill(palette.background).stroke(Stroke::new(1.0, palette.line));
        frame.corner_radius(6).inner_margin(Margin::symmetric(10, 8)).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.label(RichText::new(question.text).family(theme::strong()));
            for (index, answer) in question.answers.iter().enumerate() {
                let radio = |ui: &mut Ui| theme::tickable(ui, |ui| ui.radio(self.guess == Some(index), *answer));
                let response = ui.add_enabled_ui(!over, radio).inner;
                if response.clicked() {
                    self.guess = Some(index);
                }
            }
            if let Some(guess) = self.guess.filter(|_| over) {
                let right = guess == question.right;
                // What was not seen proves nobody wrong.
                let inconclusive =
                    matches!(&self.progress, Progress::Done(Outcome { verdict: Verdict::Inconclusive(_), .. }));
                let answer = question.answers[question.right];
                let (text, color) = if right {
                    ("That was right.".to_owned(), palette.computing)
                } else if inconclusive {
                    (format!("Published: {answer}. These runs can't confirm it."), palette.dim)
                } else {
                    (format!("Not quite: {answer}."), palette.error)
                };
                ui.label(RichText::new(text).color(color));
            }
        });
    }

    fn run_button(&mut self, ui: &mut Ui, lesson: &'static Lesson, stuck: bool, actions: &mut Vec<Action>) {
        let palette = theme::palette(ui);
        let under_way =
            matches!(self.progress, Progress::Measuring(_) | Progress::Running { .. } | Progress::Concluding(_));
        ui.horizontal(|ui| {
            let paused = matches!(self.progress, Progress::Paused);
            let label = if paused { "Next run" } else { "Run the lesson" };
            let text = RichText::new(format!("▶  {label}")).family(theme::strong()).color(palette.on_button);
            let button = Button::new(text).fill(palette.button).min_size(vec2(140.0, 28.0));
            let ready = self.guess.is_some() && !under_way;
            let hint = if under_way { "In progress" } else { "Answer the question first" };
            let button = ui.add_enabled(ready, button).on_disabled_hover_text(hint);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, ready, label));
            if button.clicked() {
                if paused {
                    self.progress = Progress::Running { number: None };
                } else {
                    actions.push(Action::RunLesson(lesson));
                }
            }
            let text = match &self.progress {
                Progress::NotBegun if self.guess.is_none() => "Predict first.".to_owned(),
                Progress::NotBegun | Progress::Done(_) => String::new(),
                Progress::Measuring(_) => "Measuring how fast this machine is …".to_owned(),
                Progress::Concluding(_) => "Measuring whether the machine kept its pace …".to_owned(),
                Progress::Paused => "Look at what happened; then go on.".to_owned(),
                Progress::Running { .. } if stuck => "It hangs. Choose a way out above the chart.".to_owned(),
                Progress::Running { .. } => self.course.as_ref().map_or_else(String::new, run_in_progress),
                Progress::GivenUp(why) => why.clone(),
            };
            ui.add(Label::new(RichText::new(text).color(palette.dim)).wrap());
        });
    }

    fn outcome(&self, ui: &mut Ui) {
        let Progress::Done(outcome) = &self.progress else { return };
        let palette = theme::palette(ui);
        ui.add_space(6.0);
        let frame = Frame::new().stroke(Stroke::new(1.0, palette.line)).corner_radius(6);
        frame.inner_margin(Margin::symmetric(10, 8)).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            // What three columns of figures leave.
            let names = ui.available_width() - 176.0;
            Grid::new("ratios").num_columns(4).spacing([9.0, 4.0]).show(ui, |ui| {
                for heading in ["", "published", "ideal", "yours"] {
                    ui.label(RichText::new(heading).size(11.0).color(palette.dim));
                }
                ui.end_row();
                for ratio in &outcome.ratios {
                    // What is counted has no decimals.
                    let all = [ratio.published.unwrap_or_default(), ratio.ideal, ratio.yours];
                    let is_count =
                        all.iter().all(|value| value.fract() == 0.0) && all.iter().any(|value| *value >= 2.0);
                    let written = |value: f64| if is_count { format!("{value:.0}") } else { format!("{value:.2}") };
                    ui.scope(|ui| {
                        ui.set_max_width(names);
                        ui.add(Label::new(ratio.name).wrap());
                    });
                    ui.label(ratio.published.map_or_else(|| "–".to_owned(), &written));
                    ui.label(written(ratio.ideal));
                    ui.label(RichText::new(written(ratio.yours)).family(theme::strong()));
                    ui.end_row();
                }
            });
            ui.add_space(4.0);
            ui.label(&outcome.facts);
            let verdict = &outcome.verdict;
            let color = match verdict {
                Verdict::Matches(_) => palette.computing,
                Verdict::NotReproduced(_) => palette.error,
                Verdict::Inconclusive(_) => palette.waiting,
            };
            let text = format!("{}: {}", verdict.word(), verdict.because());
            readers::live(&ui.add(Label::new(RichText::new(text).color(color)).wrap()));
        });
    }

    /// Begins a lesson. Measuring takes a moment, so it is done elsewhere.
    pub(super) fn begin(&mut self, lesson: &'static Lesson, context: &Context) {
        let (sender, receiver) = bounded(1);
        let (machine, context) = (Arc::clone(&self.machine), context.clone());
        let measuring = thread::Builder::new().name("lesson".to_owned()).spawn(move || {
            let _ = sender.send(Course::plan(lesson, &machine));
            context.request_repaint();
        });
        self.progress = match measuring {
            Ok(_) => Progress::Measuring(receiver),
            Err(error) => Progress::GivenUp(format!("Can't start: {error}")),
        };
    }

    /// Goes on with the lesson that is under way. `newest` is the lab's newest run, `last` the highest number that any run has, and `free` says
    /// whether nothing is in progress; returns the next run to start.
    pub(super) fn advance(
        &mut self,
        newest: Option<&Arc<Run>>,
        last: usize,
        free: bool,
        context: &Context,
    ) -> Option<Box<CheckedSettings>> {
        if let Progress::Measuring(planned) = &self.progress {
            self.course = Some(planned.try_recv().ok()?);
            self.progress = Progress::Running { number: None };
        }
        if let Progress::Concluding(outcome) = &self.progress {
            let (course, outcome) = outcome.try_recv().ok()?;
            self.course = Some(course);
            self.just_done = outcome.is_some();
            self.progress = outcome.map_or(Progress::Running { number: None }, Progress::Done);
        }
        let Progress::Running { number } = &mut self.progress else { return None };
        let course = self.course.as_mut()?;
        let Step::Run(next) = course.next() else { return None };
        let Some(expected) = *number else {
            // What somebody else runs is not cut off.
            if !free {
                return None;
            }
            *number = Some(last + 1);
            return next.settings.check().ok().map(Box::new);
        };
        let run = newest.filter(|run| run.number >= expected)?;
        if run.number > expected {
            self.progress = Progress::GivenUp("Another run was started.".to_owned());
            return None;
        }
        let Status::Ended(end) = &run.status else { return None };
        let (as_planned, deadlocks) = (matches!(end, End::Completed | End::StoppedByError), next.deadlocks);
        if !as_planned && !deadlocks {
            let why = if let End::Failed(error) = end { error.to_string() } else { "The run was stopped.".to_owned() };
            self.progress = Progress::GivenUp(why);
            return None;
        }
        course.ended_one(Arc::clone(run));
        self.progress = match course.next() {
            Step::Run(_) if deadlocks => Progress::Paused,
            Step::Run(_) => Progress::Running { number: None },
            Step::Conclude => conclude(course.clone(), Arc::clone(&self.machine), context.clone()),
        };
        self.advance(newest, last, free, context)
    }

    /// Whether its runs come one after the other, with nothing in between.
    pub(super) const fn is_under_way(&self) -> bool {
        matches!(self.progress, Progress::Measuring(_) | Progress::Running { .. })
    }

    /// One of its runs, if it is one, is run anew under another number.
    pub(super) fn restarted(&mut self, from: usize, to: usize) {
        if let Progress::Running { number } = &mut self.progress
            && *number == Some(from)
        {
            *number = Some(to);
        }
    }

    /// The run with that number was deleted: it is not drawn any more.
    pub(super) fn forget(&mut self, number: usize) {
        self.deleted.push(number);
    }

    /// It was brought back.
    pub(super) fn remember(&mut self, number: usize) {
        self.deleted.retain(|deleted| *deleted != number);
    }

    /// The runs of the lesson with their names, if there are several: those that are over and, of `newest`, the one that is under way.
    pub(super) fn runs(&self, newest: Option<&Arc<Run>>) -> Option<Vec<(&'static str, Arc<Run>)>> {
        let course = self.course.as_ref().filter(|course| course.planned().len() > 1)?;
        if !self.open || self.lesson.is_none() {
            return None;
        }
        let under_way = match self.progress {
            Progress::Running { number } => newest.filter(|run| Some(run.number) == number),
            _ => None,
        };
        let runs = course.ended().iter().chain(under_way).cloned();
        let named = course.planned().iter().map(|planned| planned.name).zip(runs);
        Some(named.filter(|(_, run)| !self.deleted.contains(&run.number)).collect())
    }

    /// Each run's settings, to be looked at and varied in the form.
    fn set_up(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let dim = theme::palette(ui).dim;
        let Some(course) = self.course.as_ref().filter(|course| !course.ended().is_empty()) else { return };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new("Try for yourself:").color(dim));
            for LessonRun { name, settings, .. } in course.planned() {
                let help = "Put the settings of this run in the form, to vary them";
                if ui.button(*name).on_hover_text(help).clicked() {
                    actions.push(Action::TakeOver(Box::new(settings.clone())));
                }
            }
            let several = course.planned().len() > 1 && matches!(self.progress, Progress::Done(_));
            let help = "Draw the runs of this lesson one below the other, on one time axis";
            if several && ui.button("Show all runs").on_hover_text(help).clicked() {
                actions.push(Action::ShowLessonRuns);
            }
        });
    }
}

/// Which run is under way.
fn run_in_progress(course: &Course) -> String {
    let Step::Run(run) = course.next() else { return String::new() };
    let again = if course.round() > 1 { ", again, as the runs were disturbed" } else { "" };
    format!("Run {} of {}: {}{again} …", course.ended().len() + 1, course.planned().len(), run.name)
}

/// What came of a course, worked out elsewhere: it takes a moment.
fn conclude(mut course: Course, machine: Arc<Machine>, context: Context) -> Progress {
    let (sender, receiver) = bounded(1);
    let concluding = thread::Builder::new().name("lesson".to_owned()).spawn(move || {
        let outcome = course.conclude(&machine);
        let _ = sender.send((course, outcome));
        context.request_repaint();
    });
    match concluding {
        Ok(_) => Progress::Concluding(receiver),
        Err(error) => Progress::GivenUp(format!("Can't judge the runs: {error}")),
    }
}
