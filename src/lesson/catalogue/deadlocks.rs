//! Tasks that wait for each other forever.

use super::{run, text};
use crate::lab::{ExecutorKind, Run, Task, TaskState};
use crate::lesson::outcome::{Judgement, effect};
use crate::lesson::{Lesson, LessonRun, Question, Ratio};

impl LessonRun {
    fn that_deadlocks(mut self) -> Self {
        self.deadlocks = true;
        self
    }
}

/// How many tasks returned; of a run that waited forever, before anybody helped.
fn finished(name: &'static str, ideal: f64, run: &Run) -> Ratio {
    let stuck_since = run.deadlock().map(|period| period.from);
    let in_time = |task: &Task| task.ended.is_some_and(|ended| stuck_since.is_none_or(|since| ended <= since));
    let returned = |task: &Task| task.state == TaskState::Returned && in_time(task);
    let yours = run.tasks().iter().filter(|task| returned(task)).count();
    Ratio { name, published: None, ideal, yours: yours as f64 }
}

fn told(run: &Run) -> String {
    let told = run.deadlock().map(|period| format!("{}.", period.description));
    told.unwrap_or_else(|| "No deadlock was found.".to_owned())
}

pub(super) const PAIR: Lesson = Lesson {
    id: "deadlock-pair",
    text: text!("deadlock-pair"),
    question: Question {
        text: "Task a waits for b's result, b waits for a's; two workers. What happens?",
        answers: &["One of them wins", "They wait forever", "The pool raises an error"],
        right: 1,
    },
    about_time: false,
    runs: |_| vec![run("two threads", "deadlock-pair", [], ExecutorKind::Threads, 2).that_deadlocks()],
    judge: |_, runs| Judgement {
        ratios: vec![finished("tasks that finished by themselves", 0.0, &runs[0])],
        facts: told(&runs[0]),
        effect: effect(
            runs[0].deadlock().is_some(),
            "Each waits for the other; nothing in the pool can end that.".to_owned(),
            || "no deadlock was found".to_owned(),
        ),
    },
};

pub(super) const NESTED: Lesson = Lesson {
    id: "deadlock-nested",
    text: text!("deadlock-nested"),
    question: Question {
        text: "A task submits another to its own pool, which has one worker, and waits for it. What would help?",
        answers: &["A longer time-out", "A second worker", "A larger chunk size"],
        right: 1,
    },
    about_time: false,
    runs: |_| {
        vec![
            run("one thread", "deadlock-nested", [], ExecutorKind::Threads, 1).that_deadlocks(),
            run("two threads", "deadlock-nested", [], ExecutorKind::Threads, 2),
        ]
    },
    judge: |_, runs| {
        let (stuck, free) = (runs[0].deadlock().is_some(), runs[1].deadlock().is_none());
        let returned = runs[1].totals().returned;
        Judgement {
            ratios: vec![
                finished("tasks that finished by themselves on one worker", 0.0, &runs[0]),
                finished("tasks that finished on two", 2.0, &runs[1]),
            ],
            facts: format!("One worker: {} Two workers: {returned} of 2 tasks returned.", told(&runs[0])),
            effect: effect(
                stuck && free && returned == 2,
                "The second worker takes the task that the first waits for.".to_owned(),
                || if stuck { "two workers did not help".to_owned() } else { "no deadlock was found".to_owned() },
            ),
        }
    },
};
