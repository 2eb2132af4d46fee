//! The items of the runs that are looked at, filtered and in the order of a column. Of a million of them that takes a moment, so it
//! is done in a thread of its own, and again when something has changed.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use eframe::egui::Context;

use super::background::Background;
use super::filter::Filter;
use crate::lab::{Run, Task, TaskState};

/// What the items are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Item,
    State,
    Worker,
    Call,
    Started,
    Waited,
    Ran,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
struct Order {
    run: usize,
    moment: Option<i64>,
    /// How many events it had folded.
    events: usize,
    filter: Filter,
    by: Column,
    descending: bool,
}

/// What came of it.
pub(super) struct Found {
    /// Those that fit, in order.
    pub(super) tasks: Vec<Task>,
    /// How many there are altogether.
    pub(super) of: usize,
    /// By the numbers of the items, where each stands among those that fit; those beyond were not known yet.
    rows: Vec<Option<u32>>,
    /// Of each worker, when those ran that fit, in order.
    ran: HashMap<u32, Vec<Ran>>,
}

/// When an item ran, and how many had failed by its end: of those that fit, on its worker.
struct Ran {
    start: i64,
    end: i64,
    failed: usize,
}

/// See the module. It lasts as long as the window.
pub(super) struct TaskIndex {
    pub(super) by: Column,
    pub(super) descending: bool,
    /// The item whose row in the table keys went to: it is to be in sight.
    pub(super) to_item: Option<u32>,
    /// Of each run that is looked at, by its number.
    listings: HashMap<usize, Background<Order, Found>>,
}

impl Default for TaskIndex {
    fn default() -> Self {
        Self { by: Column::Item, descending: false, to_item: None, listings: HashMap::new() }
    }
}

impl TaskIndex {
    /// Sees to it that the items of these runs are known; what is known of others is let go.
    pub(super) fn ask(&mut self, context: &Context, runs: &[&Run], filter: &Filter) {
        self.listings.retain(|number, _| runs.iter().any(|run| run.number == *number));
        for run in runs {
            let order = Order {
                run: run.number,
                moment: run.moment,
                events: run.trace.events(),
                filter: filter.clone(),
                by: self.by,
                descending: self.descending,
            };
            // A moment that moves is no other order.
            let alike = {
                let order = order.clone();
                move |known: &Order| Order { moment: known.moment, events: known.events, ..order } == *known
            };
            let find = || {
                let (run, order) = ((*run).clone(), order.clone());
                move || find(&run, &order)
            };
            let listing = self.listings.entry(run.number).or_default();
            listing.ask(context, order.clone(), alike, !run.ended() && run.moment.is_none(), find);
        }
    }

    /// Whether that run is being looked through anew, in another order or with other words.
    pub(super) fn is_looking(&self, run: usize) -> bool {
        self.listings.get(&run).is_some_and(Background::is_older)
    }

    /// What was found of that run, if it was.
    pub(super) fn found(&self, run: usize) -> Option<&Found> {
        self.listings.get(&run)?.known().map(|(_, found)| found)
    }

    /// What was found of that run with this very filter; `None` = that is not known yet.
    pub(super) fn found_with(&self, run: usize, filter: &Filter) -> Option<&Found> {
        let (order, found) = self.listings.get(&run)?.known()?;
        (order.filter == *filter).then_some(found)
    }

    /// What was found of that run, unless all of it fits.
    pub(super) fn found_among_others(&self, run: usize) -> Option<&Found> {
        let (order, found) = self.listings.get(&run)?.known()?;
        (!order.filter.is_empty()).then_some(found)
    }
}

impl Found {
    /// Whether that item fits. One that is not known yet does, until it is.
    pub(super) fn fits(&self, item: u32) -> bool {
        self.rows.get(item as usize).is_none_or(Option::is_some)
    }

    /// Where that item stands among those that fit.
    pub(super) fn row_of(&self, item: u32) -> Option<usize> {
        self.rows.get(item as usize).copied().flatten().map(|row| row as usize)
    }

    /// Whether some that fit ran on that worker in that time: `Some(true)` = one of them failed.
    pub(super) fn ran_in(&self, worker: u32, time: Range<i64>) -> Option<bool> {
        let ran = self.ran.get(&worker)?;
        let first = ran.partition_point(|ran| ran.end <= time.start);
        let after = first + ran.get(first..)?.partition_point(|ran| ran.start < time.end);
        let failed = |after: usize| after.checked_sub(1).map_or(0, |last| ran[last].failed);
        (first < after).then(|| failed(after) > failed(first))
    }

    /// The item that comes after that one in the table, or the first.
    pub(super) fn after(&self, item: Option<u32>) -> Option<&Task> {
        let place = item.and_then(|item| self.row_of(item));
        place.and_then(|place| self.tasks.get(place + 1)).or_else(|| self.tasks.first())
    }
}

fn find(run: &Run, order: &Order) -> Found {
    let mut tasks = run.tasks();
    let of = tasks.len();
    let mut rows = vec![None; tasks.last().map_or(0, |task| task.item as usize + 1)];
    if !order.filter.is_empty() {
        let matches = order.filter.matcher(run);
        tasks.retain(matches);
    }
    let mut ran = HashMap::<u32, Vec<Ran>>::new();
    for task in tasks.iter().filter(|_| !order.filter.is_empty()) {
        if let (Some(worker), Some(start), Some(end)) = (task.worker, task.started, task.ended) {
            // What took no time was there all the same.
            let (end, failed) = (end.max(start + 1), matches!(task.state, TaskState::Raised | TaskState::Lost));
            ran.entry(worker).or_default().push(Ran { start, end, failed: usize::from(failed) });
        }
    }
    for ran in ran.values_mut() {
        ran.sort_unstable_by_key(|ran| ran.start);
        let mut failed = 0;
        for ran in ran {
            failed += ran.failed;
            ran.failed = failed;
        }
    }
    // What has no value comes last, whichever way.
    let key = |task: &Task| -> (bool, i64) {
        let value = match order.by {
            Column::Item => Some(i64::from(task.item)),
            Column::State => Some(task.state as i64),
            Column::Worker => task.worker.map(i64::from),
            Column::Call => Some(i64::from(task.call)),
            Column::Started => task.started,
            Column::Waited => task.waited(),
            Column::Ran => task.ran(),
        };
        (value.is_none(), value.unwrap_or_default())
    };
    if order.descending {
        tasks.sort_by_key(|task| {
            let (none, value) = key(task);
            (none, Reverse(value))
        });
    } else if order.by != Column::Item {
        tasks.sort_by_key(key);
    }
    for (row, task) in tasks.iter().enumerate() {
        rows[task.item as usize] = Some(row as u32);
    }
    Found { tasks, of, rows, ran }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Event, EventKind, Outcome};
    use crate::lab::RunSettings;

    /// Three items on one worker: from 10 to 20, 20 to 30 and 30 to 40; the second raised.
    fn run() -> Run {
        let mut run = Run::new(1, RunSettings::default(), 0);
        let apply = |run: &mut Run, at, kind| run.trace.apply(&Event { at, kind });
        apply(&mut run, 1, EventKind::Submitted { call: 0, first_item: 0, items: 3 });
        apply(&mut run, 2, EventKind::WorkerStarted { worker: 0, pid: None });
        apply(&mut run, 9, EventKind::Taken { call: 0, worker: 0 });
        for item in 0..3_u32 {
            let start = 10 * i64::from(item + 1);
            let raised = Outcome::Raised(Box::new(crate::executor::TaskError::message("Boom!")));
            let outcome = if item == 1 { raised } else { Outcome::Returned };
            apply(&mut run, start, EventKind::Started { call: 0, item, worker: 0 });
            apply(&mut run, start + 10, EventKind::Finished { call: 0, item, worker: 0, outcome });
        }
        apply(&mut run, 41, EventKind::ResultReceived { call: 0 });
        run
    }

    fn order(text: &str, by: Column, descending: bool) -> Order {
        let filter = Filter { text: text.to_owned(), ..Filter::default() };
        Order { run: 1, moment: None, events: 0, filter, by, descending }
    }

    #[test]
    fn what_fits_is_in_order_and_known_by_item_and_by_time() {
        let items = |found: &Found| found.tasks.iter().map(|task| task.item).collect::<Vec<_>>();
        let all = find(&run(), &order("", Column::Started, true));
        assert_eq!((items(&all), all.of), (vec![2, 1, 0], 3));
        let by_state = find(&run(), &order("", Column::State, true));
        assert_eq!(items(&by_state), [1, 0, 2], "what is alike stays in order");
        let raised = find(&run(), &order("raised", Column::Item, false));
        assert_eq!((items(&raised), raised.of), (vec![1], 3));
        assert_eq!([0, 1, 2].map(|item| raised.fits(item)), [false, true, false]);
        assert!(raised.fits(7), "what is not known yet is not dimmed");
        let ran = |from: i64, until: i64| raised.ran_in(0, from..until);
        assert_eq!([ran(10, 20), ran(15, 21), ran(29, 40), ran(30, 40)], [None, Some(true), Some(true), None]);
        assert_eq!(raised.ran_in(1, 0..100), None);
        let others = find(&run(), &order("returned", Column::Item, false));
        assert_eq!(others.ran_in(0, 0..100), Some(false));
        assert_eq!([0, 1, 2].map(|item| others.row_of(item)), [Some(0), None, Some(1)]);
        let every = find(&run(), &order("worker0", Column::Item, true));
        let failed = |from: i64, until: i64| every.ran_in(0, from..until);
        assert_eq!(
            [failed(10, 40), failed(10, 20), failed(30, 40), failed(19, 21)],
            [true, false, false, true].map(Some)
        );
    }
}
