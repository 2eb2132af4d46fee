//! What a run is: one plain value that can be kept, varied, repeated and compared. Parsed and checked here, once, for the
//! window and the command line alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::executor::{GilMode, GilSettings, OnWorkerDeath, ProcessPoolExecutor, ThreadPoolExecutor};
use crate::units::{grouped, grouped_number, parse_number, parse_whole};
use crate::workload::{self, FieldError, Initializer, Params, Plan, Preview, Workload};

/// All that decides about a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSettings {
    /// The workload's name.
    pub workload: String,
    /// Its parameters, as text; those that are missing have their default.
    pub params: BTreeMap<String, String>,
    /// What runs it.
    pub executor: ExecutorKind,
    /// `max_workers`. A sequential run has one.
    pub workers: usize,
    /// Items a call, for [`Collect::Map`]; otherwise every item is a call of its own.
    pub chunksize: usize,
    /// How results are collected.
    pub collect: Collect,
    /// How long the run may take, in seconds, before it is stopped.
    pub timeout: Option<f64>,
    /// What an item that raises does to the others.
    pub on_error: OnError,
    /// Whether threads share an emulated global interpreter lock.
    pub gil: GilMode,
    /// How long a thread waits before it asks for that lock, in seconds.
    pub switch_interval: f64,
    /// What each worker of a pool does before its first call.
    pub initializer: Initializer,
    /// After so many calls a worker process is replaced.
    pub max_tasks_per_child: Option<usize>,
    /// What the death of a worker process does to the pool.
    pub on_worker_death: OnWorkerDeath,
    /// For workloads that draw random numbers.
    pub seed: u64,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            workload: "sum".to_owned(),
            params: BTreeMap::new(),
            executor: ExecutorKind::Processes,
            workers: ProcessPoolExecutor::default_max_workers(),
            chunksize: 1,
            collect: Collect::Map,
            timeout: None,
            on_error: OnError::Continue,
            gil: GilMode::Off,
            switch_interval: GilSettings::default().switch_interval.as_secs_f64(),
            initializer: Initializer::None,
            max_tasks_per_child: None,
            on_worker_death: OnWorkerDeath::BreakPool,
            seed: 0,
        }
    }
}

/// What runs the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ExecutorKind {
    /// One after the other, in one thread.
    Sequential,
    /// A pool of threads.
    Threads,
    /// A pool of child processes.
    #[default]
    Processes,
}

/// How results are collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Collect {
    /// `map`: in chunks, results in input order.
    #[default]
    Map,
    /// `submit` each, then `result()` in the order of submission.
    Submit,
    /// `submit` each, then `as_completed`.
    AsCompleted,
    /// `submit` each, then await all of them together.
    Gather,
}

/// What an item that raises does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Nothing.
    #[default]
    Continue,
    /// What is pending is cancelled: `shutdown(cancel_futures=True)`.
    Stop,
    /// What has not begun is still handed out, but returns at once.
    Skip,
}

impl ExecutorKind {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Sequential, Self::Threads, Self::Processes];

    /// How many workers CPython would take if nobody says.
    #[must_use]
    pub fn default_workers(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Threads => ThreadPoolExecutor::default_max_workers(),
            Self::Processes => ProcessPoolExecutor::default_max_workers(),
        }
    }

    /// The most workers that it takes.
    #[must_use]
    pub const fn workers_limit(self) -> usize {
        match self {
            // It has one, whatever stands in the field; but what stands there must be a number of workers.
            Self::Sequential | Self::Threads => ThreadPoolExecutor::WORKERS_LIMIT,
            Self::Processes => ProcessPoolExecutor::WORKERS_LIMIT,
        }
    }
}

impl fmt::Display for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sequential => "sequential",
            Self::Threads => "threads",
            Self::Processes => "processes",
        })
    }
}

/// More items a call than any run has items makes no sense.
pub const CHUNKSIZE_LIMIT: usize = 10_000_000;

/// The shortest and the longest timeout, in seconds: a millisecond, and a year.
pub const TIMEOUT_LIMITS: std::ops::RangeInclusive<f64> = 0.001..=31_536_000.0;

/// Settings that were found to be in order.
#[derive(Clone)]
pub struct CheckedSettings {
    /// As they were given, with what has no meaning for this run set to what it really is.
    pub settings: RunSettings,
    pub(super) workload: &'static dyn Workload,
    pub(super) params: Params,
    /// Those items only, if not all.
    pub only: Option<Arc<OnlyItems>>,
}

/// Some of the items of a workload: those that failed in another run. They are recognised by their names, as more files may have come;
/// of several that have one name, by which of them they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlyItems(BTreeMap<String, BTreeSet<usize>>);

impl OnlyItems {
    /// Of items with these names, in order, those that `wanted` takes by their numbers.
    pub fn new(names: impl Iterator<Item = String>, wanted: impl Fn(usize) -> bool) -> Self {
        let mut only = Self::default();
        let mut names_so_far = Occurrences::default();
        for (number, name) in names.enumerate() {
            let occurrence = names_so_far.next(&name);
            if wanted(number) {
                only.0.entry(name).or_default().insert(occurrence);
            }
        }
        only
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an item is one of them, for all items of a workload in order, by their names.
    pub(super) fn picker(&self) -> impl FnMut(&str) -> bool {
        let mut names = Occurrences::default();
        move |name| {
            let occurrence = names.next(name);
            self.0.get(name).is_some_and(|wanted| wanted.contains(&occurrence))
        }
    }

    /// Those of them that are among `some`, which tells of them by their places among themselves.
    #[must_use]
    pub fn narrowed(&self, some: &Self) -> Self {
        let of_name = |(name, places): (&String, &BTreeSet<usize>)| {
            let among: Vec<_> = self.0.get(name)?.iter().copied().collect();
            Some((name.clone(), places.iter().filter_map(|&place| among.get(place).copied()).collect()))
        };
        Self(some.0.iter().filter_map(of_name).collect())
    }
}

/// How often each name has come so far.
#[derive(Default)]
struct Occurrences(BTreeMap<String, usize>);

impl Occurrences {
    /// How often it had come before.
    fn next(&mut self, name: &str) -> usize {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
            return *count - 1;
        }
        self.0.insert(name.to_owned(), 1);
        0
    }
}

impl CheckedSettings {
    /// The first items, for whoever is still typing ([`Workload::preview`]). Looks at files.
    #[must_use]
    pub fn preview(&self) -> Option<Result<Preview, FieldError>> {
        self.workload.preview(&self.params)
    }

    /// The files that it is told to read, such as lists ([`Workload::reads`]).
    #[must_use]
    pub fn reads(&self) -> Vec<PathBuf> {
        self.workload.reads(&self.params)
    }

    /// Finds the items.
    pub(super) fn plan(&self, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let plan = self.workload.plan(&self.params, cancelled)?;
        match &self.only {
            Some(only) => plan.only(only.picker()),
            None => Ok(plan),
        }
    }

    /// The same, for those items only.
    #[must_use]
    pub fn only(self, items: OnlyItems) -> Self {
        Self { only: Some(Arc::new(items)), ..self }
    }
}

impl RunSettings {
    /// Checks everything that can be checked without touching the disk.
    ///
    /// # Errors
    /// The first field that is wrong, with its limits.
    pub fn check(&self) -> Result<CheckedSettings, FieldError> {
        let workload = workload::find(&self.workload)?;
        let params = Params::parse(&workload.params(), &self.params)?.with_seed(self.seed);
        check_workers(self.workers, self.executor)?;
        check_between("chunksize", self.chunksize, CHUNKSIZE_LIMIT)?;
        if let Some(timeout) = self.timeout {
            check_timeout(timeout)?;
        }
        check_switch_interval(self.switch_interval)?;
        self.initializer.check()?;
        if let Some(calls) = self.max_tasks_per_child {
            check_between(MAX_TASKS, calls, CHUNKSIZE_LIMIT)?;
        }
        let mut settings = self.clone();
        if let Some(why) = workload.threads_only()
            && self.executor != ExecutorKind::Threads
        {
            return Err(FieldError::new("executor", format!("{} runs on threads only: {why}", self.workload)));
        }
        if workload.submits_itself() && settings.collect == Collect::Map {
            settings.collect = Collect::Submit;
        }
        if settings.executor == ExecutorKind::Sequential {
            settings.workers = 1;
        }
        if settings.collect != Collect::Map {
            settings.chunksize = 1;
        }
        if settings.executor != ExecutorKind::Processes {
            settings.max_tasks_per_child = None;
        }
        if settings.executor == ExecutorKind::Sequential {
            settings.initializer = Initializer::None;
        }
        Ok(CheckedSettings { settings, workload, params, only: None })
    }

    pub(super) fn gil(&self) -> GilSettings {
        let switch_interval = Duration::try_from_secs_f64(self.switch_interval);
        GilSettings { mode: self.gil, switch_interval: switch_interval.unwrap_or(GilSettings::SWITCH_INTERVAL) }
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}

fn check_workers(workers: usize, executor: ExecutorKind) -> Result<(), FieldError> {
    check_between("workers", workers, executor.workers_limit())
}

fn check_between(field: &str, given: usize, limit: usize) -> Result<(), FieldError> {
    if (1..=limit).contains(&given) { Ok(()) } else { Err(not_between(field, limit, &given)) }
}

fn not_between(field: &str, limit: usize, given: &dyn fmt::Display) -> FieldError {
    FieldError::new(field, format!("must be a whole number from 1 to {}, not `{given}`", grouped(limit as u64)))
}

fn parse_between(field: &str, text: &str, limit: usize) -> Result<usize, FieldError> {
    let number = parse_whole(text).and_then(|number| usize::try_from(number).ok());
    number.filter(|number| (1..=limit).contains(number)).ok_or_else(|| not_between(field, limit, &text.trim()))
}

/// Parses the text of the field `workers`.
///
/// # Errors
/// With the limits of `executor` in it.
pub fn parse_workers(text: &str, executor: ExecutorKind) -> Result<usize, FieldError> {
    parse_between("workers", text, executor.workers_limit())
}

/// Parses the text of the field `chunksize`.
///
/// # Errors
/// With the limits in it.
pub fn parse_chunksize(text: &str) -> Result<usize, FieldError> {
    parse_between("chunksize", text, CHUNKSIZE_LIMIT)
}

/// Parses the text of the field `seed`.
///
/// # Errors
/// With the limits in it.
pub fn parse_seed(text: &str) -> Result<u64, FieldError> {
    let limit = grouped(u64::MAX);
    let error = || FieldError::new("seed", format!("must be a whole number from 0 to {limit}, not `{}`", text.trim()));
    parse_whole(text).ok_or_else(error)
}

/// The field for [`RunSettings::max_tasks_per_child`].
const MAX_TASKS: &str = "max-tasks-per-child";

/// Parses the text of the field `max tasks per child`; empty = none.
///
/// # Errors
/// With the limits in it.
pub fn parse_max_tasks_per_child(text: &str) -> Result<Option<usize>, FieldError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    parse_between(MAX_TASKS, text, CHUNKSIZE_LIMIT).map(Some)
}

/// Parses the text of the field `timeout`; empty = none.
///
/// # Errors
/// With the limits in it.
pub fn parse_timeout(text: &str) -> Result<Option<f64>, FieldError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let seconds = parse_number(text).filter(|seconds| TIMEOUT_LIMITS.contains(seconds));
    seconds.map(Some).ok_or_else(|| timeout_error(&text.trim()))
}

/// The shortest and the longest switch interval, in seconds: a microsecond, and ten seconds.
pub const SWITCH_INTERVAL_LIMITS: std::ops::RangeInclusive<f64> = 0.000_001..=10.0;

/// Parses the text of the field `switch interval`.
///
/// # Errors
/// With the limits in it.
pub fn parse_switch_interval(text: &str) -> Result<f64, FieldError> {
    let seconds = text.trim().parse().map_err(|_| switch_interval_error(&text.trim()))?;
    check_switch_interval(seconds)?;
    Ok(seconds)
}

fn check_switch_interval(seconds: f64) -> Result<(), FieldError> {
    if SWITCH_INTERVAL_LIMITS.contains(&seconds) { Ok(()) } else { Err(switch_interval_error(&seconds)) }
}

fn switch_interval_error(given: &dyn fmt::Display) -> FieldError {
    let (shortest, longest) = (SWITCH_INTERVAL_LIMITS.start(), SWITCH_INTERVAL_LIMITS.end());
    FieldError::new("switch-interval", format!("must be seconds from {shortest} to {longest}, not `{given}`"))
}

fn check_timeout(seconds: f64) -> Result<(), FieldError> {
    if TIMEOUT_LIMITS.contains(&seconds) { Ok(()) } else { Err(timeout_error(&seconds)) }
}

fn timeout_error(given: &dyn fmt::Display) -> FieldError {
    let (shortest, longest) = (TIMEOUT_LIMITS.start(), grouped_number(*TIMEOUT_LIMITS.end()));
    FieldError::new("timeout", format!("must be seconds from {shortest} to {longest}, not `{given}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_refused_with_its_name_and_limits() {
        let good = RunSettings { workers: 2, ..RunSettings::default() };
        assert!(good.check().is_ok());
        let cases = [
            (RunSettings { workers: 0, ..good.clone() }, "workers: must be a whole number from 1 to"),
            (RunSettings { workers: 1_000_000, ..good.clone() }, "workers: must be a whole number from 1 to"),
            (RunSettings { chunksize: 0, ..good.clone() }, "chunksize: must be a whole number from 1 to 10,000,000"),
            (RunSettings { timeout: Some(0.0), ..good.clone() }, "timeout: must be seconds from 0.001"),
            (RunSettings { timeout: Some(f64::NAN), ..good.clone() }, "timeout: must be seconds from 0.001"),
            (RunSettings { timeout: Some(f64::INFINITY), ..good.clone() }, "timeout: must be seconds from 0.001"),
            (RunSettings { switch_interval: 0.0, ..good.clone() }, "switch-interval: must be seconds from 0.000001"),
            (RunSettings { workload: "smu".to_owned(), ..good }, "workload: there is no `smu`; there is sum, "),
        ];
        for (settings, message) in cases {
            let error = settings.check().err().unwrap().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        for text in ["", "two", "0", "-1", "1.5", "1000000"] {
            assert!(parse_workers(text, ExecutorKind::Threads).is_err(), "{text}");
        }
    }

    /// An error names its field, and the window tells fields apart by their names.
    #[test]
    fn no_parameter_is_called_like_a_field() {
        const FIELDS: [&str; 13] = [
            "workload",
            "executor",
            "workers",
            "chunksize",
            "collect",
            "on error",
            "GIL",
            "switch-interval",
            "timeout",
            "initializer",
            MAX_TASKS,
            "on worker death",
            "seed",
        ];
        for workload in workload::catalogue() {
            let params = workload.params();
            for (index, param) in params.iter().enumerate() {
                let twice = params[..index].iter().any(|other| other.name == param.name);
                assert!(!twice && !FIELDS.contains(&param.name), "{}: {}", workload.name(), param.name);
            }
        }
    }

    #[test]
    fn what_has_no_meaning_is_set_to_what_it_really_is() {
        let settings = RunSettings {
            executor: ExecutorKind::Sequential,
            workers: 7,
            chunksize: 5,
            collect: Collect::Gather,
            ..RunSettings::default()
        };
        let checked = settings.check().ok().unwrap().settings;
        assert_eq!((checked.workers, checked.chunksize), (1, 1));
    }
}
