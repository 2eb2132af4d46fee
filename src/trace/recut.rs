//! Items whose calls were withdrawn, to be submitted again in chunks of another size: since when they wait.

use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module. Stretches of items that are in no call for now, none of which overlap: by their first item, the item after their
/// last, and when they were submitted first. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Recut(Arc<BTreeMap<u32, (u32, i64)>>);

impl Recut {
    /// That call was withdrawn.
    pub(super) fn withdrawn(&mut self, first_item: u32, items: u32, submitted: i64) {
        if items > 0 {
            Arc::make_mut(&mut self.0).insert(first_item, (first_item + items, submitted));
        }
    }

    /// Since when the items of a call wait that is submitted at `at`: the longest of them. They are in a call again.
    pub(super) fn waits_since(&mut self, first_item: u32, items: u32, at: i64) -> i64 {
        let end = first_item + items;
        let overlaps = |known: &BTreeMap<u32, (u32, i64)>| {
            let last = known.range(..end).next_back().filter(|(_, (to, _))| *to > first_item);
            last.map(|(from, (to, since))| (*from, *to, *since))
        };
        let mut since = at;
        while let Some((from, to, submitted)) = overlaps(&self.0) {
            since = since.min(submitted);
            let known = Arc::make_mut(&mut self.0);
            known.remove(&from);
            // What lies outside the call goes on waiting for one.
            for (from, to) in [(from, to.min(first_item)), (from.max(end), to)] {
                if from < to {
                    known.insert(from, (to, submitted));
                }
            }
        }
        since
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Chunks of one size, each submitted later than the one before it, are cut anew into chunks of another.
        #[test]
        fn items_wait_from_when_they_were_submitted_first(before in 1..9_u32, after in 1..9_u32, items in 1..60_u32, kept in 0..3_u32) {
            let mut recut = Recut::default();
            let submitted = |item: u32| i64::from(item / before);
            // The first calls are under way, and stay as they are.
            let first = (kept * before).min(items);
            for from in (first..items).step_by(before as usize) {
                recut.withdrawn(from, before.min(items - from), submitted(from));
            }
            for from in (first..items).step_by(after as usize) {
                let count = after.min(items - from);
                prop_assert_eq!(recut.waits_since(from, count, 1_000), submitted(from));
            }
            prop_assert!(recut.0.is_empty(), "{:?}", recut);
            prop_assert_eq!(recut.waits_since(items, after, 1_001), 1_001, "more of them");
        }
    }
}
