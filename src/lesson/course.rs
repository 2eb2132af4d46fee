//! The course of a lesson: which run comes next, and when there are enough. Runs that other programs have disturbed are repeated, all
//! of the lesson's in turn (A B A B), up to a limit; the least disturbed round is judged.

use std::sync::Arc;

use super::outcome::most_disturbed;
use super::{Lesson, LessonRun, Machine, Outcome};
use crate::lab::Run;

/// A lesson that is under way.
#[derive(Clone)]
pub struct Course {
    lesson: &'static Lesson,
    planned: Vec<LessonRun>,
    /// All that were run so far, in turn.
    rounds: Vec<Vec<Arc<Run>>>,
}

/// What to do next.
pub enum Step<'a> {
    /// Run this.
    Run(&'a LessonRun),
    /// There are enough runs: see [`Course::conclude`].
    Conclude,
}

/// So often all runs are tried, if other programs disturb them.
const ROUNDS: usize = 3;

impl Course {
    /// Plans the runs of `lesson`, in sizes for `machine`: measures its pace, which takes a moment.
    #[must_use]
    pub fn plan(lesson: &'static Lesson, machine: &Machine) -> Self {
        Self { lesson, planned: lesson.runs(machine), rounds: vec![Vec::new()] }
    }

    /// The runs of a round.
    #[must_use]
    pub fn planned(&self) -> &[LessonRun] {
        &self.planned
    }

    /// Those of the round that is under way, or of the one to be judged, which are over.
    #[must_use]
    pub fn ended(&self) -> &[Arc<Run>] {
        match self.next() {
            Step::Run(_) => self.rounds.last().map_or(&[], Vec::as_slice),
            Step::Conclude => self.best(),
        }
    }

    /// Which round is under way, counted from 1.
    #[must_use]
    pub const fn round(&self) -> usize {
        self.rounds.len()
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self) -> Step<'_> {
        let ended = self.rounds.last().map_or(0, Vec::len);
        self.planned.get(ended).map_or(Step::Conclude, Step::Run)
    }

    /// A run of it is over. After a round that was disturbed, another one begins.
    pub fn ended_one(&mut self, run: Arc<Run>) {
        let Some(round) = self.rounds.last_mut() else { return };
        round.push(run);
        let is_whole = round.len() == self.planned.len();
        if is_whole && self.lesson.about_time && most_disturbed(round).is_some() && self.rounds.len() < ROUNDS {
            self.rounds.push(Vec::new());
        }
    }

    /// What came of it, once there are enough runs. Measures the machine's pace again, which takes a moment.
    #[must_use]
    pub fn conclude(&self, machine: &Machine) -> Outcome {
        machine.measure_again();
        self.lesson.judge(machine, self.best())
    }

    /// The whole round in which other programs took least.
    fn best(&self) -> &[Arc<Run>] {
        let disturbance = |round: &[Arc<Run>]| most_disturbed(round).map_or(0.0, |(_, share)| share);
        let whole = self.rounds.iter().filter(|round| round.len() == self.planned.len());
        let best = whole.min_by(|one, other| disturbance(one).total_cmp(&disturbance(other)));
        best.map_or(&[], Vec::as_slice)
    }
}
