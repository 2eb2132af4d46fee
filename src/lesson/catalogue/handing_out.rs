//! Tasks so small that handing them out is what takes time.

use super::{run, text};
use crate::lab::ExecutorKind;
use crate::lesson::outcome::{makespan, seconds};
use crate::lesson::{Lesson, Outcome, Question, Ratio};

pub(super) const SQUARES: Lesson = Lesson {
    id: "squares",
    text: text!("squares"),
    question: Question {
        text: "map squares 2, 3, 4 and 5 on three processes. In which order do the results come?",
        answers: &["In the order in which the tasks end", "4, 9, 16, 25: in the order of the input", "At random"],
        right: 1,
    },
    runs: |_| vec![run("map", "square", [("of", "2,3,4,5".to_owned())], ExecutorKind::Processes, 3)],
    judge: |_, runs| {
        let results: Vec<_> = runs[0].yielded.iter().filter_map(|yielded| yielded.result.clone().ok()).collect();
        let wanted = ["4", "9", "16", "25"];
        let in_place = results.iter().zip(wanted).filter(|(result, wanted)| result == wanted).count();
        let order = Ratio { name: "results in their place", published: Some(4.0), ideal: 4.0, yours: in_place as f64 };
        let sentence = format!("map yielded {}, whichever task ended first.", results.join(", "));
        Outcome { effect_shown: in_place == 4 && results.len() == 4, ratios: vec![order], sentence }
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
        let sentence = format!(
            "One after the other: {}; 13 threads: {}; 13 processes: {}, and {} in chunks of 100. The tasks are so small that what it \
             takes to hand them out, and to start workers, is most of it.",
            seconds(sequential),
            seconds(threads),
            seconds(single),
            seconds(chunked)
        );
        let effect_shown = single > 1.5 * sequential && threads > 0.9 * sequential;
        Outcome { ratios, effect_shown, sentence }
    },
};
