//! The items of a run with all that is known of each, for tables and documents: name, state, times, result, error, exit status.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::run::Run;
use super::tasks::Task;

/// An item. Times are seconds from the start of the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemRecord {
    /// Its number, from 0.
    pub item: u32,
    /// What it is called.
    pub name: String,
    /// Where it is, or what became of it.
    pub state: &'static str,
    /// What it returned, in a line; `None` also if that was not kept.
    pub result: Option<String>,
    /// What it raised, or with what it was lost.
    pub error: Option<String>,
    /// With what its program ended: an exit code, or a signal, negative.
    pub exit_status: Option<i32>,
    /// How many times it was tried again.
    pub retries: usize,
    /// The worker that executed it.
    pub worker: Option<u32>,
    /// The call that it belonged to.
    pub call: u32,
    /// When it was submitted.
    pub submitted_s: f64,
    /// When it started.
    pub started_s: Option<f64>,
    /// When it ended.
    pub ended_s: Option<f64>,
}

/// Looks up what the trace knows of items.
pub(super) struct Records<'a> {
    run: &'a Run,
    errors: HashMap<u32, &'a str>,
    exit_statuses: HashMap<u32, i32>,
    retries: HashMap<u32, usize>,
}

impl<'a> Records<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        let mut retries = HashMap::new();
        run.trace.retries().for_each(|item| *retries.entry(item).or_default() += 1);
        Self {
            run,
            // Of several, the last counts.
            errors: run.trace.errors().map(|error| (error.item, &*error.message)).collect(),
            exit_statuses: run.trace.exit_statuses().collect(),
            retries,
        }
    }

    pub(super) fn record(&self, task: &Task) -> ItemRecord {
        let Task { item, call, state, worker, submitted, started, ended } = *task;
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        ItemRecord {
            item,
            name: self.run.label(item as usize),
            state: state.word(),
            result: self.run.results.of(item as usize).and_then(Result::ok).map(str::to_owned),
            error: self.errors.get(&item).map(|message| (*message).to_owned()),
            exit_status: self.exit_statuses.get(&item).copied(),
            retries: self.retries.get(&item).copied().unwrap_or_default(),
            worker,
            call,
            submitted_s: seconds(submitted),
            started_s: started.map(seconds),
            ended_s: ended.map(seconds),
        }
    }
}

/// Items that failed for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    /// The error, where `{}` stands for an item's name.
    pub message: String,
    /// The numbers of the items, in order.
    pub items: Vec<u32>,
}

impl Run {
    /// What is known of each of its items, in the order of their numbers.
    #[must_use]
    pub fn item_records(&self) -> Vec<ItemRecord> {
        let records = Records::of(self);
        self.tasks().iter().map(|task| records.record(task)).collect()
    }

    /// Its errors, those of most items first.
    #[must_use]
    pub fn error_groups(&self) -> Vec<ErrorGroup> {
        let last: BTreeMap<u32, &str> = self.trace.errors().map(|error| (error.item, &*error.message)).collect();
        let mut groups: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (item, message) in last {
            groups.entry(self.without_name(item, message)).or_default().push(item);
        }
        let mut groups: Vec<_> = groups.into_iter().map(|(message, items)| ErrorGroup { message, items }).collect();
        groups.sort_by_key(|group| (usize::MAX - group.items.len(), group.items[0]));
        groups
    }

    /// The message of an item's error, where `{}` stands for its name.
    #[must_use]
    pub fn without_name(&self, item: u32, message: &str) -> String {
        let name = self.label(item as usize);
        // A short name would be found in many a word.
        if name.len() < 3 { message.to_owned() } else { message.replace(&name, "{}") }
    }
}
