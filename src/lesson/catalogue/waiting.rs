//! Tasks that wait: futures over time, rounds of sleepers, and one that fails.

use super::{run, text};
use crate::lab::{Collect, ExecutorKind, OnError, Run};
use crate::lesson::outcome::{is_near, makespan, seconds};
use crate::lesson::{Lesson, LessonRun, Outcome, Question, Ratio};

fn sleepers(name: &'static str, tasks: u32, sleep: f64, fail: &str) -> LessonRun {
    let params = [("tasks", tasks.to_string()), ("seconds", sleep.to_string()), ("fail", fail.to_owned())];
    run(name, "sleep", params, ExecutorKind::Threads, 4).with(|settings| settings.collect = Collect::Gather)
}

const SLEEP: f64 = 2.0;

pub(super) const SLEEP_DONE: Lesson = Lesson {
    id: "sleep-done",
    text: text!("sleep-done"),
    question: Question {
        text: "A task sleeps 2 s in another process. Two seconds after submit, what does done() say?",
        answers: &["True", "False", "It raises"],
        right: 1,
    },
    runs: |_| {
        let params = [("tasks", "1".to_owned()), ("seconds", SLEEP.to_string())];
        let sleep = run("processes", "sleep", params, ExecutorKind::Processes, 5);
        vec![sleep.with(|settings| settings.collect = Collect::Submit)]
    },
    judge: |_, runs| {
        let call = runs[0].trace.call(0);
        let after = call.and_then(|call| Some((call.done? - call.submitted) as f64 / 1e9)).unwrap_or_default();
        let done = Ratio { name: "done after ÷ sleep", published: None, ideal: 1.0, yours: after / SLEEP };
        let word = |done: bool| if done { "True" } else { "False" };
        let sentence = format!(
            "done() was False right after submit, and {} after {}; it became True after {after:.4} s, as a worker had to start first.",
            word(after <= SLEEP),
            seconds(SLEEP)
        );
        let effect_shown = after > SLEEP && runs[0].totals().returned == 1;
        Outcome { effect_shown, ratios: vec![done], sentence }
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
    runs: |_| vec![sleepers("gather", 20, HELLO_SLEEP, "")],
    judge: |_, runs| {
        let rounds = Ratio {
            name: "makespan ÷ one sleep",
            published: Some(5.0),
            ideal: 5.0,
            yours: makespan(&runs[0]) / HELLO_SLEEP,
        };
        let sentence =
            format!("20 sleeps of {} took {}: four at a time.", seconds(HELLO_SLEEP), seconds(makespan(&runs[0])));
        Outcome {
            effect_shown: is_near(&rounds, 0.15) && runs[0].totals().returned == 20,
            ratios: vec![rounds],
            sentence,
        }
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
        let sentence = format!(
            "As is, one task raised and all {} others ran. When the rest is skipped, {} tasks had begun; the others returned at once.",
            runs[0].totals().returned,
            (skipping * 20.0).round()
        );
        let effect_shown = runs[0].totals().returned == 19 && runs[0].totals().raised == 1 && skipping <= 0.5;
        Outcome { ratios, effect_shown, sentence }
    },
};
