//! The visible stretch of time, and how it maps to pixels: pure arithmetic, no drawing. Times are nanoseconds from the
//! start of the run and stay whole; the view's start is taken off before anything becomes a pixel.

/// The visible stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) struct TimeView {
    pub(in crate::ui) start: i64,
    pub(in crate::ui) end: i64,
}

/// Nanoseconds of a day.
const DAY: f64 = 86_400e9;

/// Steps of an axis of minutes and hours, in seconds.
const CLOCK_STEPS: [i64; 12] = [15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 43_200];

/// Beyond this, in both directions, lies nothing.
const LONGEST: i64 = 1_000_000_000 * 3600 * 24 * 400;

impl TimeView {
    /// Nothing happens within less than this.
    pub(super) const SHORTEST: i64 = 100;

    pub(in crate::ui) const fn length(self) -> i64 {
        self.end - self.start
    }

    /// Pixels from the left edge of an axis that is `width` wide.
    pub(super) fn x_of(self, time: i64, width: f32) -> f32 {
        ((time - self.start) as f64 / self.length() as f64 * f64::from(width)) as f32
    }

    /// The time that is `x` pixels from the left edge.
    pub(super) fn time_at(self, x: f32, width: f32) -> i64 {
        self.start + (f64::from(x / width) * self.length() as f64) as i64
    }

    /// Shows `factor` times as much time, with `pivot` staying where it is.
    pub(super) fn zoomed(self, pivot: i64, factor: f64) -> Self {
        let length = ((self.length() as f64 * factor) as i64).clamp(Self::SHORTEST, LONGEST);
        let left = (pivot - self.start) as f64 / self.length() as f64;
        let start = pivot - (left * length as f64) as i64;
        Self { start, end: start + length }
    }

    /// Moves by `nanos`, but never so far that the run, from 0 to `end_of_run`, is out of sight.
    pub(super) fn moved(self, nanos: i64, end_of_run: i64) -> Self {
        let start = (self.start + nanos).clamp(-self.length() * 9 / 10, end_of_run - self.length() / 10);
        Self { start, end: start + self.length() }
    }

    /// Times for the marks of an axis on which a mark needs `spacing` pixels, and the step between them: 1, 2 or 5 times
    /// a power of ten, up to ten seconds; then what clocks have.
    pub(super) fn marks(self, width: f32, spacing: f32) -> (impl Iterator<Item = i64>, i64) {
        let wanted = self.length() as f64 * f64::from(spacing / width.max(1.0));
        let magnitude = 10_f64.powf(wanted.max(1.0).log10().floor());
        let step = if wanted <= 10e9 {
            let round = [1.0, 2.0, 5.0].map(|n| n * magnitude).into_iter().find(|step| *step >= wanted);
            round.unwrap_or(magnitude * 10.0)
        } else {
            let of_clocks = CLOCK_STEPS.map(|seconds| seconds as f64 * 1e9).into_iter().find(|step| *step >= wanted);
            of_clocks.unwrap_or_else(|| (wanted / DAY).ceil() * DAY)
        };
        let step = step.max(1.0) as i64;
        let first = self.start.div_euclid(step) + i64::from(self.start.rem_euclid(step) != 0);
        let last = self.end.div_euclid(step);
        ((first..=last).map(move |n| n * step), step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000_000;
    const WEEK: i64 = 7 * 24 * HOUR;

    proptest! {
        #[test]
        fn a_pixel_is_where_its_time_is(start in 0..HOUR, length in 1_000..HOUR, x in 0.0..2000_f32) {
            let view = TimeView { start, end: start + length };
            let back = view.x_of(view.time_at(x, 2000.0), 2000.0);
            // Half a pixel, or the pixels of a nanosecond if that is more.
            prop_assert!((back - x).abs() <= 0.5 + 2000.0 / length as f32, "{x} came back as {back}");
        }

        #[test]
        fn zooming_keeps_the_pivot_and_never_runs_away(
            start in 0..HOUR, length in TimeView::SHORTEST..HOUR, at in 0.0..1.0_f64, factor in 0.01..100.0_f64,
        ) {
            let view = TimeView { start, end: start + length };
            let pivot = start + (at * length as f64) as i64;
            let zoomed = view.zoomed(pivot, factor);
            prop_assert!((TimeView::SHORTEST..=LONGEST).contains(&zoomed.length()));
            let (before, after) = (view.x_of(pivot, 1000.0), zoomed.x_of(pivot, 1000.0));
            prop_assert!((before - after).abs() <= 1.0 + 1000.0 / zoomed.length() as f32);
        }

        #[test]
        fn an_axis_has_marks_but_not_too_many(
            start in -HOUR..WEEK, length in prop_oneof![1_000..HOUR, HOUR..WEEK], width in 100.0..4000_f32,
        ) {
            let view = TimeView { start, end: start + length };
            let (marks, step) = view.marks(width, 80.0);
            let marks: Vec<_> = marks.collect();
            prop_assert!(marks.len() as f32 <= width / 80.0 + 2.0);
            prop_assert!(marks.iter().all(|mark| mark % step == 0 && (view.start..=view.end).contains(mark)));
        }
    }
}
