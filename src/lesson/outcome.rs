//! What came of a lesson: ratios beside the published and the ideal ones, what was measured in a sentence, and a verdict. An explanation
//! is given only where the figures bear it out.

use serde::Serialize;

use super::Machine;
use super::disturbance::Disturbance;
use crate::lab::Run;
use crate::trace::{EndStage, Lane};

/// What came of a lesson.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The table.
    pub ratios: Vec<Ratio>,
    /// What was measured, in a sentence.
    pub facts: String,
    /// What follows from it.
    pub verdict: Verdict,
}

/// Whether the published effect shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "because", rename_all = "kebab-case")]
pub enum Verdict {
    /// It does, and why, as far as the figures tell.
    Matches(String),
    /// It does not, and why.
    NotReproduced(String),
    /// The machine was too busy, or changed its pace: these runs tell nothing.
    Inconclusive(String),
}

impl Verdict {
    /// In a few words.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Matches(_) => "Matches the published result",
            Self::NotReproduced(_) => "Not reproduced here",
            Self::Inconclusive(_) => "Inconclusive",
        }
    }

    /// Why.
    #[must_use]
    pub fn because(&self) -> &str {
        match self {
            Self::Matches(why) | Self::NotReproduced(why) | Self::Inconclusive(why) => why,
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// Of what to what.
    pub name: &'static str,
    /// What the source has measured, if it tells.
    pub published: Option<f64>,
    /// On this machine, if handing tasks out cost nothing.
    pub ideal: f64,
    /// What was measured here.
    pub yours: f64,
}

/// What a lesson makes of its runs, whatever else the machine had to do.
pub(super) struct Judgement {
    pub(super) ratios: Vec<Ratio>,
    pub(super) facts: String,
    /// Whether the effect shows: then its explanation, else what is missing.
    pub(super) effect: Result<String, String>,
}

impl Judgement {
    /// The verdict: runs that were disturbed tell nothing, whatever their figures.
    pub(super) fn conclude(self, disturbance: Option<&Disturbance>) -> Outcome {
        let Self { ratios, facts, effect } = self;
        let verdict = match (disturbance, effect) {
            (Some(disturbance), _) => Verdict::Inconclusive(disturbance.to_string()),
            (None, Ok(why)) => Verdict::Matches(why),
            (None, Err(why)) => Verdict::NotReproduced(why),
        };
        Outcome { ratios, facts, verdict }
    }
}

/// `Ok(explanation)` if that is so; else what is missing.
pub(super) fn effect(shows: bool, explanation: String, missing: impl FnOnce() -> String) -> Result<String, String> {
    if shows { Ok(explanation) } else { Err(missing()) }
}

/// Seconds from the first submission to the last result.
pub(super) fn makespan(run: &Run) -> f64 {
    run.trace.makespan() as f64 / 1e9
}

/// Seconds that items executed, from the shortest to the longest.
pub(super) fn item_times(run: &Run) -> Vec<f64> {
    let mut nanos: Vec<_> = run.trace.lanes().iter().flat_map(Lane::spans).map(|span| span.end - span.start).collect();
    nanos.sort_unstable();
    nanos.into_iter().map(|nanos| nanos as f64 / 1e9).collect()
}

/// Seconds that item number `item` executed.
pub(super) fn time_of(run: &Run, item: u32) -> f64 {
    let mut spans = run.trace.lanes().iter().flat_map(Lane::spans);
    spans.find(|span| span.item == item).map_or(0.0, |span| (span.end - span.start) as f64 / 1e9)
}

/// Seconds that all items together computed, on a core.
pub(super) fn computing(run: &Run) -> f64 {
    let all = 0..i64::MAX;
    run.trace.lanes().iter().map(|lane| lane.spent(&all).computing()).sum::<i64>() as f64 / 1e9
}

/// Of the time that items executed, the share in which they waited for the GIL.
pub(super) fn share_of_gil(run: &Run) -> f64 {
    let all = 0..i64::MAX;
    let spent = run.trace.lanes().iter().map(|lane| lane.spent(&all));
    let [busy, gil] = spent.fold([0, 0], |[busy, gil], spent| [busy + spent.busy, gil + spent.gil]);
    gil as f64 / busy.max(1) as f64
}

/// How many items executed at the same time, at most.
pub(super) fn most_at_once(run: &Run) -> usize {
    let spans = run.trace.lanes().iter().flat_map(Lane::spans);
    let mut steps: Vec<(i64, i32)> = spans.flat_map(|span| [(span.start, 1), (span.end, -1)]).collect();
    // Where one ends when the next begins, they did not run at the same time.
    steps.sort_unstable();
    let counts = steps.iter().scan(0, |count, (_, step)| {
        *count += step;
        Some(*count)
    });
    counts.max().unwrap_or(0).max(0) as usize
}

/// Seconds that what happened on the lanes beside the workers' called `name` took, if nothing went wrong, from the shortest to the longest.
pub(super) fn side_times(run: &Run, name: &str) -> Vec<f64> {
    let sides = run.trace.sides().iter().filter(|side| &*side.name == name);
    let spans = sides.flat_map(|side| side.trace().lanes()).flat_map(Lane::spans);
    let spans = spans.filter(|span| span.end_stage == EndStage::Returned);
    let mut nanos: Vec<_> = spans.map(|span| span.end - span.start).collect();
    nanos.sort_unstable();
    nanos.into_iter().map(|nanos| nanos as f64 / 1e9).collect()
}

/// Whether every item gave a value.
pub(super) fn all_returned(run: &Run) -> bool {
    Some(run.totals().returned) == run.items
}

/// The middle one of times that are sorted; 0 if there is none.
pub(super) fn median(times: &[f64]) -> f64 {
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Whether `yours` shows at least `share` of the way from no effect (1) to the ideal.
pub(super) fn shows(ratio: &Ratio, share: f64) -> bool {
    ratio.ideal > 1.0 && ratio.yours >= least(ratio, share)
}

/// What `yours` has to be to show it.
pub(super) fn least(ratio: &Ratio, share: f64) -> f64 {
    1.0 + (ratio.ideal - 1.0) * share
}

/// What is missing where a gain does not show.
pub(super) fn too_small(machine: &Machine, ratio: &Ratio, share: f64) -> String {
    if machine.cores == 1 {
        return "it can't show on one core".to_owned();
    }
    short_of(ratio, share)
}

/// What is missing where an effect of whatever kind does not show.
pub(super) fn short_of(ratio: &Ratio, share: f64) -> String {
    format!("{} is {:.2}; at least {:.2} would show it", ratio.name, ratio.yours, least(ratio, share))
}

/// Whether `yours` is the ideal, but for so large a part.
pub(super) fn is_near(ratio: &Ratio, part: f64) -> bool {
    (ratio.yours / ratio.ideal - 1.0).abs() <= part
}

/// A time for a sentence.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}
