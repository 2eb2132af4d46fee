//! What makes the times of a round of runs say little: other programs that took much of the machine, or a machine that changed its pace.

use std::fmt;
use std::sync::Arc;

use crate::lab::{Run, share_of_others_now};

/// What disturbed a round of runs most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Disturbance {
    /// The machine's pace changed between the runs, by this part of the larger: 0 to 1.
    Pace(f64),
    /// Other programs took this share of the machine during that run, counted from 0.
    Others { run: usize, share: f32 },
    /// Other programs take this share of the machine right after a run that was too short to tell.
    OthersAfterwards { share: f32 },
}

/// Above this share of the machine, other programs are felt.
const DISTURBING: f32 = 0.08;
/// A pace that changes by more than this between two runs makes them incomparable.
const CHANGE_OF_PACE: f64 = 0.15;

impl Disturbance {
    /// Of the `runs` of a round, during which the pace changed by `change_of_pace`. What is compared within a single run goes by one
    /// pace. After short runs it takes a moment, in which nothing else may run.
    pub(super) fn of(runs: &[Arc<Run>], change_of_pace: Option<f64>) -> Option<Self> {
        let shares = runs.iter().enumerate().filter_map(|(run, of)| Some((run, of.others?)));
        let most = shares.filter(|(_, share)| *share > DISTURBING).max_by(|one, other| one.1.total_cmp(&other.1));
        let others = most.map(|(run, share)| Self::Others { run, share });
        let afterwards = || {
            let share = if runs.iter().any(|run| run.others.is_none()) { share_of_others_now() } else { None };
            share.filter(|share| *share > DISTURBING).map(|share| Self::OthersAfterwards { share })
        };
        let change = change_of_pace.filter(|change| runs.len() > 1 && *change > CHANGE_OF_PACE);
        others.or_else(afterwards).or(change.map(Self::Pace))
    }

    /// How bad it is, to choose the least disturbed of several rounds: the part of time that is in doubt.
    pub(super) fn part(self) -> f64 {
        match self {
            Self::Pace(change) => change,
            Self::Others { share, .. } | Self::OthersAfterwards { share } => f64::from(share),
        }
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pace(change) => {
                write!(f, "the pace of this machine changed by {:.0} % while the lesson ran", change * 100.0)
            }
            Self::Others { run, share } => {
                write!(f, "other programs took {:.0} % of the machine during run {}", share * 100.0, run + 1)
            }
            Self::OthersAfterwards { share } => {
                write!(
                    f,
                    "other programs took {:.0} % of the machine right after runs too short to measure it",
                    share * 100.0
                )
            }
        }
    }
}
