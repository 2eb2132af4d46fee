//! A run as others see it: what was asked for, how far it is, and its trace.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::drive::RunError;
use super::results::Results;
use super::sampler::Load;
use super::settings::{CheckedSettings, ExecutorKind, OnlyItems, RunSettings};
use super::tasks::TaskState;
use crate::executor::{Intervention, ProcessPoolExecutor, SubmitError};
use crate::trace::{DeadlockPeriod, History, Lane, Series, Trace};
use crate::workload::{FieldError, Labels};

/// A run at one moment. Clones share what is large.
#[derive(Clone)]
pub struct Run {
    /// Counts up from 1.
    pub number: usize,
    /// What was asked for.
    pub settings: RunSettings,
    /// How far it is.
    pub status: Status,
    /// It takes no more items.
    pub closed: bool,
    /// What it began with, before anybody changed it.
    pub began_with: Beginning,
    /// How many items there are; not known while it is being prepared.
    pub items: Option<usize>,
    /// Those items of its workload only, if not all.
    pub only: Option<Arc<OnlyItems>>,
    /// What the items are called.
    pub labels: Option<Labels>,
    /// What people should know about the items, such as what was left out: a sentence each.
    pub notes: Vec<String>,
    /// What happened.
    pub trace: Trace,
    /// The same, event by event. While the run goes on, the newest are not in it yet.
    pub history: History,
    /// Nanoseconds from its start up to which nothing will be added to the history any more.
    pub settled: i64,
    /// `None`, or the moment of the run that this shows, in nanoseconds from its start.
    pub moment: Option<i64>,
    /// What cores and processes had to do.
    pub load: Series<Load>,
    /// The share of all cores' time, 0 to 1, that other programs took while it went on; `None` = it was too short to tell, or the
    /// system does not.
    pub others: Option<f32>,
    /// What was yielded.
    pub results: Results,
    /// Events that have happened and are not in the trace yet.
    pub backlog: usize,
}

/// What can change while a run goes on, as it was at its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// See [`RunSettings::workers`].
    pub workers: usize,
    /// See [`RunSettings::chunksize`].
    pub chunksize: usize,
    /// See [`Run::items`].
    pub items: usize,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Looking for its items.
    Preparing,
    /// Under way.
    Running,
    /// Under way to an early end; what executes may finish.
    Stopping,
    /// Over.
    Ended(End),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every item was handed out; some may have raised.
    Completed,
    /// Somebody stopped it.
    Stopped,
    /// Its time was over.
    TimedOut,
    /// An item raised, and that was to stop it.
    StoppedByError,
    /// The executor took no more calls.
    Refused(SubmitError),
    /// It never started.
    Failed(RunError),
}

/// What came of the items whose results are there. At the end of a run they add up to all items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gave a value.
    pub returned: usize,
    /// Gave an error.
    pub raised: usize,
    /// Did not run to their end: cancelled, skipped, interrupted, or never submitted.
    pub cancelled: usize,
    /// Of these, those that were interrupted while they ran.
    pub interrupted: usize,
    /// Nobody knows: their worker or the pool broke.
    pub lost: usize,
}

impl Totals {
    /// Those that went wrong: raised or lost.
    #[must_use]
    pub const fn failed(&self) -> usize {
        self.raised + self.lost
    }

    /// All of them.
    #[must_use]
    pub const fn sum(&self) -> usize {
        self.returned + self.raised + self.cancelled + self.lost
    }
}

impl Run {
    /// One that begins, at the stamp `origin`.
    pub(crate) fn new(number: usize, settings: RunSettings, origin: i64) -> Self {
        Self {
            number,
            status: Status::Preparing,
            closed: false,
            began_with: Beginning { workers: settings.workers, chunksize: settings.chunksize, items: 0 },
            settings,
            items: None,
            only: None,
            labels: None,
            notes: Vec::new(),
            trace: Trace::new(origin),
            history: History::default(),
            moment: None,
            load: Series::default(),
            others: None,
            results: Results::default(),
            settled: 0,
            backlog: 0,
        }
    }

    /// What came of the items so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let counts = self.trace.counts();
        let never_submitted = match (&self.status, self.items) {
            (Status::Ended(_), Some(items)) => items.saturating_sub(counts.items.submitted),
            _ => 0,
        };
        Totals {
            returned: counts.returned,
            raised: counts.raised,
            cancelled: counts.items.cancelled + never_submitted,
            interrupted: counts.interrupted,
            lost: counts.items.lost,
        }
    }

    /// Tasks that wait for each other, and so forever; or did, until somebody ended that.
    #[must_use]
    pub fn deadlock(&self) -> Option<&DeadlockPeriod> {
        self.trace.deadlocks().last()
    }

    /// Whether they still do.
    #[must_use]
    pub fn is_deadlocked(&self) -> bool {
        !self.ended() && self.trace.current_deadlock().is_some()
    }

    /// Whether it is over.
    #[must_use]
    pub const fn ended(&self) -> bool {
        matches!(self.status, Status::Ended(_))
    }

    /// What it began with: its settings without what was changed while it ran.
    #[must_use]
    pub fn settings_at_start(&self) -> RunSettings {
        let Beginning { workers, chunksize, .. } = self.began_with;
        RunSettings { workers, chunksize, ..self.settings.clone() }
    }

    /// The same again.
    ///
    /// # Errors
    /// When something in its settings can't be here, as in a run of another version.
    pub fn again(&self) -> Result<CheckedSettings, FieldError> {
        Ok(CheckedSettings { only: self.only.clone(), ..self.settings_at_start().check()? })
    }

    /// The items that raised or were lost, to be run again.
    #[must_use]
    pub fn failed_items(&self) -> OnlyItems {
        self.items_in(|state| matches!(state, Some(TaskState::Raised | TaskState::Lost)))
    }

    /// The items that failed, and those that came to no end or to none of their own: interrupted, cancelled or never submitted.
    #[must_use]
    pub fn unfinished_items(&self) -> OnlyItems {
        self.items_in(|state| !matches!(state, Some(TaskState::Returned | TaskState::Executed)))
    }

    /// Those in such a state; `None` = it was never submitted.
    fn items_in(&self, such: impl Fn(Option<TaskState>) -> bool) -> OnlyItems {
        let items = self.items.unwrap_or_default();
        let mut states = vec![None; items];
        for task in self.tasks() {
            if let Some(state) = states.get_mut(task.item as usize) {
                *state = Some(task.state);
            }
        }
        let found = OnlyItems::new((0..items).map(|item| self.label(item)), |item| such(states[item]));
        // This run may itself have had some of the items only.
        self.only.as_ref().map_or(found.clone(), |only| only.narrowed(&found))
    }

    /// The run as it was at `time`, when its trace was `trace`.
    #[must_use]
    pub fn at(&self, time: i64, trace: &Trace) -> Self {
        let Beginning { mut workers, mut chunksize, mut items } = self.began_with;
        for (_, what) in trace.interventions() {
            match *what {
                Intervention::Workers(now) => workers = now as usize,
                Intervention::Chunksize(now) => chunksize = now as usize,
                Intervention::MoreItems(more) => items += more as usize,
                Intervention::Other(_) => {}
            }
        }
        Self {
            settings: RunSettings { workers, chunksize, ..self.settings.clone() },
            items: self.items.map(|_| items),
            status: Status::Running,
            moment: Some(time),
            trace: trace.clone(),
            ..self.clone()
        }
    }

    /// Nanoseconds from its start until now, until its last event once it is over, or until the moment that this shows.
    #[must_use]
    pub fn elapsed(&self) -> i64 {
        if let Some(moment) = self.moment {
            return moment;
        }
        if self.ended() { self.trace.last_event() } else { self.trace.time_of(crate::sys::monotonic_nanos()) }
    }

    /// Nanoseconds from its start up to which it is known what happened: until now, unless the lab is far behind.
    #[must_use]
    pub fn known_until(&self) -> i64 {
        if self.is_behind() { self.trace.last_event().min(self.elapsed()) } else { self.elapsed() }
    }

    /// Whether so much has happened that is not in the trace yet that it matters.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.backlog > 10_000
    }

    /// Nanoseconds from the first submission up to which it is known what happened, or until the last result once it is over: what rates count, as
    /// neither looking for items nor the workers' farewell is work. 0 = nothing was submitted yet.
    #[must_use]
    pub fn working_time(&self) -> i64 {
        match self.trace.call_count() {
            0 => 0,
            _ if self.ended() => self.trace.makespan(),
            _ => (self.known_until() - self.trace.first_submission()).max(0),
        }
    }

    /// Nanoseconds of `from..until` in which a worker could have been busy: from its start until it ended, or until the last result was
    /// there.
    #[must_use]
    pub fn lived(&self, lane: &Lane, from: i64, until: i64) -> i64 {
        let results = self.trace.last_result();
        let end = if self.ended() && results > lane.started { results } else { self.known_until() };
        let end = lane.exited.as_ref().map_or(end, |(at, _)| end.min(*at));
        (end.min(until) - from.max(lane.started)).max(0)
    }

    /// Of the time that its items computed, or wanted to, the share in which they had no core, 0 to 1.
    #[must_use]
    pub fn share_off_core(&self) -> f64 {
        let time = 0..self.known_until().max(1);
        let spent = self.trace.lanes().iter().map(|lane| lane.spent(&time));
        let [computing, off_core] = spent
            .fold([0, 0], |[computing, off_core], spent| [computing + spent.computing(), off_core + spent.off_core]);
        off_core as f64 / (computing + off_core).max(1) as f64
    }

    /// How many calls the call queue holds, if this executor has one.
    #[must_use]
    pub fn call_queue_capacity(&self) -> Option<usize> {
        (self.settings.executor == ExecutorKind::Processes)
            .then(|| ProcessPoolExecutor::call_queue_capacity(self.settings.workers))
    }

    /// The file that item number `item` is about, if it is about one; whether it is (still) there nobody looked.
    #[must_use]
    pub fn file_of(&self, item: usize) -> Option<PathBuf> {
        let CheckedSettings { workload, params, .. } = self.settings.check().ok()?;
        Some(self.label(item)).filter(|name| !name.is_empty()).and_then(|name| workload.file_of(&params, &name))
    }

    /// What item number `item` is called.
    #[must_use]
    pub fn label(&self, item: usize) -> String {
        self.labels.as_ref().map(|labels| labels(item)).unwrap_or_default()
    }
}
