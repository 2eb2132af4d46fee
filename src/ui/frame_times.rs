//! How long frames take to draw, and how much is in them: an overlay for those who want to know what being watched costs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::egui::{Align2, FontId, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use super::repaint::Repaint;
use super::stopwatch::Taken;
use super::{format, theme};
use crate::lab::Run;

/// See the module. It lasts as long as the window.
#[derive(Default)]
pub(super) struct FrameTimes {
    shown: bool,
    /// What this program's own code took for each of the last frames, the newest last.
    costs: VecDeque<Taken>,
    /// When they were done.
    ended: VecDeque<Instant>,
    /// What the last frame took altogether, with making triangles and pixels of it, in seconds.
    whole: f32,
    /// How many events the run had, when, and how many a second came since the time before.
    events: Option<(Instant, usize, f64)>,
}

/// From the lower edge of the chart, whose legend is there.
const ABOVE_LEGEND: f32 = 28.0;

/// So many frames are looked back at.
const FRAMES: usize = 300;

/// How often the rate of events is taken.
const INTERVAL: Duration = Duration::from_millis(500);

impl FrameTimes {
    pub(super) const fn is_shown(&self) -> bool {
        self.shown
    }

    /// Shows or hides the overlay. It looks back to where it was asked for.
    pub(super) fn toggle(&mut self) {
        *self = Self { shown: !self.shown, ..Self::default() };
    }

    /// A frame's own code took so long, and the frame before it altogether, in seconds.
    pub(super) fn add(&mut self, cost: Taken, whole: f32) {
        self.whole = whole;
        if self.costs.len() == FRAMES {
            self.costs.pop_front();
            self.ended.pop_front();
        }
        self.costs.push_back(cost);
        self.ended.push_back(Instant::now());
    }

    /// The last, the median and the 99th of a hundred of what the last frames took.
    fn figures(&self, what: impl Fn(&Taken) -> f32) -> [f32; 3] {
        let mut sorted: Vec<_> = self.costs.iter().map(&what).collect();
        sorted.sort_by(f32::total_cmp);
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        [self.costs.back().map(what), rank(50), rank(99)].map(Option::unwrap_or_default)
    }

    /// Draws the overlay into the lower right corner of `area`; `drawn` = how many items the chart drew one by one.
    pub(super) fn show(&mut self, ui: &Ui, area: Rect, run: Option<&Run>, drawn: usize) {
        if !self.shown {
            return;
        }
        let rate = run.map_or(0.0, |run| self.rate(run.history.len()));
        let [last, median, p99] = self.figures(|taken| taken.cpu * 1e3);
        let [_, _, p99_wall] = self.figures(|taken| taken.wall * 1e3);
        let (backlog, kept, calls) =
            run.map_or((0, 0, 0), |run| (run.backlog, run.history.bytes(), run.trace.counts().items.submitted));
        // Of the frame before this one, as this one is not done.
        let share = ui.ctx().plugin_opt::<Repaint>().map(|repaint| repaint.lock().share());
        let painted = share.map(|share| format!(" ({:.0} % of the window)", share * 100.0)).unwrap_or_default();
        let text = format!(
            "{} frames/s · own {last:.1} ms of a core, median {median:.1}, p99 {p99:.1}, {p99_wall:.1} with waiting for one\nwith painting {:.1} ms{painted} · {} items drawn · {} events/s, {} behind · {:.0} B of events an item",
            self.ended.iter().rev().take_while(|ended| ended.elapsed() < Duration::from_secs(1)).count(),
            self.whole * 1e3,
            format::count(drawn),
            format::rate(rate),
            format::count(backlog),
            kept as f64 / calls.max(1) as f64
        );
        let palette = theme::palette(ui);
        let galley = ui.painter().layout_no_wrap(text.clone(), FontId::monospace(10.5), palette.text);
        let place = Align2::RIGHT_BOTTOM.anchor_size(area.right_bottom() - vec2(8.0, ABOVE_LEGEND), galley.size());
        ui.painter().rect_filled(place.expand2(vec2(6.0, 3.0)), 4.0, palette.raised);
        ui.painter().galley(place.min, galley, palette.text);
        let response = ui.interact(place, ui.scope_id().with("frame times"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    }

    fn rate(&mut self, events: usize) -> f64 {
        let now = Instant::now();
        match self.events {
            Some((since, _, rate)) if now - since < INTERVAL => rate,
            Some((since, before, _)) => {
                let rate = events.saturating_sub(before) as f64 / (now - since).as_secs_f64();
                self.events = Some((now, events, rate));
                rate
            }
            None => {
                self.events = Some((now, events, 0.0));
                0.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_the_last_frames() {
        let mut times = FrameTimes::default();
        let whole = |times: &FrameTimes| times.figures(|taken| taken.cpu).map(|seconds| seconds as u32);
        assert_eq!(whole(&times), [0; 3]);
        (0..1000).for_each(|frame| times.add(Taken { cpu: frame as f32, wall: 0.0 }, 0.0));
        // From 700 to 999.
        assert_eq!(whole(&times), [999, 849, 996]);
    }
}
