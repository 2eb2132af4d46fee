//! Tasks that wait for a network: overlapping waits, failures that stay where they are, and threads within processes.

use super::{run, text};
use crate::executor::Activity;
use crate::lab::{Collect, ExecutorKind, Run};
use crate::lesson::outcome::{item_times, makespan, seconds, shows};
use crate::lesson::{Lesson, LessonRun, Machine, Outcome, Question, Ratio};

/// Five addresses of different length, the third of which has a host that does not exist.
const SIZES: &str = "500000,100000,300000,400000,200000";

pub(super) const LOAD_URL: Lesson = Lesson {
    id: "load-url",
    text: text!("load-url"),
    question: Question {
        text: "Five addresses, five workers; the third host does not exist. What does as_completed give?",
        answers: &[
            "Nothing: the error ends the program",
            "Four sizes and one error, in the order of the addresses",
            "Four sizes and one error, in the order in which they come",
        ],
        right: 2,
    },
    runs: |_| {
        let params = [("size", SIZES.to_owned()), ("faulty", "2".to_owned()), ("fault", "no-host".to_owned())];
        let load = run("as_completed", "download", params, ExecutorKind::Threads, 5);
        vec![load.with(|settings| {
            settings.collect = Collect::AsCompleted;
            settings.timeout = Some(60.0);
        })]
    },
    judge: |_, runs| {
        let order: Vec<usize> = runs[0].yielded.iter().map(|yielded| yielded.item).collect();
        let longest = item_times(&runs[0]).last().copied().unwrap_or_default();
        let totals = runs[0].totals();
        let ratios = vec![
            Ratio { name: "addresses that came", published: Some(4.0), ideal: 4.0, yours: totals.returned as f64 },
            Ratio {
                name: "makespan ÷ longest fetch",
                published: None,
                ideal: 1.0,
                yours: makespan(&runs[0]) / longest.max(1e-9),
            },
        ];
        let numbers: Vec<_> = order.iter().map(ToString::to_string).collect();
        let sentence = format!(
            "They were submitted as 0, 1, 2, 3, 4 and came as {}; one raised, and the others did not notice.",
            numbers.join(", ")
        );
        let effect_shown = totals.returned == 4 && totals.raised == 1 && !order.is_sorted();
        Outcome { ratios, effect_shown, sentence }
    },
};

/// Five files of 0.6 s each, with latency.
fn downloads(name: &'static str, executor: ExecutorKind, workers: usize) -> LessonRun {
    run(name, "download", [("files", "5".to_owned())], executor, workers)
}

/// Of the time that items executed, the part that they waited for the network.
fn waiting_share(run: &Run) -> f64 {
    let lanes = run.trace.lanes().iter();
    let (busy, away) = lanes.fold((0, 0), |(busy, away), lane| {
        let until = run.trace.last_event();
        (busy + lane.busy_until(until), away + lane.away_until(until)[Activity::Blocking as usize])
    });
    away as f64 / (busy as f64).max(1.0)
}

pub(super) const DOWNLOAD_SEQUENTIAL: Lesson = Lesson {
    id: "download-sequential",
    text: text!("download-sequential"),
    question: Question {
        text: "Five files are downloaded one after the other. What is the processor doing all that time?",
        answers: &["It computes", "Half of the time it waits", "It waits"],
        right: 2,
    },
    runs: |_| vec![downloads("sequential", ExecutorKind::Sequential, 1)],
    judge: |_, runs| {
        let items = item_times(&runs[0]);
        let waiting =
            Ratio { name: "waiting ÷ makespan", published: None, ideal: 1.0, yours: waiting_share(&runs[0]) };
        let sum = Ratio {
            name: "makespan ÷ all downloads",
            published: None,
            ideal: 1.0,
            yours: makespan(&runs[0]) / items.iter().sum::<f64>().max(1e-9),
        };
        let sentence = format!(
            "Five downloads took {}, of which the thread waited {:.1} %: there is nothing to do but to wait, one after another.",
            seconds(makespan(&runs[0])),
            waiting.yours * 100.0
        );
        let effect_shown = waiting.yours > 0.9 && sum.yours > 0.9 && runs[0].totals().returned == 5;
        Outcome { ratios: vec![waiting, sum], effect_shown, sentence }
    },
};

pub(super) const DOWNLOAD_THREADS: Lesson = Lesson {
    id: "download-threads",
    text: text!("download-threads"),
    question: Question {
        text: "The same five files with 13 threads and a GIL. How much faster?",
        answers: &["Not at all, because of the GIL", "As much as there are cores", "Nearly five times"],
        right: 2,
    },
    runs: |_| {
        vec![
            downloads("sequential", ExecutorKind::Sequential, 1),
            downloads("13 threads with a GIL", ExecutorKind::Threads, 13).with_gil().with(|settings| {
                settings.timeout = Some(60.0);
            }),
        ]
    },
    judge: |_, runs| {
        let [sequential, threads] = [makespan(&runs[0]), makespan(&runs[1])];
        let faster = Ratio {
            name: "sequential ÷ threads",
            published: Some(22.85 / 5.04),
            ideal: 5.0,
            yours: sequential / threads,
        };
        let sentence = format!(
            "One after the other: {}; with a thread for each: {}. Whoever waits holds no lock and needs no core.",
            seconds(sequential),
            seconds(threads)
        );
        Outcome { effect_shown: shows(&faster, 0.5), ratios: vec![faster], sentence }
    },
};

/// The file that has no extension.
const FAULTY: usize = 2;

pub(super) const DOWNLOAD_ERRORS: Lesson = Lesson {
    id: "download-errors",
    text: text!("download-errors"),
    question: Question {
        text: "The third of five addresses has no file extension, which is an error. How many results does map give before it raises?",
        answers: &["None", "Two: those before the error", "Four: all the others"],
        right: 1,
    },
    runs: |_| {
        let faulty = |name, collect| {
            let params =
                [("faulty", FAULTY.to_string()), ("fault", "no-extension".to_owned()), ("save", "yes".to_owned())];
            run(name, "download", params, ExecutorKind::Threads, 13).with(|settings| settings.collect = collect)
        };
        vec![faulty("submit, a failure is None", Collect::Submit), faulty("map", Collect::Map)]
    },
    judge: |_, runs| {
        let arrived = runs[0].yielded.iter().filter(|yielded| yielded.result.is_ok()).count();
        let before = runs[1].yielded.iter().take_while(|yielded| yielded.result.is_ok()).count();
        let ratios = vec![
            Ratio { name: "files with submit", published: Some(4.0), ideal: 4.0, yours: arrived as f64 },
            Ratio { name: "files before map raises", published: None, ideal: FAULTY as f64, yours: before as f64 },
        ];
        let sentence = format!(
            "With submit and result() in a try, {arrived} files came. Python's map raises at the bad one: whoever iterates has got \
             {before}, though {} were downloaded.",
            runs[1].totals().returned
        );
        let effect_shown = arrived == 4 && before == FAULTY && runs[1].totals().returned == 4;
        Outcome { ratios, effect_shown, sentence }
    },
};

const LISTS: f64 = 4.0;
const PAGES: f64 = 5.0;
/// How long a page takes to come, and a list to be computed over, in seconds.
const LATENCY: f64 = 0.12;
const COMPUTING: f64 = 0.15;
const PAGE_BYTES: u64 = 20_000;

fn pages(machine: &Machine, name: &'static str, threads: u32, executor: ExecutorKind, workers: usize) -> LessonRun {
    let steps = machine.units("countdown", COMPUTING) / (PAGE_BYTES * PAGES as u64);
    let params = [
        ("threads", threads.to_string()),
        ("latency", LATENCY.to_string()),
        ("size", PAGE_BYTES.to_string()),
        ("steps", steps.min(1_000_000).to_string()),
    ];
    run(name, "pages", params, executor, workers)
}

pub(super) const NESTED_POOLS: Lesson = Lesson {
    id: "nested-pools",
    text: text!("nested-pools"),
    question: Question {
        text: "Four lists of five pages: fetch each page, then compute over each list. What helps most?",
        answers: &[
            "Four processes, each of which fetches its pages one after the other",
            "Four processes, each with five threads of its own",
            "Twenty processes",
        ],
        right: 1,
    },
    runs: |machine| {
        vec![
            pages(machine, "one after the other", 0, ExecutorKind::Sequential, 1),
            pages(machine, "4 processes", 0, ExecutorKind::Processes, 4),
            pages(machine, "4 processes × 5 threads", 5, ExecutorKind::Processes, 4).with_gil(),
        ]
    },
    judge: |machine, runs| {
        let [sequential, processes, nested] = [0, 1, 2].map(|index: usize| makespan(&runs[index]));
        let cores = (machine.cores as f64).min(LISTS);
        let alone = LISTS * (PAGES * LATENCY + COMPUTING);
        let ratios = vec![
            Ratio {
                name: "one after the other ÷ nested",
                published: Some(10.0 / 1.1),
                ideal: alone / (LATENCY + LISTS * COMPUTING / cores),
                yours: sequential / nested,
            },
            Ratio {
                name: "one after the other ÷ processes",
                published: None,
                ideal: alone / (PAGES * LATENCY + LISTS * COMPUTING / cores),
                yours: sequential / processes,
            },
        ];
        let sentence = format!(
            "One after the other: {}; four processes: {}; with five threads in each: {}, as waits overlap first and work after that.",
            seconds(sequential),
            seconds(processes),
            seconds(nested)
        );
        Outcome { effect_shown: shows(&ratios[0], 0.5) && nested < processes, ratios, sentence }
    },
};
