//! The lessons, in the order in which they are best read. Published figures are those of the sources that the texts name.

mod computing;
mod deadlocks;
mod event_loop;
mod handing_out;
mod hashing;
mod network;
mod waiting;

use std::collections::BTreeMap;

use super::{Lesson, LessonRun};
use crate::executor::GilMode;
use crate::lab::{ExecutorKind, RunSettings};
use crate::workload::FieldError;

macro_rules! text {
    ($id:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons/", $id, ".md"))
    };
}
use text;

/// Lessons on one subject.
pub struct Topic {
    /// What it is called.
    pub name: &'static str,
    /// In the order in which they are best read.
    pub lessons: &'static [Lesson],
}

/// All of them, by subject.
#[must_use]
pub fn topics() -> &'static [Topic] {
    static TOPICS: [Topic; 6] = [
        Topic {
            name: "Computing",
            lessons: &[
                computing::COUNTDOWN_PROCESSES,
                computing::COUNTDOWN_THREADS,
                computing::COUNTING,
                computing::SUM_SUBMIT,
                computing::SUM_AS_COMPLETED,
                computing::SUM_CHUNKS,
                computing::LOCKED_COUNTER,
                hashing::SEQUENTIAL,
                hashing::PROCESSES,
            ],
        },
        Topic { name: "Handing out", lessons: &[handing_out::SQUARES, handing_out::PRIMES, handing_out::DATA_FLOW] },
        Topic { name: "Waiting", lessons: &[waiting::SLEEP_DONE, waiting::HELLO, waiting::HELLO_BOOM] },
        Topic {
            name: "Networks",
            lessons: &[
                network::LOAD_URL,
                network::DOWNLOAD_SEQUENTIAL,
                network::DOWNLOAD_THREADS,
                network::DOWNLOAD_ERRORS,
                network::NESTED_POOLS,
            ],
        },
        Topic { name: "Event loops", lessons: &[event_loop::BLOCKED, event_loop::EXECUTOR] },
        Topic { name: "Deadlocks", lessons: &[deadlocks::PAIR, deadlocks::NESTED] },
    ];
    &TOPICS
}

/// All of them.
pub fn catalogue() -> impl Iterator<Item = &'static Lesson> {
    topics().iter().flat_map(|topic| topic.lessons)
}

/// The lesson called `id`.
///
/// # Errors
/// That there is none, and which there are.
pub fn find(id: &str) -> Result<&'static Lesson, FieldError> {
    catalogue().find(|lesson| lesson.id == id).ok_or_else(|| {
        let ids: Vec<_> = catalogue().map(|lesson| lesson.id).collect();
        FieldError::new("lesson", format!("there is no `{id}`; there is {}", ids.join(", ")))
    })
}

/// A run of `workload` on `executor`, with these parameters.
fn run<const N: usize>(
    name: &'static str,
    workload: &str,
    params: [(&str, String); N],
    executor: ExecutorKind,
    workers: usize,
) -> LessonRun {
    let params: BTreeMap<_, _> = params.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let settings = RunSettings { workload: workload.to_owned(), params, executor, workers, ..RunSettings::default() };
    LessonRun { name, settings, deadlocks: false }
}

impl LessonRun {
    /// The same, with other settings besides.
    fn with(mut self, change: impl FnOnce(&mut RunSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The same, with CPython's GIL.
    fn with_gil(self) -> Self {
        self.with(|settings| settings.gil = GilMode::Shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Machine;

    #[test]
    fn every_lesson_has_a_text_an_answer_and_runs_that_can_be() {
        let machine = Machine::new();
        for (index, lesson) in catalogue().enumerate() {
            assert!(lesson.text.starts_with("# ") && lesson.title().len() > 5, "{}", lesson.id);
            for part in ["## In Python", "```python", "## In Rust", "```rust"] {
                assert!(lesson.text.contains(part), "{} lacks {part}", lesson.id);
            }
            assert!(lesson.question.right < lesson.question.answers.len(), "{}", lesson.id);
            assert!(catalogue().take(index).all(|other| other.id != lesson.id), "{} is there twice", lesson.id);
            for run in lesson.runs(&machine) {
                if let Err(error) = run.settings.check() {
                    panic!("{}: {error}", lesson.id);
                }
            }
        }
    }
}
