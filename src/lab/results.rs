//! What was yielded for the items of a run: their lines for people, or their errors in one line, in the order in which they were
//! yielded, while the run goes on.

use std::mem;

use parking_lot::Mutex;

use crate::trace::Blocks;

type Yielded = Result<Box<str>, Box<str>>;

/// What was yielded so far. A clone shares what is large.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// By the numbers of the items.
    of: Blocks<Option<Yielded>>,
    /// The numbers, as they came.
    order: Blocks<u32>,
    bytes: usize,
}

/// Of a large run, as many results are kept as take about this many bytes.
const KEPT: usize = 256 << 20;
/// What one takes apart from its text.
const EACH: usize = 64;

impl Results {
    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room for more: what comes is not kept.
    #[must_use]
    pub const fn are_full(&self) -> bool {
        self.bytes >= KEPT
    }

    /// What was yielded for that item; `None` = nothing yet, or it was not kept.
    #[must_use]
    pub fn of(&self, item: usize) -> Option<Result<&str, &str>> {
        self.of.get(item)?.as_ref().map(|yielded| yielded.as_deref().map_err(AsRef::as_ref))
    }

    /// The numbers of the items and what was yielded for them, as it came.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Result<&str, &str>)> {
        self.order.iter().filter_map(|item| Some((*item as usize, self.of(*item as usize)?)))
    }

    /// Adds what was yielded for that item. Items are numbered without large gaps.
    pub(super) fn push(&mut self, item: usize, result: Result<String, String>) {
        self.bytes += size_of(&result);
        while self.of.len() <= item {
            self.of.push(None);
        }
        if let Some(place) = self.of.get_mut(item) {
            *place = Some(result.map(String::into_boxed_str).map_err(String::into_boxed_str));
            self.order.push(item as u32);
        }
    }
}

/// Where the threads that collect results put them, and the lab takes them from. Neither waits for more than that.
#[derive(Default)]
pub(super) struct ResultsBox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    results: Vec<(usize, Result<String, String>)>,
    /// Of all that were ever put here.
    bytes: usize,
}

impl ResultsBox {
    /// Adds what was yielded for that item, unless enough is kept.
    pub(super) fn put(&self, item: usize, result: Result<String, String>) {
        let mut waiting = self.0.lock();
        if waiting.bytes < KEPT {
            waiting.bytes += size_of(&result);
            waiting.results.push((item, result));
        }
    }

    /// Takes out what came since the last time.
    pub(super) fn take(&self) -> Vec<(usize, Result<String, String>)> {
        mem::take(&mut self.0.lock().results)
    }
}

fn size_of(result: &Result<String, String>) -> usize {
    EACH + result.as_ref().map_or_else(String::len, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_out_of_order_is_found_by_its_item_and_told_as_it_came() {
        let mut results = Results::default();
        results.push(2, Ok("four".to_owned()));
        results.push(0, Err("zero".to_owned()));
        assert_eq!((results.of(2), results.of(0)), (Some(Ok("four")), Some(Err("zero"))));
        assert_eq!((results.of(1), results.of(7)), (None, None));
        assert_eq!(results.iter().collect::<Vec<_>>(), [(2, Ok("four")), (0, Err("zero"))]);
    }

    #[test]
    fn a_large_run_keeps_as_many_as_there_is_room_for() {
        let collected = ResultsBox::default();
        let long = "x".repeat(16_000);
        (0..100_000).for_each(|item| collected.put(item, Ok(long.clone())));
        let kept = collected.take();
        assert!((KEPT / 16_100..=KEPT / 16_000).contains(&kept.len()), "{}", kept.len());
        let mut results = Results::default();
        for (item, result) in kept {
            assert!(!results.are_full());
            results.push(item, result);
        }
        assert!(results.are_full());
        collected.put(0, Ok(String::new()));
        assert!(collected.take().is_empty());
    }
}
