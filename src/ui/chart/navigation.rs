//! Which stretch of time is in sight, and which ones were: each way of moving can be undone.

use super::TimeView;

/// What is in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// `None` = the whole run, as long as it may get.
    window: Option<TimeView>,
    /// The right edge stays with the newest events.
    following: bool,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Navigation {
    here: Place,
    /// Where it was before, the latest last; and where it was before going back.
    back: Vec<Place>,
    forward: Vec<Place>,
    /// When it moved last, in seconds.
    moved_at: f64,
}

/// Movements that come one after the other this quickly, in seconds, are one: a wheel that is turned, a key that is held down.
const ONE_GESTURE: f64 = 0.6;
/// More steps than this nobody undoes.
const STEPS: usize = 200;

impl Navigation {
    /// What is in sight of runs that have lasted `elapsed`; `live` = one of them goes on.
    pub(super) fn view(&self, elapsed: i64, live: bool) -> TimeView {
        match self.here.window {
            None if live => TimeView { start: 0, end: end_for_a_while(elapsed) },
            None => TimeView { start: 0, end: elapsed + elapsed / 16 },
            Some(window) if self.here.following => {
                let end = elapsed + window.length() / 16;
                TimeView { start: end - window.length(), end }
            }
            Some(window) => window,
        }
    }

    pub(super) const fn shows_everything(&self) -> bool {
        self.here.window.is_none()
    }

    /// Moves on, at `now` in seconds; what follows soon belongs to the same movement.
    pub(super) fn glide(&mut self, window: TimeView, following: bool, now: f64) {
        let new_gesture = now - self.moved_at > ONE_GESTURE;
        self.moved_at = now;
        self.go_to(Place { window: Some(window), following }, new_gesture);
    }

    /// Goes there, which is a movement of its own.
    pub(super) fn jump(&mut self, window: TimeView) {
        self.moved_at = f64::NEG_INFINITY;
        self.go_to(Place { window: Some(window), following: false }, true);
    }

    /// The whole run again.
    pub(super) fn fit(&mut self) {
        self.moved_at = f64::NEG_INFINITY;
        self.go_to(Place::default(), true);
    }

    fn go_to(&mut self, place: Place, remember: bool) {
        if place == self.here {
            return;
        }
        if remember {
            self.back.push(self.here);
            if self.back.len() > STEPS {
                self.back.remove(0);
            }
        }
        self.forward.clear();
        self.here = place;
    }

    /// Back to where it was.
    pub(super) fn undo(&mut self) {
        if let Some(place) = self.back.pop() {
            self.forward.push(std::mem::replace(&mut self.here, place));
            self.moved_at = f64::NEG_INFINITY;
        }
    }

    /// To where it was before going back.
    pub(super) fn redo(&mut self) {
        if let Some(place) = self.forward.pop() {
            self.back.push(std::mem::replace(&mut self.here, place));
            self.moved_at = f64::NEG_INFINITY;
        }
    }
}

/// Where an axis ends that has room for what comes after `elapsed`. It stays there for a while, so what has been drawn stays where it
/// is: that is calmer to look at, and only what is new has to be painted.
fn end_for_a_while(elapsed: i64) -> i64 {
    // The preferred numbers of ISO 3, ten a decade: each is a quarter more than the one before.
    const ENDS: [f64; 10] = [1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0];
    let least = (elapsed + elapsed / 64) as f64;
    let decade = 10_f64.powf(least.max(1.0).log10().floor());
    ENDS.into_iter().map(|end| end * decade).find(|end| *end >= least).unwrap_or(10.0 * decade) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_movement_can_be_undone_and_done_again() {
        let window = |start| TimeView { start, end: start + 1_000 };
        let mut navigation = Navigation::default();
        // One gesture of three parts, a pause, another one, a jump.
        for (at, start) in [(10.0, 1), (10.1, 2), (10.3, 3), (12.0, 4)] {
            navigation.glide(window(start), false, at);
        }
        navigation.jump(window(5));
        let mut seen = vec![navigation.view(99, false).start];
        for _ in 0..4 {
            navigation.undo();
            seen.push(navigation.view(99, false).start);
        }
        assert_eq!(seen, [5, 4, 3, 0, 0]);
        assert!(navigation.shows_everything());
        navigation.redo();
        assert_eq!(navigation.view(99, false), window(3));
        // A glide right after is one of its own, and forgets what could have been done again.
        navigation.glide(window(7), false, 12.1);
        navigation.redo();
        assert_eq!(navigation.view(99, false), window(7));
        navigation.undo();
        assert_eq!(navigation.view(99, false), window(3));
    }

    #[test]
    fn the_axis_of_a_run_that_goes_on_has_room_and_seldom_moves() {
        let ends: Vec<_> =
            (0..1_000_000).map(|step| (step * 10_000, Navigation::default().view(step * 10_000, true).end)).collect();
        assert!(ends.iter().all(|(elapsed, end)| end > elapsed && (*elapsed < 10_000 || *end < elapsed * 133 / 100)));
        let moved = ends.windows(2).filter(|ends| ends[0].1 != ends[1].1).count();
        assert!((50..=60).contains(&moved), "{moved} times in ten seconds, from ten microseconds on");
    }
}
