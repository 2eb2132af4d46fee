//! What the items of a call came to.

use std::iter::Peekable;
use std::vec;

use serde::{Deserialize, Serialize};

use super::error::TaskError;

/// One result an item, in their order. Most return, so errors are kept apart: values lie side by side, in memory and on their way
/// between processes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ItemResults<R> {
    values: Vec<R>,
    /// Each with the index of its item, in their order.
    errors: Vec<(u32, TaskError)>,
}

impl<R> ItemResults<R> {
    pub(super) const fn len(&self) -> usize {
        self.values.len() + self.errors.len()
    }
}

impl<R> FromIterator<Result<R, TaskError>> for ItemResults<R> {
    fn from_iter<I: IntoIterator<Item = Result<R, TaskError>>>(results: I) -> Self {
        let results = results.into_iter();
        let mut all = Self { values: Vec::with_capacity(results.size_hint().0), errors: Vec::new() };
        for (index, result) in (0..).zip(results) {
            match result {
                Ok(value) => all.values.push(value),
                Err(error) => all.errors.push((index, error)),
            }
        }
        all
    }
}

impl<R> IntoIterator for ItemResults<R> {
    type Item = Result<R, TaskError>;
    type IntoIter = ItemResultsIter<R>;

    fn into_iter(self) -> ItemResultsIter<R> {
        ItemResultsIter { values: self.values.into_iter(), errors: self.errors.into_iter().peekable(), index: 0 }
    }
}

/// See [`ItemResults`].
#[derive(Debug)]
pub(super) struct ItemResultsIter<R> {
    values: vec::IntoIter<R>,
    errors: Peekable<vec::IntoIter<(u32, TaskError)>>,
    index: u32,
}

impl<R> Iterator for ItemResultsIter<R> {
    type Item = Result<R, TaskError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let index = self.index;
        self.index = index.wrapping_add(1);
        if let Some((_, error)) = self.errors.next_if(|(of, _)| *of == index) {
            return Some(Err(error));
        }
        match self.values.next() {
            Some(value) => Some(Ok(value)),
            // Indices that make no sense come from elsewhere; nothing is lost.
            None => self.errors.next().map(|(_, error)| Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn results_come_out_as_they_went_in(results in prop::collection::vec(prop::result::maybe_ok(any::<u8>(), any::<u8>()), 0..50)) {
            let results: Vec<_> =
                results.into_iter().map(|result| result.map_err(|cause| TaskError::message(cause.to_string()))).collect();
            let all: ItemResults<u8> = results.iter().cloned().collect();
            prop_assert_eq!(all.len(), results.len());
            let bytes = postcard::to_allocvec(&all).unwrap();
            let back: ItemResults<u8> = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(back.into_iter().collect::<Vec<_>>(), results);
        }
    }
}
