//! Tasks that compute: what threads with a GIL, processes and chunks make of them.

use std::sync::Arc;

use super::{run, text};
use crate::lab::{Collect, ExecutorKind, Run};
use crate::lesson::outcome::{
    Judgement, computing, effect, is_near, item_times, makespan, most_at_once, seconds, share_of_gil, shows, too_small,
};
use crate::lesson::{Lesson, LessonRun, Machine, Question, Ratio};

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
    about_time: true,
    judge: |machine, runs| {
        let (whole, sum, on_core) = (makespan(&runs[0]), item_times(&runs[0]).iter().sum::<f64>(), computing(&runs[0]));
        let ratios = vec![
            Ratio {
                name: "time on a core ÷ makespan",
                published: None,
                ideal: most(machine, 0.4),
                yours: on_core / whole,
            },
            // Where cores are shared, the times of the tasks swell, and this with them.
            Ratio {
                name: "times of the tasks ÷ makespan",
                published: Some(9.72 / 3.36),
                ideal: most(machine, 0.4),
                yours: sum / whole,
            },
        ];
        let facts = format!("The tasks took {} together, and were done in {}.", seconds(sum), seconds(whole));
        let at_once = format!("On average, {:.1} of them were on a core at the same time.", on_core / whole);
        let effect = effect(shows(&ratios[0], 0.5), at_once, || too_small(machine, &ratios[0], 0.5));
        Judgement { ratios, facts, effect }
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

fn threads_against_processes(machine: &Machine, runs: &[Arc<Run>], published: f64, longest: f64) -> Judgement {
    /// So much of their time, two threads or more that compute wait for a GIL that they share.
    const LEAST_GIL: f64 = 0.3;
    let [processes, threads] = [makespan(&runs[0]), makespan(&runs[1])];
    let slower = Ratio {
        name: "threads ÷ processes",
        published: Some(published),
        ideal: most(machine, longest),
        yours: threads / processes,
    };
    let sum = Ratio {
        name: "threads ÷ their time on a core",
        published: None,
        ideal: 1.0,
        yours: threads / computing(&runs[1]),
    };
    let facts = format!("The processes took {}, the threads {}.", seconds(processes), seconds(threads));
    let gil = share_of_gil(&runs[1]);
    let explanation =
        format!("The threads waited for the GIL for {:.0} % of their time: one computed at a time.", gil * 100.0);
    let effect = effect(shows(&slower, 0.5) && gil >= LEAST_GIL, explanation, || too_small(machine, &slower, 0.5));
    Judgement { ratios: vec![slower, sum], facts, effect }
}

pub(super) const COUNTDOWN_THREADS: Lesson = Lesson {
    id: "countdown-threads",
    text: text!("countdown-threads"),
    question: Question {
        text: "The same four countdowns, in processes and in threads that share a GIL. Which can't take less than all tasks one after the \
               other, however many cores there are?",
        answers: &["The processes", "The threads", "Both"],
        right: 1,
    },
    about_time: true,
    runs: |machine| processes_then_threads(machine, &[4, 3, 2, 1]),
    judge: |machine, runs| threads_against_processes(machine, runs, 6.25 / 3.36, 0.4),
};

pub(super) const COUNTING: Lesson = Lesson {
    id: "counting",
    text: text!("counting"),
    question: Question {
        text: "Two countdowns, from 8 and 7 million, in two processes and in two threads that share a GIL. Which gain from a second core?",
        answers: &["Both", "Only the processes", "Neither"],
        right: 1,
    },
    about_time: true,
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
        text: "Eight equal sums, two worker processes. How much faster can that be than one after the other, at most?",
        answers: &["Not at all", "Twice, if there are two cores", "Eight times"],
        right: 1,
    },
    about_time: true,
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
        let facts = format!(
            "One after the other, the sums took {}; on two processes, {}.",
            seconds(sequential),
            seconds(processes)
        );
        let lanes = runs[1].trace.lanes().iter().filter(|lane| lane.items() > 0).count();
        let explanation = format!("{lanes} workers shared the sums, {} at the same time.", most_at_once(&runs[1]));
        let effect = effect(shows(&faster, 0.5), explanation, || too_small(machine, &faster, 0.5));
        Judgement { ratios: vec![faster], facts, effect }
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
    about_time: false,
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
        let ended: Vec<_> = ended.into_iter().map(|(_, item)| item).collect();
        // Two that end at nearly the same moment may be told in either order.
        let place = |item: usize| ended.iter().position(|other| *other == item).unwrap_or(usize::MAX);
        let near = yielded.iter().enumerate().filter(|(index, item)| place(**item).abs_diff(*index) <= 1).count();
        let order = Ratio {
            name: "yielded as they ended ÷ all",
            published: None,
            ideal: 1.0,
            yours: near as f64 / yielded.len().max(1) as f64,
        };
        let list = |items: &[usize]| items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let facts =
            format!("The tasks ended in the order {}, and as_completed yielded {}.", list(&ended), list(&yielded));
        let explanation = if ended == yielded {
            "It yielded each as soon as it had ended.".to_owned()
        } else {
            "The order is the same, but for neighbours that ended at nearly the same moment.".to_owned()
        };
        let effect = effect(yielded.len() == 8 && is_near(&order, 0.0), explanation, || {
            format!("{near} of {} results came in the place in which their task ended", yielded.len())
        });
        Judgement { ratios: vec![order], facts, effect }
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
    about_time: false,
    runs: |machine| {
        vec![
            run("map, chunksize 3", "sum", sums(machine, 24, IN_A_POOL), ExecutorKind::Processes, 4)
                .with(|settings| settings.chunksize = 3),
        ]
    },
    judge: |_, runs| {
        let calls = runs[0].trace.call_count();
        let chunks = Ratio { name: "calls", published: Some(8.0), ideal: 8.0, yours: calls as f64 };
        let returned = runs[0].totals().returned;
        let facts = format!("{returned} items came back, from {calls} calls.");
        let explanation = format!(
            "Three items travel in one call. At most {} calls executed at the same time.",
            most_at_once(&runs[0])
        );
        let effect = effect(is_near(&chunks, 0.0) && returned == 24, explanation, || {
            format!("{returned} of 24 items came back, from {calls} calls instead of 8")
        });
        Judgement { ratios: vec![chunks], facts, effect }
    },
};

pub(super) const LOCKED_COUNTER: Lesson = Lesson {
    id: "locked-counter",
    text: text!("locked-counter"),
    question: Question {
        text: "Four threads add one to a counter, again and again. They share a GIL. Is the count sure to be right?",
        answers: &[
            "Yes: the GIL sees to that",
            "No: updates can get lost, unless there is a lock",
            "No, not even with a lock",
        ],
        right: 1,
    },
    about_time: false,
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
            Ratio { name: "right count without a lock (1 = yes)", published: None, ideal: 0.0, yours: one_if(without) },
            Ratio { name: "right count with the lock (1 = yes)", published: None, ideal: 1.0, yours: one_if(with) },
        ];
        let word = |right: bool| if right { "right" } else { "wrong" };
        let facts = format!("The count was {} without a lock, and {} with it.", word(without), word(with));
        let lost = runs[0].trace.errors().next().map_or_else(String::new, |error| error.message.to_string());
        let effect = effect(!without && with, format!("Without a lock, {lost}."), || {
            if with {
                "no update was lost this time, which is luck: run it again".to_owned()
            } else {
                "the count was wrong with the lock too".to_owned()
            }
        });
        Judgement { ratios, facts, effect }
    },
};
