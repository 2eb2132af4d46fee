//! Published examples as lessons: each has a text, a question to answer first, one or more runs that are really run, and what came of
//! them beside what was published and what would be ideal.
//!
//! Published seconds come from other machines, so what is compared are ratios; and the sizes of tasks follow from the pace of this
//! machine, so that a lesson lasts some seconds everywhere.

mod catalogue;
mod course;
mod disturbance;
mod machine;
mod outcome;

use std::sync::Arc;

pub use catalogue::{Topic, catalogue, find, topics};
pub use course::{Course, Step};
use disturbance::Disturbance;
pub use machine::Machine;
use outcome::Judgement;
pub use outcome::{Outcome, Ratio, Verdict};

use crate::lab::{Run, RunSettings};

/// A published example.
pub struct Lesson {
    /// As people type it.
    pub id: &'static str,
    /// The text, in Markdown; its first line is the title.
    pub text: &'static str,
    /// What to answer before it runs.
    pub question: Question,
    /// Its effect is one of time, which a busy machine hides or feigns.
    about_time: bool,
    runs: fn(&Machine) -> Vec<LessonRun>,
    judge: fn(&Machine, &[Arc<Run>]) -> Judgement,
}

/// A question with answers to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What is asked.
    pub text: &'static str,
    /// What can be answered.
    pub answers: &'static [&'static str],
    /// The index of the answer that is right.
    pub right: usize,
}

/// One of a lesson's runs.
#[derive(Clone, Debug)]
pub struct LessonRun {
    /// What tells it from the others.
    pub name: &'static str,
    /// What is run.
    pub settings: RunSettings,
    /// It is stopped as soon as its tasks wait for each other forever, which is what it is to show.
    pub deadlocks: bool,
}

/// Each has an id of its own.
impl PartialEq for Lesson {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Lesson {
    /// The first line of the text.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches('#').trim()
    }

    /// What to run, one after the other, in sizes for `machine`.
    #[must_use]
    pub fn runs(&self, machine: &Machine) -> Vec<LessonRun> {
        (self.runs)(machine)
    }

    /// What came of [`Self::runs`], once they are over; as many, in the same order.
    fn judge(&self, machine: &Machine, runs: &[Arc<Run>], disturbance: Option<&Disturbance>) -> Outcome {
        (self.judge)(machine, runs).conclude(disturbance)
    }
}

/// The Rust programs of the texts, so that the compiler has seen them.
#[cfg(doctest)]
mod texts {
    #[doc = include_str!("../../assets/lessons/countdown-processes.md")]
    struct CountdownProcesses;
    #[doc = include_str!("../../assets/lessons/countdown-threads.md")]
    struct CountdownThreads;
    #[doc = include_str!("../../assets/lessons/counting.md")]
    struct Counting;
    #[doc = include_str!("../../assets/lessons/deadlock-nested.md")]
    struct DeadlockNested;
    #[doc = include_str!("../../assets/lessons/deadlock-pair.md")]
    struct DeadlockPair;
    #[doc = include_str!("../../assets/lessons/data-flow.md")]
    struct DataFlow;
    #[doc = include_str!("../../assets/lessons/download-errors.md")]
    struct DownloadErrors;
    #[doc = include_str!("../../assets/lessons/download-sequential.md")]
    struct DownloadSequential;
    #[doc = include_str!("../../assets/lessons/download-threads.md")]
    struct DownloadThreads;
    #[doc = include_str!("../../assets/lessons/event-loop-blocked.md")]
    struct EventLoopBlocked;
    #[doc = include_str!("../../assets/lessons/event-loop-executor.md")]
    struct EventLoopExecutor;
    #[doc = include_str!("../../assets/lessons/load-url.md")]
    struct LoadUrl;
    #[doc = include_str!("../../assets/lessons/nested-pools.md")]
    struct NestedPools;
    #[doc = include_str!("../../assets/lessons/hash-processes.md")]
    struct HashProcesses;
    #[doc = include_str!("../../assets/lessons/hash-sequential.md")]
    struct HashSequential;
    #[doc = include_str!("../../assets/lessons/hello.md")]
    struct Hello;
    #[doc = include_str!("../../assets/lessons/hello-boom.md")]
    struct HelloBoom;
    #[doc = include_str!("../../assets/lessons/locked-counter.md")]
    struct LockedCounter;
    #[doc = include_str!("../../assets/lessons/primes.md")]
    struct Primes;
    #[doc = include_str!("../../assets/lessons/sleep-done.md")]
    struct SleepDone;
    #[doc = include_str!("../../assets/lessons/squares.md")]
    struct Squares;
    #[doc = include_str!("../../assets/lessons/sum-as-completed.md")]
    struct SumAsCompleted;
    #[doc = include_str!("../../assets/lessons/sum-chunks.md")]
    struct SumChunks;
    #[doc = include_str!("../../assets/lessons/sum-submit.md")]
    struct SumSubmit;
}
