//! Which items are looked for: those that a search fits, and whose times were chosen in a histogram. All others are dimmed.

use std::ops::Range;

use crate::lab::{Run, Task, TaskState};

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
        let phrases = phrases(&self.text.to_lowercase());
        move |task| {
            let within = |range: &Option<Range<i64>>, nanos: Option<i64>| {
                range.as_ref().is_none_or(|range| nanos.is_some_and(|nanos| range.contains(&nanos)))
            };
            within(&self.run_time, task.ran())
                && within(&self.wait, task.waited())
                && (phrases.is_empty() || fits(&phrases, run, task))
        }
    }
}

/// The words of a search, where what stands in quotation marks is one. A mark that is not closed yet is being typed.
fn phrases(text: &str) -> Vec<String> {
    let parts = text.split('"').enumerate();
    let phrases = parts.flat_map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.trim().to_owned()],
    });
    phrases.filter(|phrase| !phrase.is_empty()).collect()
}

/// Whether each of the phrases is a part of what is known of the item. A number is also its number.
fn fits(phrases: &[String], run: &Run, task: &Task) -> bool {
    let worker = task.worker.map(|worker| format!("worker{worker}"));
    let name = run.label(task.item as usize).to_lowercase();
    let error =
        matches!(task.state, TaskState::Raised | TaskState::Lost).then(|| run.trace.error_of(task.item)).flatten();
    let error = error.map(|error| error.message.to_lowercase()).unwrap_or_default();
    phrases.iter().all(|phrase| {
        name.contains(phrase.as_str())
            || error.contains(phrase.as_str())
            || phrase.parse() == Ok(task.item)
            // One of twenty workers is not all of them.
            || worker.as_ref() == Some(phrase)
            || words_for(task.state).iter().any(|word| word.starts_with(phrase.as_str()))
    })
}

/// What people type when they look for items in that state.
const fn words_for(state: TaskState) -> &'static [&'static str] {
    match state {
        TaskState::Pending => &["pending", "waiting", "queued"],
        TaskState::InCallQueue => &["in the call queue", "call queue", "queued", "waiting"],
        TaskState::Taken => &["taken"],
        TaskState::Executing => &["executing", "running"],
        TaskState::Deadlocked => &["deadlocked", "stuck", "executing", "waiting"],
        TaskState::Executed => &["executed", "done"],
        TaskState::Returned => &["returned", "ok", "done", "succeeded"],
        TaskState::Raised => &["raised", "failed", "error"],
        TaskState::Lost => &["lost", "failed", "error"],
        TaskState::Cancelled => &["cancelled", "canceled"],
        TaskState::Interrupted => &["interrupted", "stopped", "cancelled", "canceled"],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::lab::RunSettings;

    #[test]
    fn items_are_found_by_any_part_of_their_names_and_by_the_words_for_their_state() {
        let mut run = Run::new(1, RunSettings::default(), 0);
        run.labels = Some(Arc::new(|item| format!("broken {}.jpg", item + 10)));
        let task =
            |item, state| Task { item, call: item, state, worker: Some(2), submitted: 0, started: None, ended: None };
        let found = |text: &str, item, state| {
            let filter = Filter { text: text.to_owned(), ..Filter::default() };
            filter.matcher(&run)(&task(item, state))
        };
        for text in
            ["broken 10", "\"broken 1\"", "BROKEN", "failed", "raised", "error", "worker2", "0", "\"broken 10", "10"]
        {
            assert!(found(text, 0, TaskState::Raised), "{text}");
        }
        for text in ["broken 11", "\"broken 2\"", "returned", "worker", "worker20", "\"10 broken\""] {
            assert!(!found(text, 0, TaskState::Raised), "{text}");
        }
        assert!(found("done", 0, TaskState::Returned) && found("cancel", 0, TaskState::Interrupted));
    }
}
