//! Tasks that wait for each other for ever.

use super::{run, text};
use crate::lab::{ExecutorKind, Run, Task, TaskState};
use crate::lesson::{Lesson, LessonRun, Outcome, Question, Ratio};

impl LessonRun {
    fn that_deadlocks(mut self) -> Self {
        self.deadlocks = true;
        self
    }
}

/// How many tasks returned; of a run that waited for ever, before anybody helped.
fn finished(name: &'static str, published: f64, run: &Run) -> Ratio {
    let stuck_since = run.deadlock.as_ref().and_then(|deadlock| deadlock.waits.iter().map(|wait| wait.since).max());
    let in_time = |task: &Task| task.ended.is_some_and(|ended| stuck_since.is_none_or(|since| ended <= since));
    let returned = |task: &Task| task.state == TaskState::Returned && in_time(task);
    let yours = run.tasks().iter().filter(|task| returned(task)).count();
    Ratio { name, published: Some(published), ideal: published, yours: yours as f64 }
}

fn told(run: &Run) -> String {
    let told = run.deadlock.as_ref().map(|deadlock| run.trace.describe_deadlock(deadlock));
    told.unwrap_or_else(|| "no deadlock was found".to_owned())
}

pub(super) const PAIR: Lesson = Lesson {
    id: "deadlock-pair",
    text: text!("deadlock-pair"),
    question: Question {
        text: "Task a waits for b's result, b waits for a's; two workers. What happens?",
        answers: &["One of them wins", "They wait for ever", "The pool raises an error"],
        right: 1,
    },
    runs: |_| vec![run("two threads", "deadlock-pair", [], ExecutorKind::Threads, 2).that_deadlocks()],
    judge: |_, runs| Outcome {
        effect_shown: runs[0].deadlock.is_some(),
        ratios: vec![finished("tasks that finished", 0.0, &runs[0])],
        sentence: format!("{}. It was stopped then.", told(&runs[0])),
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
    runs: |_| {
        vec![
            run("one thread", "deadlock-nested", [], ExecutorKind::Threads, 1).that_deadlocks(),
            run("two threads", "deadlock-nested", [], ExecutorKind::Threads, 2),
        ]
    },
    judge: |_, runs| Outcome {
        effect_shown: runs[0].deadlock.is_some() && runs[1].deadlock.is_none() && runs[1].totals().returned == 2,
        ratios: vec![
            finished("tasks that finished on one worker", 0.0, &runs[0]),
            finished("tasks that finished on two", 2.0, &runs[1]),
        ],
        sentence: format!("{}. With a second worker both tasks finished.", told(&runs[0])),
    },
};
