//! Native computing of growing length: the long tail at the end, and threads that the GIL does not hold up.

use super::{run, text};
use crate::lab::ExecutorKind;
use crate::lesson::outcome::{item_times, makespan, seconds, shows};
use crate::lesson::{Lesson, Machine, Outcome, Question, Ratio};

/// How long all tasks take one after the other, in seconds.
const ONE_AFTER_THE_OTHER: f64 = 2.4;

/// Task n derives keys of 1, 2, … n − 1 times the first rounds: together, for n from 0 to 19, 1,140 times as many.
const UNITS: u64 = 1_140;
/// What the last chunk of two has of them.
const LAST_CHUNK: f64 = (153 + 171) as f64 / UNITS as f64;
/// What the last task has of them, beside the mean.
const LONGEST: f64 = 171.0 / (UNITS as f64 / 20.0);

fn keys(machine: &Machine) -> [(&'static str, String); 2] {
    let rounds = (machine.units("pbkdf2", ONE_AFTER_THE_OTHER) / UNITS).clamp(1, 1_000_000);
    [("tasks", "20".to_owned()), ("rounds", rounds.to_string())]
}

pub(super) const SEQUENTIAL: Lesson = Lesson {
    id: "hash-sequential",
    text: text!("hash-sequential"),
    question: Question {
        text: "20 tasks, each derives one key more than the one before, with more rounds. What does the lane look like?",
        answers: &["Twenty bars of one length", "Bars that get longer and longer", "One long bar, then short ones"],
        right: 1,
    },
    runs: |machine| vec![run("sequential", "pbkdf2", keys(machine), ExecutorKind::Sequential, 1)],
    judge: |_, runs| {
        let items = item_times(&runs[0]);
        let mean = items.iter().sum::<f64>() / items.len().max(1) as f64;
        let longest = items.last().copied().unwrap_or_default();
        let growth =
            Ratio { name: "longest task ÷ mean", published: None, ideal: LONGEST, yours: longest / mean.max(1e-9) };
        let sentence = format!(
            "All took {}; the last task alone {}, {:.1} times the mean.",
            seconds(makespan(&runs[0])),
            seconds(longest),
            growth.yours
        );
        Outcome { effect_shown: shows(&growth, 0.7), ratios: vec![growth], sentence }
    },
};

pub(super) const PROCESSES: Lesson = Lesson {
    id: "hash-processes",
    text: text!("hash-processes"),
    question: Question {
        text: "The same on ten processes in chunks of 2. What holds the speed-up back, besides the number of cores?",
        answers: &["The GIL", "The last chunk, which is the longest", "Nothing"],
        right: 1,
    },
    runs: |machine| {
        vec![
            run("sequential", "pbkdf2", keys(machine), ExecutorKind::Sequential, 1),
            run("processes, chunksize 2", "pbkdf2", keys(machine), ExecutorKind::Processes, 10)
                .with(|settings| settings.chunksize = 2),
            run("threads with a GIL", "pbkdf2", keys(machine), ExecutorKind::Threads, 10).with_gil(),
        ]
    },
    judge: |machine, runs| {
        let [sequential, processes, threads] = [&runs[0], &runs[1], &runs[2]].map(|run| makespan(run));
        let cores = machine.cores as f64;
        let ratios = vec![
            Ratio {
                name: "sequential ÷ processes",
                published: Some(18.32 / 1.67),
                ideal: cores.min(1.0 / LAST_CHUNK),
                yours: sequential / processes,
            },
            Ratio {
                name: "sequential ÷ threads with a GIL",
                published: None,
                ideal: cores.min(UNITS as f64 / 171.0),
                yours: sequential / threads,
            },
        ];
        let sentence = format!(
            "One after the other: {}; ten processes: {}; ten threads: {}, as native hashing lets the GIL go.",
            seconds(sequential),
            seconds(processes),
            seconds(threads)
        );
        Outcome { effect_shown: machine.cores == 1 || ratios.iter().all(|ratio| shows(ratio, 0.4)), ratios, sentence }
    },
};
