//! What panels ask of the app: collected while a frame is drawn, done after it.

use std::path::PathBuf;

use super::chart::{Move, Selection};
use super::details::Tab;
use super::files::{Copied, FileKind};
use crate::executor::Interruption;
use crate::lab::{ExecutorKind, RunSettings};
use crate::lesson::Lesson;

/// What the user asked for while a frame was drawn.
#[derive(Clone, PartialEq)]
pub(super) enum Action {
    /// Runs what the form says: now, or after what is in progress.
    Run,
    /// Ends the run with that number, which is in progress, and starts it anew.
    Restart(usize),
    /// Takes that one out of the queue of runs.
    Unqueue(usize),
    /// Runs those items of the run with that number again that failed.
    RunFailed(usize),
    /// Opens the run in that file.
    OpenFile(PathBuf),
    /// Runs some seconds of computing, cut to size for this machine.
    Demo,
    /// Chooses `command` in the form, to be run on somebody's own files.
    TryCommand,
    /// Copies that text.
    CopyText(String),
    /// Shows the folder of that file.
    ShowInFolder(PathBuf),
    Stop,
    StopNow,
    ShowRun(usize),
    /// Of the runs that are looked at, the one that all panels tell of.
    FocusRun(usize),
    FocusNextRun,
    /// Of the run with that number.
    SetWorkers(usize, usize),
    /// Of the run with that number, the task of a call.
    InterruptCall(usize, u32, Interruption),
    /// Of the run with that number, a pending call.
    CancelCall(usize, u32),
    /// All that is pending of the run with that number.
    CancelPending(usize),
    /// Cancels what is selected and pending, or interrupts it.
    StopSelected,
    ShowTab(Tab),
    /// Of the run with that number, a worker.
    KillWorker(usize, u32),
    /// Of the run with that number.
    SetChunksize(usize, usize),
    /// So many workers more, or fewer.
    AddWorkers(isize),
    /// Submits the items of the run with that number once more.
    SubmitMore(usize),
    /// The run with that number takes no more items; what was submitted runs.
    Close(usize),
    PickPath(&'static str),
    RunLesson(&'static Lesson),
    /// The runs of the lesson, on one time axis.
    ShowLessonRuns,
    /// Puts them in the fields of the form.
    TakeOver(Box<RunSettings>),
    /// Looks at an item of the chart, or at none.
    Select(Option<Selection>),
    Move(Move),
    /// Shows a stretch of time, with some room around it.
    ShowTimes(i64, i64),
    /// Looks at a moment of the run, in nanoseconds from its start; `None` = now.
    LookAt(Option<i64>),
    /// Looks at the moment after so many events.
    LookAtEvent(usize),
    File(FileKind),
    Copy(Copied),
    /// The runs that are ticked, on one time axis.
    Compare,
    /// Those again: one after the other, or two together.
    RunAgain {
        together: bool,
    },
    ToggleCompared(usize),
    RenameRun(usize),
    RecolorRun(usize),
    /// So many places up the list, or down.
    MoveRun(usize, isize),
    DeleteRun(usize),
    /// Brings back the one that was deleted last.
    RestoreRun,
    /// To the field that is searched with.
    Search,
    /// To the next item that was found.
    NextFound,
    ClearFilter,
    /// Goes so many events further, or back.
    StepEvents(i64),
    /// Stands still, or goes on.
    PauseView,
    PlayReplay,
    /// So many times as fast as it was.
    ReplayAt(f64),
    PauseReplay,
    /// Ends what is open or selected.
    Clear,
    ChooseWorkload(&'static str),
    ChooseExecutor(ExecutorKind),
    OpenLesson(&'static Lesson),
    ToggleLessons,
    /// Hides the settings, or brings them back, whatever has taken their place.
    ToggleSettings,
    ToggleTheme,
    ToggleContrast,
    /// A step larger, or smaller.
    Scale {
        larger: bool,
    },
    ResetScale,
    ToggleFrameTimes,
    ToggleHelp,
    TogglePalette,
}
