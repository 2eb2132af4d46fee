//! Tasks that wait for a network: overlapping waits, failures that stay where they are, and threads within processes.

use super::{run, text};
use crate::lab::{Collect, ExecutorKind};
use crate::lesson::outcome::{
    Judgement, all_returned, computing, effect, is_near, item_times, makespan, seconds, share_of_gil, short_of, shows,
};
use crate::lesson::{Lesson, LessonRun, Machine, Question, Ratio};

/// Five addresses of different length, the third of which has a host that does not exist.
const SIZES: &str = "1000000,200000,600000,800000,400000";

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
    about_time: false,
    runs: |_| {
        let params = [("size", SIZES.to_owned()), ("faulty", "2".to_owned()), ("fault", "no-host".to_owned())];
        let load = run("as_completed", "download", params, ExecutorKind::Threads, 5);
        vec![load.with(|settings| {
            settings.collect = Collect::AsCompleted;
            settings.timeout = Some(60.0);
        })]
    },
    judge: |_, runs| {
        let order: Vec<usize> = runs[0].results.iter().map(|(item, _)| item).collect();
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
        let facts = format!(
            "They were submitted as 0, 1, 2, 3, 4 and came as {}: {} with a size and {} with an error.",
            numbers.join(", "),
            totals.returned,
            totals.raised
        );
        let explanation =
            "as_completed yields each as soon as it is done; an error is the matter of its own future.".to_owned();
        let effect = effect((totals.returned, totals.raised) == (4, 1) && !order.is_sorted(), explanation, || {
            if totals.returned + totals.raised < 5 {
                "not all five addresses were tried".to_owned()
            } else {
                "they came in the order in which they were submitted".to_owned()
            }
        });
        Judgement { ratios, facts, effect }
    },
};

const FILES: f64 = 5.0;

/// Five files that take 0.6 s each: 0.2 s until the first byte, and 0.4 s until the last.
fn downloads(name: &'static str, executor: ExecutorKind, workers: usize) -> LessonRun {
    let params = [
        ("files", FILES.to_string()),
        ("latency", "0.2".to_owned()),
        ("size", "200000".to_owned()),
        ("bandwidth", "500000".to_owned()),
    ];
    run(name, "download", params, executor, workers)
}

pub(super) const DOWNLOAD_SEQUENTIAL: Lesson = Lesson {
    id: "download-sequential",
    text: text!("download-sequential"),
    question: Question {
        text: "Five files are downloaded one after the other. How long does that take, beside the longest of them?",
        answers: &["As long as the longest", "Twice as long", "As long as all of them together"],
        right: 2,
    },
    about_time: true,
    runs: |_| vec![downloads("sequential", ExecutorKind::Sequential, 1)],
    judge: |_, runs| {
        let items = item_times(&runs[0]);
        let (longest, whole) = (items.last().copied().unwrap_or_default(), makespan(&runs[0]));
        let rounds = Ratio {
            name: "makespan ÷ longest download",
            published: None,
            ideal: FILES,
            yours: whole / longest.max(1e-9),
        };
        let facts = format!("The longest download took {}, and all five {}.", seconds(longest), seconds(whole));
        let explanation = "Each waits until the one before it is complete.".to_owned();
        let effect = effect(is_near(&rounds, 0.15) && all_returned(&runs[0]), explanation, || {
            format!("five downloads took {:.2} times as long as the longest", rounds.yours)
        });
        Judgement { ratios: vec![rounds], facts, effect }
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
    about_time: true,
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
            ideal: FILES,
            yours: sequential / threads,
        };
        let facts =
            format!("One after the other: {}; with a thread for each: {}.", seconds(sequential), seconds(threads));
        let gil = share_of_gil(&runs[1]);
        let explanation = format!(
            "A task that waits for the network holds no GIL: the threads waited for it for {:.1} % of their time.",
            gil * 100.0
        );
        let shows = shows(&faster, 0.5) && gil < 0.1 && runs.iter().all(|run| all_returned(run));
        let effect = effect(shows, explanation, || short_of(&faster, 0.5));
        Judgement { ratios: vec![faster], facts, effect }
    },
};

/// The file that has no extension.
const FAULTY: usize = 2;

pub(super) const DOWNLOAD_ERRORS: Lesson = Lesson {
    id: "download-errors",
    text: text!("download-errors"),
    question: Question {
        text: "The third of five addresses has no file extension, which is an error. How many results does Python's map (up to 3.14) give before it raises?",
        answers: &["None", "Two: those before the error", "Four: all the others"],
        right: 1,
    },
    about_time: false,
    runs: |_| {
        let faulty = |name, collect| {
            let params = [
                ("faulty", FAULTY.to_string()),
                ("fault", "no-extension".to_owned()),
                ("save", "yes".to_owned()),
                ("size", "400000".to_owned()),
            ];
            run(name, "download", params, ExecutorKind::Threads, 13).with(|settings| settings.collect = collect)
        };
        vec![faulty("submit, a failure is None", Collect::Submit), faulty("map", Collect::Map)]
    },
    judge: |_, runs| {
        let arrived = runs[0].results.iter().filter(|(_, result)| result.is_ok()).count();
        let before = runs[1].results.iter().take_while(|(_, result)| result.is_ok()).count();
        let ratios = vec![
            Ratio { name: "files with submit", published: None, ideal: 4.0, yours: arrived as f64 },
            Ratio { name: "files before map raises", published: None, ideal: FAULTY as f64, yours: before as f64 },
        ];
        let downloaded = runs[1].totals().returned;
        let facts = format!(
            "With submit, {arrived} files came. In the second run {downloaded} were downloaded, {before} of them before the bad one."
        );
        let explanation =
            "Python's map raises at the bad one, so a loop over it gets no more than those before.".to_owned();
        let effect = effect(arrived == 4 && before == FAULTY && downloaded == 4, explanation, || {
            format!("{arrived} of 4 good files came with submit, {downloaded} with map")
        });
        Judgement { ratios, facts, effect }
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
        ("lists", LISTS.to_string()),
        ("pages", PAGES.to_string()),
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
        text: "Four lists of five pages: fetch each page, then compute over each list. Which overlaps all waits with the fewest processes?",
        answers: &[
            "Four processes, each of which fetches its pages one after the other",
            "Four processes, each with five threads of its own",
            "Twenty processes",
        ],
        right: 1,
    },
    about_time: true,
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
        // As long as it really computed, as paces differ from run to run.
        let list = computing(&runs[0]) / LISTS;
        let alone = LISTS * (PAGES * LATENCY + list);
        let ratios = vec![
            Ratio {
                name: "one after the other ÷ nested",
                published: Some(10.0 / 1.1),
                ideal: alone / (LATENCY + LISTS * list / cores),
                yours: sequential / nested,
            },
            Ratio {
                name: "one after the other ÷ processes",
                published: None,
                ideal: alone / (PAGES * LATENCY + LISTS * list / cores),
                yours: sequential / processes,
            },
        ];
        let facts = format!(
            "One after the other: {}; four processes: {}; with five threads in each: {}.",
            seconds(sequential),
            seconds(processes),
            seconds(nested)
        );
        let explanation =
            "The threads of a process wait for all of its pages at the same time, and then it computes.".to_owned();
        let all = runs.iter().all(|run| all_returned(run));
        let effect = effect(all && shows(&ratios[0], 0.5) && nested < processes, explanation, || {
            if nested < processes {
                short_of(&ratios[0], 0.5)
            } else {
                "threads within the processes gained nothing".to_owned()
            }
        });
        Judgement { ratios, facts, effect }
    },
};
