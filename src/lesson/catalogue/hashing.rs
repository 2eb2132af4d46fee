//! Native computing of growing length: the long tail at the end, and threads that the GIL does not hold up.

use super::{run, text};
use crate::lab::ExecutorKind;
use crate::lesson::outcome::{
    Judgement, effect, item_times, least, makespan, seconds, share_of_gil, shows, time_of, too_small,
};
use crate::lesson::{Lesson, Machine, Question, Ratio};

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
    about_time: true,
    runs: |machine| vec![run("sequential", "pbkdf2", keys(machine), ExecutorKind::Sequential, 1)],
    judge: |_, runs| {
        let items = item_times(&runs[0]);
        let mean = items.iter().sum::<f64>() / items.len().max(1) as f64;
        let last = time_of(&runs[0], 19);
        let growth = Ratio { name: "last task ÷ mean", published: None, ideal: LONGEST, yours: last / mean.max(1e-9) };
        let facts = format!(
            "All tasks took {}; the last alone took {}, {:.1} times the mean.",
            seconds(makespan(&runs[0])),
            seconds(last),
            growth.yours
        );
        let explanation =
            "Each task derives one key more, with more rounds, so the bars get longer and longer.".to_owned();
        let is_longest = items.last().is_some_and(|longest| last >= *longest);
        let effect = effect(shows(&growth, 0.7) && is_longest, explanation, || {
            format!(
                "the last task took {:.2} times the mean; at least {:.2} would show it",
                growth.yours,
                least(&growth, 0.7)
            )
        });
        Judgement { ratios: vec![growth], facts, effect }
    },
};

pub(super) const PROCESSES: Lesson = Lesson {
    id: "hash-processes",
    text: text!("hash-processes"),
    question: Question {
        text: "The same on ten processes in chunks of 2, the last of which is 28 % of the work. How much faster can that be on any machine, \
               at most?",
        answers: &["Ten times", "3.5 times", "As many times as there are cores"],
        right: 1,
    },
    about_time: true,
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
        let facts = format!(
            "One after the other: {}; ten processes: {}; ten threads with a GIL: {}.",
            seconds(sequential),
            seconds(processes),
            seconds(threads)
        );
        let explanation = format!(
            "Native hashing releases the GIL: the threads waited for it for {:.1} % of their time.",
            share_of_gil(&runs[2]) * 100.0
        );
        let weak = ratios.iter().find(|ratio| !shows(ratio, 0.4));
        let effect = match weak {
            Some(weak) => Err(too_small(machine, weak, 0.4)),
            None => effect(share_of_gil(&runs[2]) < 0.1, explanation, || "the threads waited for the GIL".to_owned()),
        };
        Judgement { ratios, facts, effect }
    },
};
