//! A web service whose event loop is held up by work, and one whose is not.

use super::{run, text};
use crate::lab::ExecutorKind;
use crate::lesson::outcome::{Judgement, all_returned, effect, item_times, makespan, median, seconds, side_times};
use crate::lesson::{Lesson, LessonRun, Machine, Question, Ratio};

/// How long all images take one after the other, in seconds.
const ONE_AFTER_THE_OTHER: f64 = 2.5;

const SMALL: &str = "small requests";

fn service(machine: &Machine, name: &'static str, executor: ExecutorKind, workers: usize) -> LessonRun {
    let uploads = machine.units("web-service", ONE_AFTER_THE_OTHER).clamp(10, 10_000);
    run(name, "web-service", [("uploads", uploads.to_string())], executor, workers)
}

pub(super) const BLOCKED: Lesson = Lesson {
    id: "event-loop-blocked",
    text: text!("event-loop-blocked"),
    question: Question {
        text: "A service shrinks images on its event loop. Somebody asks for a page that costs nothing. How long can that take?",
        answers: &["Hardly any time", "Up to as long as all images before it", "As long as a request always takes"],
        right: 1,
    },
    about_time: true,
    runs: |machine| vec![service(machine, "on the event loop", ExecutorKind::Sequential, 1)],
    judge: |_, runs| {
        let (small, image) = (median(&side_times(&runs[0], SMALL)), median(&item_times(&runs[0])));
        let loop_busy = side_times(&runs[0], "event loop").iter().sum::<f64>();
        let ratios = vec![
            Ratio { name: "small request ÷ one image", published: None, ideal: 1.0, yours: small / image.max(1e-9) },
            Ratio {
                name: "event loop busy ÷ makespan",
                published: None,
                ideal: 1.0,
                yours: loop_busy / makespan(&runs[0]).max(1e-9),
            },
        ];
        let facts = format!("An image took {}, and a small request {}.", seconds(image), seconds(small));
        let explanation = format!(
            "The loop was busy for {:.0} % of the time: a request waits until it is done with the images before it.",
            ratios[1].yours * 100.0
        );
        let effect = effect(
            all_returned(&runs[0]) && ratios.iter().all(|ratio| ratio.yours > 0.5),
            explanation,
            || {
                format!(
                    "a small request took {:.2} times as long as an image, and the loop was busy for {:.0} % of the time",
                    ratios[0].yours,
                    ratios[1].yours * 100.0
                )
            },
        );
        Judgement { ratios, facts, effect }
    },
};

pub(super) const EXECUTOR: Lesson = Lesson {
    id: "event-loop-executor",
    text: text!("event-loop-executor"),
    question: Question {
        text: "Now the loop hands images to an executor and awaits them. What becomes of the small requests?",
        answers: &[
            "They still wait: the machine has as much to do as before",
            "They are answered at once, with processes only",
            "They are answered at once, with threads and with processes",
        ],
        right: 2,
    },
    about_time: true,
    runs: |machine| {
        let cores = machine.cores;
        vec![
            service(machine, "on the event loop", ExecutorKind::Sequential, 1),
            service(machine, "threads", ExecutorKind::Threads, cores),
            service(machine, "processes", ExecutorKind::Processes, cores),
        ]
    },
    judge: |_, runs| {
        let [blocked, threads, processes] = [0, 1, 2].map(|index: usize| side_times(&runs[index], SMALL));
        if let Some(index) = [&blocked, &threads, &processes].iter().position(|times| times.is_empty()) {
            let why = format!("no small request was answered in run {}", index + 1);
            return Judgement {
                ratios: Vec::new(),
                facts: "Not all runs answered small requests.".to_owned(),
                effect: Err(why),
            };
        }
        // What a small request takes if nobody is in its way.
        let times = [&blocked, &threads, &processes].into_iter().flatten();
        let free = times.copied().fold(f64::INFINITY, f64::min).max(1e-9);
        let [blocked, threads, processes] = [blocked, threads, processes].map(|times| median(&times).max(1e-9));
        let ratio = |name, yours: f64| Ratio { name, published: None, ideal: blocked / free, yours: blocked / yours };
        let ratios =
            vec![ratio("small request: loop ÷ threads", threads), ratio("small request: loop ÷ processes", processes)];
        let facts = format!(
            "A small request took {} while images were shrunk on the loop, {} with threads and {} with processes.",
            seconds(blocked),
            seconds(threads),
            seconds(processes)
        );
        let explanation =
            "With an executor, the loop only hands the images on, and is free for other requests.".to_owned();
        let served = runs.iter().all(|run| all_returned(run));
        let effect = effect(served && ratios.iter().all(|ratio| ratio.yours > 3.0), explanation, || {
            let [threads, processes] = [ratios[0].yours, ratios[1].yours];
            format!(
                "small requests were {threads:.1} times as fast with threads and {processes:.1} times with processes; 3 would show it"
            )
        });
        Judgement { ratios, facts, effect }
    },
};
