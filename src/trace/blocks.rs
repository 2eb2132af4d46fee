//! A column that grows at its end and can be handed out whole at any time: fixed-size blocks behind `Arc`s.
//!
//! A clone shares all blocks, so it costs one count a block. Changing a row copies its block once a clone was taken, and
//! only then: readers never stop the writer, and the writer never changes what a reader has.

use std::sync::Arc;

const BLOCK: usize = 1024;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<T> {
    blocks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Blocks<T> {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, value: T) {
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::new(Vec::new()));
        }
        if let Some(last) = self.blocks.last_mut() {
            Arc::make_mut(last).push(value);
            self.len += 1;
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.blocks.get(index / BLOCK)?.get(index % BLOCK)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Arc::make_mut(self.blocks.get_mut(index / BLOCK)?).get_mut(index % BLOCK)
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.blocks.last()?.last()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    /// The rows from `start` on.
    pub(crate) fn iter_from(&self, start: usize) -> impl Iterator<Item = &T> {
        let blocks = self.blocks.get(start / BLOCK..).unwrap_or_default();
        blocks.iter().flat_map(|block| block.iter()).skip(start % BLOCK)
    }

    /// [`Self::partition_point`] for who knows that it is not before `from`, and probably near: looks ever farther ahead.
    pub(crate) fn partition_point_from(&self, from: usize, mut before: impl FnMut(&T) -> bool) -> usize {
        let (mut low, mut step) = (from.min(self.len), 1);
        let mut high = low;
        while let Some(row) = self.get(high) {
            if !before(row) {
                break;
            }
            low = high + 1;
            high = (high + step).min(self.len);
            step *= 2;
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).is_some_and(&mut before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The first index whose row is not `before`, in rows that are sorted so.
    pub(crate) fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let block = self.blocks.partition_point(|block| block.first().is_some_and(&mut before)).saturating_sub(1);
        self.blocks.get(block).map_or(0, |rows| block * BLOCK + rows.partition_point(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw_while_the_column_goes_on() {
        let mut column = Blocks::default();
        (0..3000).for_each(|n| column.push(n));
        let seen = column.clone();
        (3000..5000).for_each(|n| column.push(n));
        *column.get_mut(10).unwrap() = 77;
        assert_eq!((seen.len(), seen.get(10), seen.last()), (3000, Some(&10), Some(&2999)));
        assert_eq!((column.len(), column.get(10), column.last()), (5000, Some(&77), Some(&4999)));
        assert!(Arc::ptr_eq(&seen.blocks[1], &column.blocks[1]), "an untouched block is shared");
    }

    #[test]
    fn searching_finds_what_a_plain_vector_finds() {
        for len in [0, 1, 1023, 1024, 1025, 4096] {
            let mut column = Blocks::default();
            (0..len).for_each(|n| column.push(n * 2));
            let plain: Vec<i32> = (0..len).map(|n| n * 2).collect();
            for key in [-1, 0, 1, 2, 2045, 2046, 2047, 2048, 2049, 8190, 9000] {
                let expected = plain.partition_point(|&n| n < key);
                assert_eq!(column.partition_point(|&n| n < key), expected, "{key} in {len}");
                assert_eq!(column.iter_from(expected).count(), plain.len() - expected);
                for from in [0, expected / 2, expected.saturating_sub(1), expected] {
                    assert_eq!(column.partition_point_from(from, |&n| n < key), expected, "{key} in {len} from {from}");
                }
            }
        }
    }
}
