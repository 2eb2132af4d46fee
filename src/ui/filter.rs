//! Which items are looked for: those that a search fits, and whose times were chosen in a histogram. All others are dimmed.

use std::ops::Range;

use crate::lab::{Run, Task};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filter {
    /// Words, as typed.
    pub(super) text: String,
    /// How long an item must have run, in nanoseconds.
    pub(super) run_time: Option<Range<i64>>,
    /// How long it must have waited.
    pub(super) wait: Option<Range<i64>>,
}

impl Filter {
    /// Whether all items fit.
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.run_time.is_none() && self.wait.is_none()
    }

    /// A test for the items of `run`.
    pub(super) fn matcher<'a>(&'a self, run: &'a Run) -> impl Fn(&Task) -> bool + 'a {
        let words: Vec<_> = self.text.to_lowercase().split_whitespace().map(str::to_owned).collect();
        move |task| {
            let within = |range: &Option<Range<i64>>, nanos: Option<i64>| {
                range.as_ref().is_none_or(|range| nanos.is_some_and(|nanos| range.contains(&nanos)))
            };
            within(&self.run_time, task.ran())
                && within(&self.wait, task.waited())
                && (words.is_empty() || fits(&words, run, task))
        }
    }
}

/// Whether each of the words is a part of what is known of the item; a number is its number.
fn fits(words: &[String], run: &Run, task: &Task) -> bool {
    let worker = task.worker.map(|worker| format!("worker{worker}")).unwrap_or_default();
    let known = format!("{} {} {worker}", run.label(task.item as usize), task.state.word()).to_lowercase();
    words.iter().all(|word| match word.parse::<u32>() {
        Ok(number) => number == task.item,
        // One of twenty workers is not all of them.
        Err(_) if word.starts_with("worker") => known.split_whitespace().any(|known| known == word),
        Err(_) => known.contains(word.as_str()),
    })
}
