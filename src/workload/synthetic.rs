//! `synthetic`: tasks of random lengths, drawn from the distribution that is chosen, which compute, sleep, or do both. The same seed
//! gives the same tasks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, LogNormal, Pareto, Uniform};
use serde::{Deserialize, Serialize};

use super::{FieldError, Param, ParamKind, Params, Plan, Workload, countdown, durations, pace};
use crate::executor::{Function, TaskContext, TaskError};
use crate::units::duration_of;

/// See the module.
pub(super) struct Synthetic;

pub(super) const SYNTHETIC: Function<Task, String> = Function::new("synthetic", perform);

/// What a task does, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Task {
    sleep: Duration,
    /// Steps to count down.
    steps: u64,
    fail: bool,
}

fn perform(Task { sleep, steps, fail }: Task, context: &TaskContext) -> Result<String, TaskError> {
    if !sleep.is_zero() {
        context.sleep(sleep)?;
    }
    countdown::COUNTDOWN.call(steps, context)?;
    if fail { Err(TaskError::message("it was drawn to fail")) } else { Ok("done".to_owned()) }
}

const DISTRIBUTIONS: [&str; 5] = ["constant", "uniform", "exponential", "log-normal", "pareto"];
const ARRIVALS: [&str; 2] = ["at-once", "poisson"];
const KINDS: [&str; 3] = ["cpu", "sleep", "mixed"];

/// The standard deviation of a log-normal length's logarithm.
const SIGMA: f64 = 1.0;
/// Pareto's exponent: some tasks are very long, and yet there is a mean.
const ALPHA: f64 = 1.5;
/// No task is longer than so many times the mean.
const LONGEST: f64 = 100.0;

/// Lengths beside a mean of 1.
fn lengths(distribution: &str) -> Box<dyn Fn(&mut StdRng) -> f64> {
    // Parameters are constants that each distribution takes; should one not, lengths are all the same.
    fn draw<D: Distribution<f64> + 'static, E>(distribution: Result<D, E>) -> Box<dyn Fn(&mut StdRng) -> f64> {
        match distribution {
            Ok(distribution) => Box::new(move |random| distribution.sample(random).min(LONGEST)),
            Err(_) => Box::new(|_| 1.0),
        }
    }
    match distribution {
        "uniform" => draw(Uniform::new(0.0, 2.0)),
        "exponential" => draw(Exp::new(1.0)),
        "log-normal" => draw(LogNormal::new(-SIGMA * SIGMA / 2.0, SIGMA)),
        "pareto" => draw(Pareto::new((ALPHA - 1.0) / ALPHA, ALPHA)),
        _ => Box::new(|_| 1.0),
    }
}

/// When so many tasks come, the first at once, if they come independently of each other with so much time between them on average.
fn poisson(gap: Duration, tasks: usize, random: &mut StdRng) -> Vec<Duration> {
    let Ok(gaps) = Exp::new(1.0) else { return vec![Duration::ZERO; tasks] };
    let mut due = 0.0;
    let next = |_| {
        let now = due;
        due += gap.as_secs_f64() * gaps.sample(random);
        Duration::try_from_secs_f64(now).unwrap_or(Duration::MAX / 2)
    };
    (0..tasks).map(next).collect()
}

impl Workload for Synthetic {
    fn name(&self) -> &'static str {
        "synthetic"
    }

    fn summary(&self) -> &'static str {
        "runs tasks of random lengths that compute, sleep, or both; some may fail"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::tasks(100),
            Param {
                name: "mean",
                kind: ParamKind::Seconds { max: 3_600 },
                unit: "s",
                default: "0.02".to_owned(),
                help: "How long a task takes on average, with a core for itself.",
            },
            Param {
                name: "lengths",
                kind: ParamKind::Choice(&DISTRIBUTIONS),
                unit: "",
                default: "log-normal".to_owned(),
                help: "How lengths are distributed: all the same; evenly from 0 to twice the mean; or many short and few long ones, \
                       in three degrees. None is longer than 100 means.",
            },
            Param {
                name: "kind",
                kind: ParamKind::Choice(&KINDS),
                unit: "",
                default: "cpu".to_owned(),
                help: "What tasks do: compute, sleep, or each by half.",
            },
            Param {
                name: "pace",
                kind: ParamKind::Count { min: 0, max: 1_000_000_000_000 },
                unit: "steps/s",
                default: "0".to_owned(),
                help: "How many steps of computing make a second; 0: measured on this machine, once. The same pace and seed are the same work.",
            },
            Param {
                name: "durations",
                kind: ParamKind::InputFile,
                unit: "",
                default: String::new(),
                help: "A CSV file with the seconds that each task takes, in place of `tasks`, `mean` and `lengths`; empty = they are drawn.",
            },
            Param {
                name: "column",
                kind: ParamKind::Text,
                unit: "",
                default: "1".to_owned(),
                help: "Which column of that file: its heading, or its number, counted from 1.",
            },
            Param {
                name: "arrival",
                kind: ParamKind::Choice(&ARRIVALS),
                unit: "",
                default: "at-once".to_owned(),
                help: "When tasks are submitted: all at once, or at random, independently of each other.",
            },
            Param {
                name: "gap",
                kind: ParamKind::Seconds { max: 3_600 },
                unit: "s",
                default: "0.05".to_owned(),
                help: "The mean time between two tasks that come at random.",
            },
            Param {
                name: "fail",
                kind: ParamKind::Count { min: 0, max: 100 },
                unit: "%",
                default: "0".to_owned(),
                help: "Of 100 tasks, how many raise at their end, on average.",
            },
        ]
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let (kind, fail) = (params.choice("kind"), params.count("fail") as f64 / 100.0);
        let pace = match params.count("pace") {
            _ if kind == "sleep" => 0.0,
            0 => pace::calibrated("countdown"),
            steps => steps as f64,
        };
        let computing = match kind {
            "cpu" => 1.0,
            "sleep" => 0.0,
            _ => 0.5,
        };
        let mut random = StdRng::seed_from_u64(params.seed());
        let mut notes = Vec::new();
        let lengths: Vec<f64> = if let Some(file) = params.file("durations") {
            let durations = durations::read(&file, params.text("column"), cancelled)?;
            if durations.has_heading {
                notes.push(format!("Left out: the heading of {}", file.display()));
            }
            durations.seconds
        } else {
            let (mean, length) = (params.seconds("mean").as_secs_f64(), lengths(params.choice("lengths")));
            let tasks = (0..params.count("tasks")).take_while(|_| !cancelled.load(Ordering::Relaxed));
            tasks.map(|_| mean * length(&mut random)).collect()
        };
        let mut task = |seconds: f64| {
            let sleep = Duration::try_from_secs_f64(seconds * (1.0 - computing)).unwrap_or_default();
            Task { sleep, steps: (seconds * computing * pace) as u64, fail: random.random_bool(fail) }
        };
        // So that the run can be had again, on whatever machine.
        let known = |plan: Plan| if pace > 0.0 { plan.resolving("pace", (pace as u64).to_string()) } else { plan };
        let drawn: Vec<Task> = lengths.into_iter().map(&mut task).collect();
        let names = drawn.clone();
        let label = move |item: usize| {
            let Some(&Task { sleep, steps, .. }) = names.get(item) else { return String::new() };
            let computes = if pace > 0.0 { steps as f64 / pace } else { 0.0 };
            duration_of(sleep.as_secs_f64() + computes)
        };
        if params.choice("arrival") == "poisson" {
            let arrivals = poisson(params.seconds("gap"), drawn.len(), &mut random);
            return Ok(known(Plan::arriving(SYNTHETIC, drawn.into_iter(), arrivals, label).noting(notes)));
        }
        Ok(known(Plan::new(SYNTHETIC, drawn.into_iter(), label).noting(notes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_at_random_have_the_gap_that_was_asked_for_and_are_the_same_for_the_same_seed() {
        let arrivals = || poisson(Duration::from_millis(50), 20_000, &mut StdRng::seed_from_u64(7));
        assert_eq!(arrivals(), arrivals());
        assert!(arrivals().is_sorted() && arrivals()[0].is_zero());
        let mean = arrivals()[19_999].as_secs_f64() / 19_999.0;
        assert!((0.048..0.052).contains(&mean), "{mean}");
    }

    #[test]
    fn lengths_have_the_mean_that_was_asked_for() {
        for distribution in DISTRIBUTIONS {
            let length = lengths(distribution);
            let mut random = StdRng::seed_from_u64(7);
            let drawn: Vec<f64> = (0..200_000).map(|_| length(&mut random)).collect();
            assert!(drawn.iter().all(|length| (0.0..=LONGEST).contains(length)), "{distribution}");
            // Cutting off the longest takes some of a Pareto's mean.
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            assert!((0.85..1.05).contains(&mean), "{distribution}: {mean}");
        }
    }
}
