//! A plot over the chart's time axis, aligned with the lanes.

use std::fmt::Debug;
use std::hash::Hash;

use eframe::egui::{Align2, Color32, Painter, Rect, Role, Sense, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use egui_plot::{FilledArea, HoverPosition, Line, LineStyle, Plot, PlotBounds, PlotPoint, PlotPoints, PlotUi};

use crate::ui::chart::{GUTTER, TimeView};
use crate::ui::format;
use crate::ui::theme::{self, Palette};

/// Names of curves take no more than this.
const NAME: f32 = 66.0;

/// A plot: curves that share their times.
pub(super) struct Figure {
    pub(super) title: &'static str,
    pub(super) highest: f64,
    /// Why there is nothing to see.
    pub(super) note: Option<&'static str>,
    /// Drawn as layers, each on top of the one before it.
    pub(super) stacked: bool,
    /// What round values are.
    pub(super) round: Round,
    /// How a value is written.
    pub(super) format: fn(f64) -> String,
    /// Seconds.
    pub(super) times: Vec<f64>,
    pub(super) curves: Vec<Curve>,
}

/// What values are round ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// 1, 2 and 5 times the powers of ten.
    Decimal,
    /// The same, but nothing less than one.
    Whole,
    /// Powers of two, as of bytes.
    Binary,
}

pub(super) struct Curve {
    pub(super) name: String,
    pub(super) color: Color32,
    pub(super) values: Vec<f64>,
}

impl Figure {
    /// Draws it; `playhead` = the moment that is looked at, if it is not now.
    pub(super) fn show(&self, ui: &mut Ui, area: Rect, view: TimeView, playhead: Option<i64>) {
        let palette = theme::palette(ui);
        let inner = Rect::from_min_max(pos2(area.left() + GUTTER, area.top()), area.max);
        // A little air above the highest value keeps its line in sight.
        let top = self.highest * 1.06;
        let painter = ui.painter().clone();
        self.legend(ui, &painter, palette, area);
        self.scale(&painter, palette, inner, top);
        if let Some(note) = self.note {
            // No line of the scale goes through it.
            let text = painter.layout_no_wrap(note.to_owned(), theme::small(), palette.dim);
            let place = Align2::CENTER_CENTER.anchor_size(inner.center(), text.size());
            painter.rect_filled(place.expand2(vec2(6.0, 2.0)), 0.0, palette.panel);
            painter.galley(place.min, text, palette.dim);
        }
        let (when, at) = playhead.map_or(("now", f64::INFINITY), |playhead| ("then", seconds(playhead)));
        let values = self.values_at(at).join(", ");
        let values = if values.is_empty() { "nothing" } else { &values };
        let label = format!("{} over time, {when} {values}", self.title);
        let response = ui.interact(area, ui.scope_id().with(self.title), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
        // Where there is nothing, nothing follows the pointer.
        if !self.times.is_empty() {
            let mut ui = ui.new_child(UiBuilder::new().max_rect(inner));
            bare_plot(self.title, inner.size()).label_formatter(|hover| self.describe(hover)).show(&mut ui, |plot| {
                let (from, to) = (seconds(view.start), seconds(view.end));
                plot.set_plot_bounds(PlotBounds::from_min_max([from, 0.0], [to, top]));
                if self.stacked { self.layers(plot) } else { self.lines(plot) }
            });
        }
        if let Some(playhead) = playhead {
            let x = inner.left() + ((playhead - view.start) as f64 / view.length() as f64) as f32 * inner.width();
            if inner.x_range().contains(x) {
                painter.vline(x, inner.y_range(), Stroke::new(1.5, palette.accent));
            }
        }
    }

    fn layers(&self, plot: &mut PlotUi<'_>) {
        let mut floor = vec![0.0; self.times.len()];
        // What is empty all the time has no area.
        for curve in self.curves.iter().filter(|curve| curve.values.iter().any(|value| *value > 0.0)) {
            let ceiling: Vec<f64> = floor.iter().zip(&curve.values).map(|(floor, value)| floor + value).collect();
            let corners = corners(&floor, &ceiling);
            let at_corners = |values: &[f64]| -> Vec<f64> { corners.iter().map(|&index| values[index]).collect() };
            let [times, low, high] = [&self.times, &floor, &ceiling].map(|values| at_corners(values));
            let layer = FilledArea::new(curve.name.clone(), &times, &low, &high);
            plot.add(layer.fill_color(curve.color.gamma_multiply(0.85)).allow_hover(false));
            floor = ceiling;
        }
    }

    fn lines(&self, plot: &mut PlotUi<'_>) {
        // What lies below others is seen between their dashes.
        let styles =
            [LineStyle::Solid, LineStyle::dashed_dense(), LineStyle::dashed_loose(), LineStyle::dotted_dense()];
        for (curve, style) in self.curves.iter().zip(styles.into_iter().cycle()) {
            let points = self.times.iter().zip(&curve.values).map(|(&x, &y)| PlotPoint::new(x, y)).collect();
            let line = Line::new(curve.name.clone(), PlotPoints::Owned(points));
            plot.line(line.color(curve.color).width(1.5).style(style).allow_hover(false));
        }
    }

    /// What stands beside the pointer: nothing where nothing is known, before the first value and after the last.
    fn describe(&self, hover: &HoverPosition<'_>) -> Option<String> {
        let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) = hover;
        if !(*self.times.first()?..=*self.times.last()?).contains(&position.x) {
            return None;
        }
        let mut lines = vec![format::duration((position.x * 1e9) as i64)];
        lines.extend(self.values_at(position.x));
        Some(lines.join("\n"))
    }

    fn values_at(&self, time: f64) -> Vec<String> {
        let Some(index) = self.times.partition_point(|&at| at <= time).checked_sub(1) else { return Vec::new() };
        // Lines go straight from value to value; layers keep theirs until the next.
        let next = self.times.get(index + 1).filter(|_| !self.stacked);
        let part =
            next.map_or(0.0, |next| (time - self.times[index]) / (next - self.times[index]).max(f64::MIN_POSITIVE));
        let value = |values: &[f64]| match values.get(index + 1) {
            Some(after) if part > 0.0 => values[index] + (after - values[index]) * part,
            _ => values[index],
        };
        let told = |curve: &Curve| format!("{} {}", curve.name, (self.format)(value(&curve.values)));
        self.in_order().map(told).collect()
    }

    /// The curves, the topmost layer first, as they are drawn.
    fn in_order(&self) -> impl Iterator<Item = &Curve> {
        let count = self.curves.len();
        (0..count).map(move |index| &self.curves[if self.stacked { count - 1 - index } else { index }])
    }

    /// The height that its names need.
    pub(super) fn needs(&self) -> f32 {
        18.0 + 14.0 * self.curves.len() as f32
    }

    fn legend(&self, ui: &Ui, painter: &Painter, palette: &Palette, area: Rect) {
        painter.text(area.left_top(), Align2::LEFT_TOP, self.title, theme::small(), palette.text);
        let rows = ((area.height() - 16.0) / 14.0).max(0.0) as usize;
        for (row, curve) in self.in_order().take(rows).enumerate() {
            let at = area.left_top() + vec2(0.0, 18.0 + row as f32 * 14.0);
            painter.rect_filled(Rect::from_min_size(at, vec2(8.0, 8.0)), 2.0, curve.color);
            // Right of it stand the values of the axis.
            let name = theme::one_line(ui, &curve.name, theme::small(), palette.dim, NAME);
            painter.galley(at + vec2(13.0, -2.0), name, palette.dim);
        }
    }

    /// A round value, in as few letters as there is room for beside the names of the curves.
    fn mark(&self, value: f64) -> String {
        match self.highest {
            h if self.round == Round::Whole && h >= 1e7 => format!("{} M", value / 1e6),
            h if self.round == Round::Whole && h >= 1e4 => format!("{} k", value / 1e3),
            _ => (self.format)(value),
        }
    }

    /// Round values from 0 up, as far as there is room for them.
    fn scale(&self, painter: &Painter, palette: &Palette, inner: Rect, top: f64) {
        /// From line to line, in points.
        const APART: f64 = 26.0;
        let most = (f64::from(inner.height()) / APART).max(1.0);
        let least = self.highest / most;
        let step = match self.round {
            Round::Decimal => round_step(least),
            Round::Whole => round_step(least.max(1.0)),
            Round::Binary => power_of_two(least),
        };
        let marks = (0..).map(|mark| f64::from(mark) * step).take_while(|value| *value <= self.highest);
        for value in marks {
            let y = inner.bottom() - (value / top) as f32 * inner.height();
            painter.hline(inner.x_range(), y, Stroke::new(1.0, palette.line));
            let text = if value == 0.0 { "0".to_owned() } else { self.mark(value) };
            let anchor = if value == 0.0 { Align2::RIGHT_BOTTOM } else { Align2::RIGHT_CENTER };
            painter.text(pos2(inner.left() - 6.0, y), anchor, text, theme::small(), palette.dim);
        }
    }
}

/// The least of 1, 2 and 5 times the powers of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

/// The least power of two that is not below `least`.
fn power_of_two(least: f64) -> f64 {
    2_f64.powf(least.max(1.0).log2().ceil())
}

/// Where either of two curves leaves a level or comes to one: between these, both are straight.
fn corners(floor: &[f64], ceiling: &[f64]) -> Vec<usize> {
    let levels: Vec<_> = floor.iter().zip(ceiling).collect();
    let is_level = |index: usize| levels[index - 1] == levels[index] && levels[index] == levels[index + 1];
    (0..levels.len()).filter(|&index| index == 0 || index + 1 == levels.len() || !is_level(index)).collect()
}

/// A plot that is nothing but its items: axes are ours, and the chart is what moves.
pub(super) fn bare_plot<'a>(id: impl Hash + Debug, size: Vec2) -> Plot<'a> {
    Plot::new(id)
        .show_axes(false)
        .show_grid(false)
        .show_background(false)
        .sense(Sense::hover())
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .set_margin_fraction(vec2(0.0, 0.0))
        .width(size.x)
        .height(size.y)
}

/// `1,234`.
pub(super) fn whole(value: f64) -> String {
    format::count(value.round().max(0.0) as usize)
}

/// No more points than `columns` can show: of those that fall into one column, the one with the most of `size`, and the
/// last, which is what holds until the next. All that lie left of the view are one column, and all right of it.
pub(super) fn columnwise<T: Clone, S: PartialOrd>(
    points: &[(i64, T)],
    view: TimeView,
    columns: usize,
    size: impl Fn(&T) -> S,
) -> Vec<(i64, T)> {
    let column = |at: i64| {
        let column = ((at - view.start) as f64 / view.length() as f64 * columns as f64).floor() as i64;
        column.clamp(-1, columns as i64)
    };
    let mut kept = Vec::new();
    for same_column in points.chunk_by(|one, next| column(one.0) == column(next.0)) {
        let larger = |one: usize, other: usize| {
            if size(&same_column[other].1) > size(&same_column[one].1) { other } else { one }
        };
        let largest = (0..same_column.len()).reduce(larger).unwrap_or(0);
        kept.push(same_column[largest].clone());
        if largest + 1 < same_column.len() {
            kept.extend(same_column.last().cloned());
        }
    }
    kept
}

pub(super) fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trace::QueueDepths;

    #[test]
    fn steps_are_round() {
        let round = [0.3, 1.0, 1.1, 23.0, 51.0, 420.0].map(|least| round_step(least).to_string());
        assert_eq!(round, ["0.5", "1", "2", "50", "100", "500"]);
        let binary = [0.0, 3.0, 4096.0, 5000.0].map(|least| power_of_two(least).to_string());
        assert_eq!(binary, ["1", "4", "4096", "8192"]);
    }

    #[test]
    fn what_stays_level_has_no_corners() {
        assert_eq!(corners(&[0.0; 7], &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]), [0, 2, 3, 6]);
        assert_eq!(corners(&[0.0, 0.0, 1.0, 1.0], &[1.0; 4]), [0, 1, 2, 3]);
        assert_eq!(corners(&[0.0], &[1.0]), [0]);
        assert!(corners(&[], &[]).is_empty());
    }

    proptest! {
        #[test]
        fn thinning_keeps_the_peak_and_what_holds(depths in prop::collection::vec(0..50_u32, 1..300), columns in 1..40_usize, start in 0..100_i64) {
            let points: Vec<_> = (0_i64..)
                .zip(&depths)
                .map(|(at, &pending)| (at * 7, QueueDepths { pending, ..QueueDepths::default() }))
                .collect();
            let view = TimeView { start: start * 7, end: (start + points.len() as i64) * 7 };
            let kept = columnwise(&points, view, columns, |depths| depths.pending);
            prop_assert!(kept.len() <= 2 * (columns + 2), "{}", kept.len());
            prop_assert_eq!(kept.iter().map(|point| point.1.pending).max(), depths.iter().copied().max());
            prop_assert_eq!(kept.last(), points.last());
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
