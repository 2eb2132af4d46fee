//! Tasks that wait: futures over time, rounds of sleepers, and one that fails.

use super::{run, text};
use crate::lab::{Collect, ExecutorKind, OnError, Run};
use crate::lesson::outcome::{Judgement, effect, is_near, makespan, most_at_once, seconds};
use crate::lesson::{Lesson, LessonRun, Question, Ratio};

fn sleepers(name: &'static str, tasks: u32, sleep: f64, fail: &str) -> LessonRun {
    let params = [("tasks", tasks.to_string()), ("seconds", sleep.to_string()), ("fail", fail.to_owned())];
    run(name, "sleep", params, ExecutorKind::Threads, 4).with(|settings| settings.collect = Collect::Gather)
}

const SLEEP: f64 = 2.0;

pub(super) const SLEEP_DONE: Lesson = Lesson {
    id: "sleep-done",
    text: text!("sleep-done"),
    question: Question {
        text: "A task sleeps 2 s in another process. Two seconds after submit, what does done() most likely say?",
        answers: &["True", "False", "It raises"],
        right: 1,
    },
    about_time: false,
    runs: |_| {
        let params = [("tasks", "1".to_owned()), ("seconds", SLEEP.to_string())];
        let sleep = run("processes", "sleep", params, ExecutorKind::Processes, 5);
        vec![sleep.with(|settings| settings.collect = Collect::Submit)]
    },
    judge: |_, runs| {
        let call = runs[0].trace.call(0);
        let after = call.and_then(|call| Some((call.done? - call.submitted) as f64 / 1e9)).unwrap_or_default();
        let done = Ratio { name: "done after ÷ sleep", published: None, ideal: 1.0, yours: after / SLEEP };
        let facts = format!("The future was done {after:.4} s after submit; the task slept {}.", seconds(SLEEP));
        let taken = call.and_then(|call| Some((call.taken? - call.submitted) as f64 / 1e9)).unwrap_or_default();
        let explanation =
            format!("A worker process had to start first: it took the task {} after submit.", seconds(taken));
        let returned = runs[0].totals().returned == 1;
        let effect =
            effect(after > SLEEP && taken > 0.0 && returned, explanation, || "the task did not return".to_owned());
        Judgement { ratios: vec![done], facts, effect }
    },
};

const HELLO_SLEEP: f64 = 0.6;

pub(super) const HELLO: Lesson = Lesson {
    id: "hello",
    text: text!("hello"),
    question: Question {
        text: "20 tasks sleep, four workers, gathered by an event loop. How many sleeps long does that take?",
        answers: &["1", "5", "20"],
        right: 1,
    },
    about_time: true,
    runs: |_| vec![sleepers("gather", 20, HELLO_SLEEP, "")],
    judge: |_, runs| {
        let rounds = Ratio {
            name: "makespan ÷ one sleep",
            published: Some(5.0),
            ideal: 5.0,
            yours: makespan(&runs[0]) / HELLO_SLEEP,
        };
        let facts = format!("20 sleeps of {} took {}.", seconds(HELLO_SLEEP), seconds(makespan(&runs[0])));
        let (returned, at_once) = (runs[0].totals().returned, most_at_once(&runs[0]));
        let explanation = format!("{at_once} slept at the same time: five rounds.");
        let effect = effect(is_near(&rounds, 0.15) && returned == 20 && at_once == 4, explanation, || {
            format!(
                "{returned} of 20 tasks returned, in {:.2} sleeps, at most {at_once} at the same time",
                rounds.yours
            )
        });
        Judgement { ratios: vec![rounds], facts, effect }
    },
};

const BOOM_SLEEP: f64 = 0.4;

pub(super) const HELLO_BOOM: Lesson = Lesson {
    id: "hello-boom",
    text: text!("hello-boom"),
    question: Question {
        text: "The same, but task 2 raises. What becomes of the tasks that wait in the queue?",
        answers: &["They are cancelled", "They all run", "The program ends"],
        right: 1,
    },
    about_time: false,
    runs: |_| {
        vec![
            sleepers("as is", 20, BOOM_SLEEP, "2"),
            sleepers("skip the rest", 20, BOOM_SLEEP, "2").with(|settings| settings.on_error = OnError::Skip),
        ]
    },
    judge: |_, runs| {
        let ran = |run: &Run| (run.totals().returned + run.totals().raised) as f64 / 20.0;
        let [as_is, skipping] = [ran(&runs[0]), ran(&runs[1])];
        let ratios = vec![
            Ratio { name: "tasks that ran, as is", published: Some(1.0), ideal: 1.0, yours: as_is },
            Ratio { name: "tasks that ran, skipping", published: None, ideal: 0.2, yours: skipping },
        ];
        let [first, second] = [runs[0].totals(), runs[1].totals()];
        let facts = format!(
            "As is, {} tasks returned and {} raised. When the rest is skipped, {} ran and {} did not.",
            first.returned,
            first.raised,
            second.returned + second.raised,
            second.cancelled
        );
        let explanation =
            "An error is the matter of its own future; the others run, unless the program skips them.".to_owned();
        let shows = (first.returned, first.raised) == (19, 1) && skipping <= 0.5 && second.cancelled > 0;
        let effect = effect(shows, explanation, || {
            format!("{} of 19 others ran as is, and {} were skipped", first.returned, second.cancelled)
        });
        Judgement { ratios, facts, effect }
    },
};
