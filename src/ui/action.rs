//! What panels ask of the app: collected while a frame is drawn, done after it.

use super::chart::Selection;
use crate::executor::Interruption;
use crate::lab::RunSettings;
use crate::lesson::Lesson;

/// What the user asked for while a frame was drawn.
#[derive(Clone)]
pub(super) enum Action {
    Run,
    Stop,
    StopNow,
    ShowRun(usize),
    SetWorkers(usize),
    InterruptCall(u32, Interruption),
    PickPath(&'static str),
    RunLesson(&'static Lesson),
    /// The runs of the lesson, on one time axis.
    ShowLessonRuns,
    /// Puts them in the fields of the form.
    TakeOver(Box<RunSettings>),
    /// Looks at an item of the chart, or at none.
    Select(Option<Selection>),
    ZoomToSelection,
    ToggleLessons,
    ToggleTheme,
    ToggleHelp,
}
