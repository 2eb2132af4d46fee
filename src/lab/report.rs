//! What a run came to, in figures: for people, for a document, or as one JSON object. Its fields are documented in the README.

use std::fmt::Write;

use serde::Serialize;

use super::item_records::{ErrorGroup, ItemRecord};
use super::run::{End, Run, Status};
use super::settings::ExecutorKind;
use crate::executor::{GilMode, Stream};
use crate::trace::{LaneSummary, Quantiles, Summary};
use crate::units::{duration_of, grouped, rate};

/// The JSON object.
#[derive(Debug, Serialize)]
pub struct Report {
    workload: String,
    executor: ExecutorKind,
    workers: usize,
    chunksize: usize,
    gil: GilMode,
    items: usize,
    calls: usize,
    returned: usize,
    raised: usize,
    cancelled: usize,
    /// Of the cancelled ones, those that were stopped while they ran.
    interrupted: usize,
    lost: usize,
    makespan_s: f64,
    items_per_s: f64,
    lanes: Vec<LaneSummary>,
    queue_wait_s: Quantiles,
    run_s: Quantiles,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<SideReport>,
    /// Of all cores' time, what other programs took, 0 to 1.
    other_programs: Option<f32>,
    /// Of the time that items computed, the share in which they had no core, 0 to 1.
    share_without_core: f64,
    deadlock: Option<String>,
    notes: Vec<String>,
    results: Vec<ItemRecord>,
    errors: Vec<ErrorReport>,
    log: Vec<LogReport>,
    #[serde(skip)]
    groups: Vec<ErrorGroup>,
    #[serde(skip)]
    ending: String,
}

/// Lanes beside the workers'.
#[derive(Debug, Serialize)]
struct SideReport {
    name: String,
    lanes: Vec<LaneSummary>,
    run_s: Quantiles,
}

#[derive(Debug, Serialize)]
struct ErrorReport {
    item: u32,
    name: String,
    message: String,
    report: String,
}

#[derive(Debug, Serialize)]
struct LogReport {
    time_s: f64,
    worker: u32,
    item: Option<u32>,
    stream: Stream,
    line: String,
    /// Lines that follow and were not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted_lines: Option<u64>,
    /// Bytes that follow and were not kept: of this line, if no lines are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted_bytes: Option<u64>,
}

impl Report {
    /// Of a run, as far as it is. Walks through all its items.
    #[must_use]
    pub fn new(run: &Run) -> Self {
        let summary = run.trace.summary();
        let totals = run.totals();
        let done = (totals.returned + totals.raised) as f64;
        let mut errors: Vec<_> = run
            .trace
            .errors()
            .map(|error| ErrorReport {
                item: error.item,
                name: run.label(error.item as usize),
                message: error.message.to_string(),
                report: error.report.to_string(),
            })
            .collect();
        errors.sort_by_key(|error| error.item);
        // A call that was lost after some of its items had raised has told of both; what counts is that it is lost.
        errors.reverse();
        errors.dedup_by_key(|error| error.item);
        errors.reverse();
        Self {
            workload: run.settings.workload.clone(),
            executor: run.settings.executor,
            workers: run.settings.workers,
            chunksize: run.settings.chunksize,
            gil: run.settings.gil,
            items: run.items.unwrap_or(0),
            calls: run.trace.call_count(),
            returned: totals.returned,
            raised: totals.raised,
            cancelled: totals.cancelled,
            interrupted: totals.interrupted,
            lost: totals.lost,
            makespan_s: summary.makespan_s,
            items_per_s: if summary.makespan_s > 0.0 { done / summary.makespan_s } else { 0.0 },
            lanes: summary.lanes,
            queue_wait_s: summary.queue_wait_s,
            run_s: summary.run_s,
            beside: run
                .trace
                .sides()
                .iter()
                .map(|side| {
                    let Summary { lanes, run_s, .. } = side.trace().summary();
                    SideReport { name: side.name.to_string(), lanes, run_s }
                })
                .collect(),
            deadlock: run.deadlock().map(|period| period.description.to_string()),
            other_programs: run.others,
            share_without_core: run.share_off_core(),
            notes: run.notes.clone(),
            results: run.item_records(),
            groups: run.error_groups(),
            errors,
            log: run
                .trace
                .log_from(0)
                .map(|line| LogReport {
                    time_s: line.at as f64 / 1e9,
                    worker: line.worker,
                    item: line.item,
                    stream: line.stream,
                    line: line.line.to_string(),
                    omitted_lines: line.omitted.map(|omitted| omitted.lines).filter(|lines| *lines > 0),
                    omitted_bytes: line.omitted.map(|omitted| omitted.bytes),
                })
                .collect(),
            ending: ending(run),
        }
    }

    /// Whether every item gave a value.
    #[must_use]
    pub const fn all_returned(&self) -> bool {
        self.returned == self.items
    }

    /// Some lines for people.
    #[must_use]
    pub fn readable(&self) -> String {
        /// More of a kind than this hide the figures; the JSON has them all.
        const SHOWN: usize = 10;
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{} on {} · {} · chunksize {}{}",
            for_terminal(&self.workload),
            self.executor,
            plural(self.workers, "worker"),
            self.chunksize,
            self.ending
        );
        let _ = writeln!(
            text,
            "{} in {}: {} returned, {} raised, {} cancelled, {} lost",
            plural(self.items, "item"),
            plural(self.calls, "call"),
            grouped(self.returned as u64),
            grouped(self.raised as u64),
            grouped(self.cancelled as u64),
            grouped(self.lost as u64)
        );
        let _ = writeln!(text, "makespan {} · {} items/s", duration_of(self.makespan_s), rate(self.items_per_s));
        let _ = writeln!(text, "queue wait  {}", in_words(&self.queue_wait_s));
        let _ = writeln!(text, "run         {}", in_words(&self.run_s));
        for lane in &self.lanes {
            let pid = lane.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
            let busy = if self.makespan_s > 0.0 { lane.busy_s / self.makespan_s * 100.0 } else { 0.0 };
            let _ = writeln!(
                text,
                "worker {}{pid}: {} in {}, busy {} ({busy:.0} %){}",
                lane.worker,
                plural(lane.items, "item"),
                plural(lane.calls, "call"),
                duration_of(lane.busy_s),
                waits(lane)
            );
        }
        for SideReport { name, lanes, run_s } in &self.beside {
            let items = lanes.iter().map(|lane| lane.items).sum();
            let _ = writeln!(text, "{}: {}  {}", for_terminal(name), plural(items, "item"), in_words(run_s));
        }
        if let Some(others) = self.other_programs.filter(|share| *share >= 0.05) {
            let _ = writeln!(text, "other programs took {:.0} % of the machine meanwhile", others * 100.0);
        }
        for note in &self.notes {
            let _ = writeln!(text, "{}", for_terminal(note));
        }
        self.list_results(&mut text, SHOWN);
        self.list_errors(&mut text, SHOWN);
        text
    }

    /// The first results, with the names of their items.
    fn list_results(&self, text: &mut String, shown: usize) {
        let results = || self.results.iter().filter_map(|record| Some((record, record.result.as_ref()?)));
        for (record, result) in results().take(shown) {
            let _ = writeln!(text, "{}: {}", named(record.item, &record.name), for_terminal(result));
        }
        let more = results().count().saturating_sub(shown);
        if more > 0 {
            let _ = writeln!(text, "… and {} more results (--json and --csv have all)", grouped(more as u64));
        }
    }

    /// The first errors; if there are many, by their messages.
    fn list_errors(&self, text: &mut String, shown: usize) {
        if self.errors.len() <= shown {
            for error in &self.errors {
                let _ = writeln!(text, "{}: {}", named(error.item, &error.name), for_terminal(&error.message));
            }
            return;
        }
        for group in self.groups.iter().take(shown) {
            let name =
                |item: &u32| self.results.iter().find(|record| record.item == *item).map(|record| record.name.as_str());
            let first =
                group.items.first().map(|item| named(*item, name(item).unwrap_or_default())).unwrap_or_default();
            let message = for_terminal(&group.message);
            let _ = match group.items.len() {
                1 => writeln!(text, "{first}: {message}"),
                count => writeln!(text, "{} × {message} (first: {first})", grouped(count as u64)),
            };
        }
        if self.groups.len() > shown {
            let _ = writeln!(text, "… and {} more kinds of errors (--json lists all)", self.groups.len() - shown);
        }
    }
}

/// `item 3 (dunes.jpg)`.
fn named(item: u32, name: &str) -> String {
    if name.is_empty() { format!("item {item}") } else { format!("item {item} ({})", for_terminal(name)) }
}

impl Report {
    /// The same as a heading and two tables of a Markdown document.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let workers = plural(self.workers, "worker");
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "### {} on {}, {workers}, chunksize {}{}\n",
            self.workload, self.executor, self.chunksize, self.ending
        );
        let _ = writeln!(text, "| figure | value |\n|---|---|");
        let totals = [self.returned, self.raised, self.cancelled, self.lost];
        let [returned, raised, cancelled, lost] = totals.map(|total| grouped(total as u64));
        for (name, value) in [
            ("items", format!("{} in {}", grouped(self.items as u64), plural(self.calls, "call"))),
            ("returned, raised, cancelled, lost", format!("{returned}, {raised}, {cancelled}, {lost}")),
            ("makespan", duration_of(self.makespan_s)),
            ("items a second", rate(self.items_per_s)),
            ("queue wait, median and 95 %", median_and_most(&self.queue_wait_s)),
            ("run time, median and 95 %", median_and_most(&self.run_s)),
        ] {
            let _ = writeln!(text, "| {name} | {value} |");
        }
        let _ = writeln!(text, "\n| worker | items | calls | busy | CPU time |\n|---|---|---|---|---|");
        for lane in &self.lanes {
            let LaneSummary { worker, items, calls, busy_s, computing_s, .. } = lane;
            let [busy, computing] = [busy_s, computing_s].map(|seconds| duration_of(*seconds));
            let _ = writeln!(text, "| {worker} | {items} | {calls} | {busy} | {computing} |");
        }
        text
    }
}

fn in_words(Quantiles { p50, p95, max }: &Quantiles) -> String {
    format!("p50 {}  p95 {}  max {}", duration_of(*p50), duration_of(*p95), duration_of(*max))
}

fn median_and_most(quantiles: &Quantiles) -> String {
    format!("{}, {}", duration_of(quantiles.p50), duration_of(quantiles.p95))
}

/// Names of files and arguments may hold what moves a terminal's cursor or changes its title: that is shown, not done.
#[must_use]
pub fn for_terminal(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => letter.to_string(),
        _ if letter.is_control() => letter.escape_default().to_string(),
        _ => letter.to_string(),
    };
    text.chars().map(shown).collect()
}

/// What busy time went to, apart from computing; what rounds to nothing is left out.
fn waits(lane: &LaneSummary) -> String {
    let waits = [
        ("waiting for a core", lane.waiting_for_core_s),
        ("waiting for the GIL", lane.waiting_for_gil_s),
        ("waiting for a lock", lane.waiting_for_lock_s),
        ("waiting for a future", lane.waiting_for_future_s),
        ("blocking", lane.blocking_s),
    ];
    let told = waits.iter().filter(|(_, seconds)| *seconds > 0.0);
    told.map(|(what, seconds)| format!(", {what} {}", duration_of(*seconds))).collect::<Vec<_>>().concat()
}

fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{} {thing}s", grouped(count as u64)) }
}

fn ending(run: &Run) -> String {
    match &run.status {
        _ if run.items == Some(0) => " · no items, nothing to do".to_owned(),
        Status::Ended(End::Stopped) => " · stopped".to_owned(),
        Status::Ended(End::TimedOut) => {
            format!(" · stopped after its timeout of {} s", run.settings.timeout.unwrap_or_default())
        }
        Status::Ended(End::Refused(refused)) => format!(" · {refused}"),
        Status::Ended(End::StoppedByError) => " · stopped, as an item raised".to_owned(),
        _ => String::new(),
    }
}
