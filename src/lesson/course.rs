//! The course of a lesson: which run comes next, and when there are enough. Runs that were disturbed are repeated, all of the lesson's in
//! turn (A B A B), up to a limit; the least disturbed round is judged.

use std::sync::Arc;

use super::disturbance::Disturbance;
use super::{Lesson, LessonRun, Machine, Outcome};
use crate::lab::Run;

/// A lesson that is under way.
#[derive(Clone)]
pub struct Course {
    lesson: &'static Lesson,
    planned: Vec<LessonRun>,
    /// Those whose runs are all over.
    rounds: Vec<Round>,
    /// The runs of the round that is under way.
    under_way: Vec<Arc<Run>>,
}

#[derive(Clone)]
struct Round {
    runs: Vec<Arc<Run>>,
    disturbance: Option<Disturbance>,
}

/// What to do next.
pub enum Step<'a> {
    /// Run this.
    Run(&'a LessonRun),
    /// The round is over: see [`Course::conclude`].
    Conclude,
}

/// So often all runs are tried, if they are disturbed.
const ROUNDS: usize = 3;

impl Course {
    /// Plans the runs of `lesson`, in sizes for `machine`: measures its pace, which takes a moment.
    #[must_use]
    pub fn plan(lesson: &'static Lesson, machine: &Machine) -> Self {
        Self { lesson, planned: lesson.runs(machine), rounds: Vec::new(), under_way: Vec::new() }
    }

    /// The runs of a round.
    #[must_use]
    pub fn planned(&self) -> &[LessonRun] {
        &self.planned
    }

    /// Those of the round that is under way, or else of the one to be judged, which are over.
    #[must_use]
    pub fn ended(&self) -> &[Arc<Run>] {
        match self.best() {
            Some(best) if self.under_way.is_empty() => &best.runs,
            _ => &self.under_way,
        }
    }

    /// Which round is under way, counted from 1.
    #[must_use]
    pub const fn round(&self) -> usize {
        self.rounds.len() + 1
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self) -> Step<'_> {
        self.planned.get(self.under_way.len()).map_or(Step::Conclude, Step::Run)
    }

    /// A run of it is over.
    pub fn ended_one(&mut self, run: Arc<Run>) {
        self.under_way.push(run);
    }

    /// What came of it, once a round is over; `None` = the round was disturbed, and another one begins. Measures the machine's pace again,
    /// which takes a moment.
    #[must_use]
    pub fn conclude(&mut self, machine: &Machine) -> Option<Outcome> {
        let runs = std::mem::take(&mut self.under_way);
        let disturbance = if self.lesson.about_time { Disturbance::of(&runs, machine.measure_again()) } else { None };
        self.rounds.push(Round { runs, disturbance });
        let is_enough = disturbance.is_none() || self.rounds.len() == ROUNDS;
        let best = self.best().filter(|_| is_enough)?;
        Some(self.lesson.judge(machine, &best.runs, best.disturbance.as_ref()))
    }

    /// The least disturbed round.
    fn best(&self) -> Option<&Round> {
        let part = |round: &Round| round.disturbance.map_or(0.0, Disturbance::part);
        self.rounds.iter().min_by(|one, other| part(one).total_cmp(&part(other)))
    }
}
