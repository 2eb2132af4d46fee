//! What a trace can be asked.

use super::call::StoredCall;
use super::{Call, Counts, Histogram, ItemError, Lane, LogLine, QueueDepths, Series, Side, Trace};
use crate::executor::Intervention;

impl Trace {
    /// One row a worker, in the order of their numbers.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The lane of a worker.
    #[must_use]
    pub fn lane_of(&self, worker: u32) -> Option<&Lane> {
        self.lanes.binary_search_by_key(&worker, |lane| lane.worker).ok().map(|index| &self.lanes[index])
    }

    /// Lanes beside the workers': an event loop, clients.
    #[must_use]
    pub fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// The lanes beside the workers' with that number.
    #[must_use]
    pub fn side(&self, number: u32) -> Option<&Side> {
        self.sides.iter().find(|side| side.number == number)
    }

    /// What a call is called, if it has a name.
    #[must_use]
    pub fn name(&self, call: u32) -> Option<&str> {
        let index = self.names.partition_point(|row| row.0 < call);
        self.names.get(index).filter(|row| row.0 == call).map(|row| &*row.1)
    }

    /// Where everything is.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What was done to the run from outside, in the order of time.
    pub fn interventions(&self) -> impl Iterator<Item = &(i64, Intervention)> {
        self.interventions.iter()
    }

    /// Queue depths over time.
    #[must_use]
    pub const fn queues(&self) -> &Series<QueueDepths> {
        &self.queues
    }

    /// How many items had executed, over time. One whose call is lost later counts no more, not even before that.
    #[must_use]
    pub const fn finished_items(&self) -> &Series<usize> {
        &self.finished
    }

    /// How long items ran that have finished.
    #[must_use]
    pub const fn run_times(&self) -> &Histogram {
        &self.run_times
    }

    /// How long items had waited, from their submission until they started.
    #[must_use]
    pub const fn queue_waits(&self) -> &Histogram {
        &self.queue_waits
    }

    /// A call's way.
    #[must_use]
    pub fn call(&self, call: u32) -> Option<Call> {
        self.calls.get(call as usize).map(StoredCall::expand)
    }

    /// The last call that has item number `item`. Looks through all calls.
    #[must_use]
    pub fn call_of(&self, item: u32) -> Option<u32> {
        let has = |call: &StoredCall| item >= call.first_item && item - call.first_item < call.items;
        (0..).zip(self.calls.iter()).filter(|(_, call)| has(call)).map(|(number, _)| number).last()
    }

    /// The worker that executes or executed item number `item` of that call, and when that began; `None` if it has not begun.
    #[must_use]
    pub fn start_of(&self, call: u32, item: u32) -> Option<(u32, i64)> {
        let taken = self.call(call)?.taken?;
        self.lanes.iter().find_map(|lane| Some((lane.worker, lane.start_of(call, item, taken)?)))
    }

    /// How many calls were submitted.
    #[must_use]
    pub const fn call_count(&self) -> usize {
        self.calls.len()
    }

    /// What raised or was lost, in the order in which it was heard of.
    pub fn errors(&self) -> impl Iterator<Item = &ItemError> {
        self.errors.iter()
    }

    /// [`Self::errors`] from number `start` on.
    pub fn errors_from(&self, start: usize) -> impl Iterator<Item = &ItemError> {
        self.errors.iter_from(start)
    }

    /// How many [`Self::errors`] there are.
    #[must_use]
    pub const fn error_count(&self) -> usize {
        self.errors.len()
    }

    /// What an item raised, or with what it was lost. Looks through all errors.
    #[must_use]
    pub fn error_of(&self, item: u32) -> Option<&ItemError> {
        // A call that was lost after some of its items had raised has told of both; what counts is that it is lost.
        self.errors.iter().filter(|error| error.item == item).last()
    }

    /// The first lines that an item printed. Looks through all lines.
    pub fn log_of(&self, item: u32, most: usize) -> impl Iterator<Item = &LogLine> {
        self.log.iter().filter(move |line| line.item == Some(item)).take(most)
    }

    /// What tasks printed, from line number `start` on, in the order in which it was heard of.
    pub fn log_from(&self, start: usize) -> impl Iterator<Item = &LogLine> {
        self.log.iter_from(start)
    }

    /// How many lines were printed.
    #[must_use]
    pub const fn log_length(&self) -> usize {
        self.log.len()
    }

    /// When the first call was submitted.
    #[must_use]
    pub fn first_submission(&self) -> i64 {
        self.calls.get(0).map_or(0, |call| call.submitted)
    }

    /// Why a call was lost, of the first that was; `None` = none was.
    #[must_use]
    pub fn lost_cause(&self) -> Option<&str> {
        self.lost_cause.as_deref()
    }

    /// Whether the results of that call wait for the rest of it, or are on their way: its items that have executed are not done.
    #[must_use]
    pub fn is_under_way(&self, call: u32) -> bool {
        self.under_way.contains_key(&u64::from(call))
    }

    /// The items whose programs have ended, and with what, in the order of time: an exit code, or a signal, negative.
    pub fn exit_statuses(&self) -> impl Iterator<Item = (u32, i32)> {
        self.exit_statuses.iter().copied()
    }

    /// The numbers of the items that were tried again, once for each time.
    pub fn retries(&self) -> impl Iterator<Item = u32> {
        self.retries.iter().copied()
    }

    /// When the last item so far ended; 0 = none has.
    #[must_use]
    pub fn last_finished(&self) -> i64 {
        self.finished.points().last().map_or(0, |(at, _)| *at)
    }

    /// When the last result so far was received.
    #[must_use]
    pub const fn last_result(&self) -> i64 {
        self.last_result
    }

    /// Nanoseconds from the first submission to the last result.
    #[must_use]
    pub fn makespan(&self) -> i64 {
        (self.last_result - self.first_submission()).max(0)
    }

    /// The time of the last event.
    #[must_use]
    pub const fn last_event(&self) -> i64 {
        self.last_event
    }

    /// The time of a stamp of [`crate::sys::monotonic_nanos`].
    #[must_use]
    pub const fn time_of(&self, stamp: i64) -> i64 {
        stamp - self.origin
    }

    /// Why there are fewer workers than were wanted, if that is so.
    #[must_use]
    pub fn missing_worker(&self) -> Option<&str> {
        self.missing_worker.as_deref()
    }

    /// How many events it is the fold of.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Whether a call was lost that no worker had: with what a worker held, only that is lost, unless its pool breaks.
    #[must_use]
    pub const fn lost_in_queue(&self) -> bool {
        self.lost_in_queue
    }

    /// Events that made no sense, such as of a call that was never submitted.
    #[must_use]
    pub const fn ignored(&self) -> usize {
        self.ignored
    }
}
