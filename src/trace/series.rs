//! A value over time, in bounded memory: each point holds until the next. When there are too many points, every second
//! one goes, and from then on points keep twice the distance; on screen they stay far below a pixel apart.

use std::sync::Arc;

/// See the module. Times are nanoseconds from the start of the run.
#[derive(Clone, Debug)]
pub struct Series<T> {
    points: Arc<Vec<(i64, T)>>,
    spacing: i64,
}

/// More than any screen has columns.
const POINTS_LIMIT: usize = 4096;

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self { points: Arc::default(), spacing: 0 }
    }
}

impl<T: Clone> Series<T> {
    /// From `at` on it is `value`.
    pub fn push(&mut self, at: i64, value: T) {
        let points = Arc::make_mut(&mut self.points);
        if let Some((last, held)) = points.last_mut()
            && at - *last < self.spacing
        {
            *held = value;
            return;
        }
        points.push((at, value));
        if points.len() > POINTS_LIMIT {
            let span = at - points[0].0;
            self.spacing = (self.spacing * 2).max(span / (POINTS_LIMIT as i64 / 2));
            thin(points, self.spacing);
        }
    }

    /// Changes what was told before: each point's value, by how long it holds (`i64::MAX` = still).
    pub(super) fn amend(&mut self, mut change: impl FnMut(i64, &mut T)) {
        let points = Arc::make_mut(&mut self.points);
        for index in 0..points.len() {
            let until = points.get(index + 1).map_or(i64::MAX, |next| next.0);
            change(until, &mut points[index].1);
        }
    }

    /// All points, in the order of time.
    #[must_use]
    pub fn points(&self) -> &[(i64, T)] {
        &self.points
    }
}

/// Of the points within `spacing` of one that is kept, the last gives its value.
fn thin<T: Clone>(points: &mut Vec<(i64, T)>, spacing: i64) {
    let mut kept: Vec<(i64, T)> = Vec::with_capacity(points.len());
    for (at, value) in points.drain(..) {
        match kept.last_mut() {
            Some((last, held)) if at - *last < spacing => *held = value,
            _ => kept.push((at, value)),
        }
    }
    *points = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_points_stay_bounded_and_keep_the_curve() {
        let mut series = Series::default();
        for n in 0..1_000_000_i64 {
            series.push(n * 10, n);
        }
        let points = series.points();
        assert!((1000..=POINTS_LIMIT).contains(&points.len()), "{}", points.len());
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(points.iter().all(|&(at, n)| (n * 10 - at).abs() <= 2 * series.spacing), "values near their times");
        assert!(points.last().unwrap().0 > 9_900_000);
        assert_eq!(points.last().unwrap().1, 999_999, "the newest value is never lost");
    }
}
