//! Tasks that compute: what threads with a GIL, processes and chunks make of them.

use std::sync::Arc;

use super::{run, text};
use crate::lab::{Collect, ExecutorKind, Run};
use crate::lesson::outcome::{is_near, item_times, makespan, seconds, shows};
use crate::lesson::{Lesson, LessonRun, Machine, Outcome, Question, Ratio};

/// How long the tasks of a lesson take one after the other, in seconds.
const ONE_AFTER_THE_OTHER: f64 = 3.0;

/// Where tasks begin to count, so that all together take that long; `parts` as published.
fn countdown(machine: &Machine, parts: &[u64]) -> String {
    let unit = machine.units("countdown", ONE_AFTER_THE_OTHER) / parts.iter().sum::<u64>();
    parts.iter().map(|part| (part * unit).to_string()).collect::<Vec<_>>().join(",")
}

/// How many times faster so many cores can be, if the longest task is such a part of all.
fn most(machine: &Machine, longest: f64) -> f64 {
    (machine.cores as f64).min(1.0 / longest)
}

pub(super) const COUNTDOWN_PROCESSES: Lesson = Lesson {
    id: "countdown-processes",
    text: text!("countdown-processes"),
    question: Question {
        text: "Four tasks count down from 40, 30, 20 and 10 million. How long do four processes take?",
        answers: &[
            "About as long as all of them together",
            "About as long as the cores allow",
            "A quarter of the longest",
        ],
        right: 1,
    },
    runs: |machine| {
        let from = countdown(machine, &[4, 3, 2, 1]);
        vec![run("processes", "countdown", [("from", from)], ExecutorKind::Processes, machine.cores)]
    },
    judge: |machine, runs| {
        let (whole, items) = (makespan(&runs[0]), item_times(&runs[0]));
        let overlap = Ratio {
            name: "all tasks ÷ makespan",
            published: Some(9.72 / 3.36),
            ideal: most(machine, 0.4),
            yours: items.iter().sum::<f64>() / whole,
        };
        let sentence = format!(
            "The tasks took {} together and were done in {}: the processes counted at the same time, each on a core of its own.",
            seconds(items.iter().sum()),
            seconds(whole)
        );
        Outcome { effect_shown: machine.cores == 1 || shows(&overlap, 0.5), ratios: vec![overlap], sentence }
    },
};

fn processes_then_threads(machine: &Machine, parts: &[u64]) -> Vec<LessonRun> {
    let from = || [("from", countdown(machine, parts))];
    let (cores, tasks) = (machine.cores, parts.len());
    vec![
        run("processes", "countdown", from(), ExecutorKind::Processes, cores),
        run("threads", "countdown", from(), ExecutorKind::Threads, tasks).with_gil(),
    ]
}

fn threads_against_processes(machine: &Machine, runs: &[Arc<Run>], published: f64, longest: f64) -> Outcome {
    let [processes, threads] = [makespan(&runs[0]), makespan(&runs[1])];
    let slower = Ratio {
        name: "threads ÷ processes",
        published: Some(published),
        ideal: most(machine, longest),
        yours: threads / processes,
    };
    let sum = Ratio {
        name: "threads ÷ all tasks one after the other",
        published: None,
        ideal: 1.0,
        yours: threads / item_times(&runs[0]).iter().sum::<f64>(),
    };
    let sentence = format!(
        "The processes took {}, the threads {}, as only one of them at a time held the GIL.",
        seconds(processes),
        seconds(threads)
    );
    Outcome { effect_shown: machine.cores == 1 || shows(&slower, 0.5), ratios: vec![slower, sum], sentence }
}

pub(super) const COUNTDOWN_THREADS: Lesson = Lesson {
    id: "countdown-threads",
    text: text!("countdown-threads"),
    question: Question {
        text: "The same four countdowns in four threads that share a GIL. How long do they take?",
        answers: &[
            "As long as the processes",
            "As long as all tasks one after the other",
            "Four times as long as the processes",
        ],
        right: 1,
    },
    runs: |machine| processes_then_threads(machine, &[4, 3, 2, 1]),
    judge: |machine, runs| threads_against_processes(machine, runs, 6.25 / 3.36, 0.4),
};

pub(super) const COUNTING: Lesson = Lesson {
    id: "counting",
    text: text!("counting"),
    question: Question {
        text: "Two countdowns, from 8 and 7 million. How much slower are two threads with a GIL than two processes?",
        answers: &["Not at all", "Nearly twice", "Four times"],
        right: 1,
    },
    runs: |machine| processes_then_threads(machine, &[8, 7]),
    judge: |machine, runs| threads_against_processes(machine, runs, 3.85 / 2.08, 8.0 / 15.0),
};

/// Of lessons that have nothing but a pool, which has two cores or more as a rule.
const IN_A_POOL: f64 = 5.0;

/// Equal sums that take so many seconds one after the other.
fn sums(machine: &Machine, tasks: u64, seconds: f64) -> [(&'static str, String); 2] {
    let to = machine.units("sum", seconds) / tasks;
    [("tasks", tasks.to_string()), ("to", to.to_string())]
}

pub(super) const SUM_SUBMIT: Lesson = Lesson {
    id: "sum-submit",
    text: text!("sum-submit"),
    question: Question {
        text: "Eight equal sums, two worker processes. How much faster is that than one after the other?",
        answers: &["Not at all", "Nearly twice", "Eight times"],
        right: 1,
    },
    runs: |machine| {
        vec![
            run("sequential", "sum", sums(machine, 8, ONE_AFTER_THE_OTHER), ExecutorKind::Sequential, 1),
            run("processes", "sum", sums(machine, 8, ONE_AFTER_THE_OTHER), ExecutorKind::Processes, 2)
                .with(|settings| settings.collect = Collect::Submit),
        ]
    },
    judge: |machine, runs| {
        let [sequential, processes] = [makespan(&runs[0]), makespan(&runs[1])];
        let faster = Ratio {
            name: "sequential ÷ processes",
            published: Some(8.0 / 4.66),
            ideal: machine.cores.min(2) as f64,
            yours: sequential / processes,
        };
        let sentence = format!(
            "One after the other they took {}, on two processes {}: two lanes, four rounds.",
            seconds(sequential),
            seconds(processes)
        );
        Outcome { effect_shown: machine.cores == 1 || shows(&faster, 0.5), ratios: vec![faster], sentence }
    },
};

pub(super) const SUM_AS_COMPLETED: Lesson = Lesson {
    id: "sum-as-completed",
    text: text!("sum-as-completed"),
    question: Question {
        text: "Eight sums on two processes, taken with as_completed. In which order do their results come?",
        answers: &["In the order of submission, always", "In the order in which they end", "The last submitted first"],
        right: 1,
    },
    runs: |machine| {
        vec![
            run("as_completed", "sum", sums(machine, 8, IN_A_POOL), ExecutorKind::Processes, 2)
                .with(|settings| settings.collect = Collect::AsCompleted),
        ]
    },
    judge: |_, runs| {
        let yielded: Vec<_> = runs[0].results.iter().map(|(item, _)| item).collect();
        let mut ended: Vec<_> = runs[0]
            .trace
            .lanes()
            .iter()
            .flat_map(|lane| lane.spans().map(|span| (span.end, span.item as usize)))
            .collect();
        ended.sort_unstable();
        // Two that end at nearly the same moment may be told in either order.
        let place = |item: usize| ended.iter().position(|(_, other)| *other == item).unwrap_or(usize::MAX);
        let near = yielded.iter().enumerate().filter(|(index, item)| place(**item).abs_diff(*index) <= 1).count();
        let order = Ratio {
            name: "yielded as they ended ÷ all",
            published: None,
            ideal: 1.0,
            yours: near as f64 / yielded.len().max(1) as f64,
        };
        let items: Vec<_> = yielded.iter().map(ToString::to_string).collect();
        let sentence =
            format!("as_completed yielded the tasks in the order {}: each as soon as it ended.", items.join(", "));
        Outcome { effect_shown: yielded.len() == 8 && is_near(&order, 0.0), ratios: vec![order], sentence }
    },
};

pub(super) const SUM_CHUNKS: Lesson = Lesson {
    id: "sum-chunks",
    text: text!("sum-chunks"),
    question: Question {
        text: "24 items, four workers, chunksize 3. How many calls go through the pool?",
        answers: &["24", "8", "4"],
        right: 1,
    },
    runs: |machine| {
        vec![
            run("map, chunksize 3", "sum", sums(machine, 24, IN_A_POOL), ExecutorKind::Processes, 4)
                .with(|settings| settings.chunksize = 3),
        ]
    },
    judge: |_, runs| {
        let calls = runs[0].trace.call_count();
        let chunks = Ratio { name: "calls", published: Some(8.0), ideal: 8.0, yours: calls as f64 };
        let sentence =
            format!("24 items went through the pool as {calls} calls of 3: four at once, and then the other four.");
        Outcome {
            effect_shown: is_near(&chunks, 0.0) && runs[0].totals().returned == 24,
            ratios: vec![chunks],
            sentence,
        }
    },
};

pub(super) const LOCKED_COUNTER: Lesson = Lesson {
    id: "locked-counter",
    text: text!("locked-counter"),
    question: Question {
        text: "Four threads add one to a counter, again and again. They share a GIL. Is the count right?",
        answers: &[
            "Yes: the GIL sees to that",
            "No: updates get lost, unless there is a lock",
            "No, not even with a lock",
        ],
        right: 1,
    },
    runs: |_| {
        let counter = |name, lock: &str| {
            let params = [("additions", "1500000".to_owned()), ("lock", lock.to_owned())];
            run(name, "locked-counter", params, ExecutorKind::Threads, 4).with_gil()
        };
        vec![counter("without a lock", "no"), counter("with the lock", "yes")]
    },
    judge: |_, runs| {
        let right = |run: &Run| run.totals().failed() == 0;
        let [without, with] = [right(&runs[0]), right(&runs[1])];
        let one_if = |right: bool| f64::from(u8::from(right));
        let ratios = vec![
            Ratio {
                name: "right count without a lock (1 = yes)",
                published: Some(0.0),
                ideal: 0.0,
                yours: one_if(without),
            },
            Ratio {
                name: "right count with the lock (1 = yes)",
                published: Some(1.0),
                ideal: 1.0,
                yours: one_if(with),
            },
        ];
        let message = runs[0].trace.errors().next().map_or("the count was right by luck", |error| &*error.message);
        let sentence =
            format!("Without a lock, {message}. With it, the count was {}.", if with { "right" } else { "wrong" });
        Outcome { effect_shown: !without && with, ratios, sentence }
    },
};
