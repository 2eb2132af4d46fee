//! Items whose calls were withdrawn, to be submitted again in chunks of another size: since when they wait.

use std::collections::BTreeMap;

/// See the module. By the first item of each call that was withdrawn: the item after its last, and when it was submitted first.
#[derive(Clone, Debug, Default)]
pub(super) struct Recut(BTreeMap<u32, (u32, i64)>);

impl Recut {
    /// That call was withdrawn.
    pub(super) fn withdrawn(&mut self, first_item: u32, items: u32, submitted: i64) {
        self.0.insert(first_item, (first_item + items, submitted));
    }

    /// Since when the items of a call wait that is submitted at `at`: the longest of them.
    pub(super) fn waits_since(&mut self, first_item: u32, items: u32, at: i64) -> i64 {
        if self.0.is_empty() {
            return at;
        }
        let end = first_item + items;
        let with_first = self.0.range(..=first_item).next_back().filter(|(_, (end, _))| *end > first_item);
        let from = with_first.map_or(first_item, |(first, _)| *first);
        let since = self.0.range(from..end.max(from)).map(|(_, (_, since))| *since).fold(at, i64::min);
        // Calls whose last item is submitted again are done with.
        while let Some((&first, &(last, _))) = self.0.range(..end).next_back()
            && (from..=end).contains(&last)
        {
            self.0.remove(&first);
        }
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_wait_from_when_they_were_submitted_first() {
        let mut recut = Recut::default();
        assert_eq!(recut.waits_since(0, 3, 5), 5);
        // Chunks of 4, of which all but the first are cut anew into chunks of 6.
        for (first, at) in [(4, 10), (8, 11), (12, 12)] {
            recut.withdrawn(first, 4, at);
        }
        assert_eq!([(4, 6), (10, 6)].map(|(first, items)| recut.waits_since(first, items, 90)), [10, 11]);
        assert!(recut.0.is_empty(), "{recut:?}");
        assert_eq!(recut.waits_since(16, 6, 91), 91, "more of them");
        // Into single items.
        recut.withdrawn(30, 3, 20);
        assert_eq!([30, 31, 32].map(|first| recut.waits_since(first, 1, 95)), [20, 20, 20]);
        assert!(recut.0.is_empty());
    }
}
