//! A run as others see it: what was asked for, how far it is, and its trace.

use serde::{Deserialize, Serialize};

use super::drive::RunError;
use super::results::Results;
use super::sampler::Load;
use super::settings::{ExecutorKind, RunSettings};
use crate::executor::{Intervention, ProcessPoolExecutor, SubmitError};
use crate::trace::{Deadlock, History, Lane, Series, Trace};
use crate::workload::Labels;

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
    /// What the items are called.
    pub labels: Option<Labels>,
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
    /// Tasks that wait for each other, and so for ever; or did until somebody ended that.
    pub deadlock: Option<Deadlock>,
    /// Whether they still do.
    pub deadlocked: bool,
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

/// What came of the items. While a run is under way they add up to those that are done; at its end to all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Gave a value.
    pub returned: usize,
    /// Gave an error.
    pub raised: usize,
    /// Were not run: cancelled, skipped, or never submitted.
    pub cancelled: usize,
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
            labels: None,
            trace: Trace::new(origin),
            history: History::default(),
            moment: None,
            load: Series::default(),
            deadlock: None,
            deadlocked: false,
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
            lost: counts.items.lost,
        }
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

    /// The run as it was at `time`, when its trace was `trace`.
    #[must_use]
    pub fn at(&self, time: i64, trace: &Trace) -> Self {
        let deadlock = trace.deadlock();
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
            deadlocked: deadlock.is_some(),
            deadlock,
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

    /// How many calls the call queue holds, if this executor has one.
    #[must_use]
    pub fn call_queue_capacity(&self) -> Option<usize> {
        (self.settings.executor == ExecutorKind::Processes)
            .then(|| ProcessPoolExecutor::call_queue_capacity(self.settings.workers))
    }

    /// What item number `item` is called.
    #[must_use]
    pub fn label(&self, item: usize) -> String {
        self.labels.as_ref().map(|labels| labels(item)).unwrap_or_default()
    }
}
