//! What panels ask of the app: collected while a frame is drawn, done after it.

use crate::lesson::Lesson;

/// What the user asked for while a frame was drawn.
#[derive(Clone, Copy)]
pub(super) enum Action {
    Run,
    Stop,
    StopNow,
    ShowRun(usize),
    SetWorkers(usize),
    InterruptCall(u32),
    PickFolder(&'static str),
    RunLesson(&'static Lesson),
    ToggleLessons,
    ToggleTheme,
    ToggleHelp,
}
