//! What came of a lesson: ratios beside the published and the ideal ones, and whether the published effect shows.

use serde::Serialize;

use crate::lab::Run;
use crate::trace::{EndStage, Lane};

/// What came of a lesson.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The table.
    pub ratios: Vec<Ratio>,
    /// Whether what was published shows in these runs.
    pub effect_shown: bool,
    /// What happened, in a sentence.
    pub sentence: String,
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
    ratio.yours >= 1.0 + (ratio.ideal - 1.0) * share
}

/// Whether `yours` is the ideal, but for so large a part.
pub(super) fn is_near(ratio: &Ratio, part: f64) -> bool {
    (ratio.yours / ratio.ideal - 1.0).abs() <= part
}

/// A time for a sentence.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}
