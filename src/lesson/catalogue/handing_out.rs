//! How tasks are handed out: in which order results come, what that costs, and from when on they can't be taken back.

use super::{run, text};
use crate::lab::{Collect, ExecutorKind, OnError};
use crate::lesson::outcome::{Judgement, effect, item_times, makespan, seconds};
use crate::lesson::{Lesson, Question, Ratio};
use crate::trace::{Call, Stage};

pub(super) const SQUARES: Lesson = Lesson {
    id: "squares",
    text: text!("squares"),
    question: Question {
        text: "map squares 2, 3, 4 and 5 on three processes. In which order do the results come?",
        answers: &["In the order in which the tasks end", "4, 9, 16, 25: in the order of the input", "At random"],
        right: 1,
    },
    about_time: false,
    runs: |_| vec![run("map", "square", [("of", "2,3,4,5".to_owned())], ExecutorKind::Processes, 3)],
    judge: |_, runs| {
        let results: Vec<_> = runs[0].results.iter().filter_map(|(_, result)| result.ok()).collect();
        let wanted = ["4", "9", "16", "25"];
        let in_place = results.iter().zip(wanted).filter(|(result, wanted)| *result == wanted).count();
        let order = Ratio { name: "results in their place", published: Some(4.0), ideal: 4.0, yours: in_place as f64 };
        let facts = format!("map yielded {}.", results.join(", "));
        let explanation = "Results come in the order of the input, whichever task ends first.".to_owned();
        let effect = effect(in_place == 4 && results.len() == 4, explanation, || {
            format!("{in_place} of 4 results are in their place")
        });
        Judgement { ratios: vec![order], facts, effect }
    },
};

pub(super) const PRIMES: Lesson = Lesson {
    id: "primes",
    text: text!("primes"),
    question: Question {
        text: "1,000 tiny tasks: is each number a prime? Which is the slowest?",
        answers: &["One after the other", "13 threads with a GIL", "13 processes, one task a call"],
        right: 2,
    },
    about_time: true,
    runs: |_| {
        // Small tasks are the point, so they keep their published size on any machine.
        let primes = |name, executor, workers| run(name, "primes", [], executor, workers);
        vec![
            primes("sequential", ExecutorKind::Sequential, 1),
            primes("threads with a GIL", ExecutorKind::Threads, 13).with_gil(),
            primes("processes, chunksize 1", ExecutorKind::Processes, 13),
            primes("processes, chunksize 100", ExecutorKind::Processes, 13).with(|settings| settings.chunksize = 100),
        ]
    },
    judge: |_, runs| {
        let [sequential, threads, single, chunked] = [0, 1, 2, 3].map(|index: usize| makespan(&runs[index]));
        let ratios = vec![
            Ratio {
                name: "threads ÷ sequential",
                published: Some(140.2 / 67.7),
                ideal: 1.0,
                yours: threads / sequential,
            },
            Ratio {
                name: "processes ÷ sequential",
                published: Some(311.3 / 67.7),
                ideal: 1.0,
                yours: single / sequential,
            },
            Ratio { name: "chunksize 1 ÷ chunksize 100", published: None, ideal: 1.0, yours: single / chunked },
        ];
        let facts = format!(
            "One after the other: {}; 13 threads: {}; 13 processes: {}, and {} in chunks of 100.",
            seconds(sequential),
            seconds(threads),
            seconds(single),
            seconds(chunked)
        );
        let work = item_times(&runs[0]).iter().sum::<f64>();
        let explanation = format!(
            "The tasks themselves take {}; starting processes and handing out calls took the rest of {}.",
            seconds(work),
            seconds(single)
        );
        let shows = single > 1.5 * sequential && threads > 0.9 * sequential && work < single / 2.0;
        let effect = effect(shows, explanation, || {
            let (processes, threads) = (single / sequential, threads / sequential);
            format!("processes took {processes:.2} times as long as one after the other, threads {threads:.2} times")
        });
        Judgement { ratios, facts, effect }
    },
};

const SLEEPERS: usize = 12;
const WORKERS: usize = 2;

pub(super) const DATA_FLOW: Lesson = Lesson {
    id: "data-flow",
    text: text!("data-flow"),
    question: Question {
        text: "12 tasks, two processes. One raises, and all that can be cancelled is. What becomes of the tasks in the call queue?",
        answers: &["They are cancelled", "They run", "Their results are thrown away"],
        right: 1,
    },
    about_time: false,
    runs: |_| {
        let params = [("tasks", SLEEPERS.to_string()), ("seconds", "0.4".to_owned()), ("fail", "2".to_owned())];
        let sleep = run("processes", "sleep", params, ExecutorKind::Processes, WORKERS);
        vec![sleep.with(|settings| {
            settings.collect = Collect::Submit;
            settings.on_error = OnError::Stop;
        })]
    },
    judge: |_, runs| {
        let trace = &runs[0].trace;
        let calls = || (0..trace.call_count() as u32).filter_map(|call| trace.call(call));
        let cancelled_at = calls().filter(|call| call.stage == Stage::Cancelled).filter_map(|call| call.done).min();
        let when = cancelled_at.unwrap_or(i64::MAX);
        let in_call_queue = |call: &Call| {
            call.queued.is_some_and(|queued| queued <= when) && call.taken.is_none_or(|taken| taken > when)
        };
        let waited = calls().filter(in_call_queue).count();
        let ran = calls().filter(in_call_queue).filter(|call| call.stage == Stage::Done).count();
        let cancelled = runs[0].totals().cancelled;
        let ratio = Ratio {
            name: "tasks in the call queue that ran",
            published: None,
            ideal: runs[0].call_queue_capacity().unwrap_or_default() as f64,
            yours: ran as f64,
        };
        let facts = if cancelled == 0 {
            "No task was cancelled.".to_owned()
        } else {
            format!(
                "When task 2 had raised, {cancelled} tasks were cancelled; {ran} of the {waited} in the call queue ran."
            )
        };
        let explanation =
            "What is in the call queue is as good as running: only tasks in the work ids queue can be cancelled."
                .to_owned();
        let effect = effect(cancelled > 0 && ran == waited && (1..=WORKERS + 1).contains(&ran), explanation, || {
            if cancelled == 0 {
                "when task 2 raised, nothing was left to cancel".to_owned()
            } else {
                format!("{ran} of the {waited} tasks in the call queue ran")
            }
        });
        Judgement { ratios: vec![ratio], facts, effect }
    },
};
