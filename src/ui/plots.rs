//! Curves over the chart's time axis: how deep the queues were, and what the cores did.

use eframe::egui::{Align2, Color32, Painter, Rect, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_plot::{FilledArea, HoverPosition, Line, Plot, PlotBounds, PlotPoint, PlotPoints, PlotUi};

use super::chart::{GUTTER, TimeView};
use super::format;
use super::theme::{self, Palette};
use crate::lab::{ExecutorKind, Run};
use crate::trace::QueueDepths;

/// Draws both plots, one above the other, aligned with the lanes.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>, view: TimeView) {
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    let palette = theme::palette(ui);
    let half = (area.height() - 12.0) / 2.0;
    let upper = Rect::from_min_size(area.min, vec2(area.width(), half));
    let lower = Rect::from_min_size(pos2(area.left(), upper.bottom() + 12.0), upper.size());
    let columns = (area.width() - GUTTER).max(1.0) as usize;
    Figure::queues(run, palette, view, columns).show(ui, upper, view);
    Figure::cpu(run, palette, view, columns).show(ui, lower, view);
}

/// A plot: curves that share their times.
struct Figure {
    title: &'static str,
    highest: f64,
    /// Why there is nothing to see.
    note: Option<&'static str>,
    /// Drawn as layers, each on top of the one before it.
    stacked: bool,
    /// Seconds.
    times: Vec<f64>,
    curves: Vec<Curve>,
}

struct Curve {
    name: String,
    color: Color32,
    values: Vec<f64>,
}

/// What a layer shows of the queues.
type Depth = fn(&QueueDepths) -> u32;

impl Figure {
    fn queues(run: Option<&Run>, palette: &Palette, view: TimeView, columns: usize) -> Self {
        let mut figure =
            Self { title: "calls", highest: 1.0, note: None, stacked: true, times: Vec::new(), curves: Vec::new() };
        let Some(run) = run else { return figure };
        // From the bottom up.
        let executing: (&str, Color32, Depth) = ("executing", palette.computing, |depths| depths.executing);
        let layers = match run.settings.executor {
            ExecutorKind::Sequential => vec![executing],
            ExecutorKind::Threads => vec![executing, ("work queue", palette.pending, |depths| depths.pending)],
            ExecutorKind::Processes => vec![
                executing,
                ("call queue", palette.call_queue, |depths| depths.call_queue),
                ("work ids", palette.pending, |depths| depths.pending),
                ("result queue", palette.result_queue, |depths| depths.result_queue),
            ],
        };
        let all = |depths: &QueueDepths| depths.pending + depths.call_queue + depths.executing + depths.result_queue;
        let depths = columnwise(run.trace.queues().points(), view, columns, all);
        figure.add_steps(&depths, run.elapsed());
        for (name, color, depth) in layers {
            let held = |(_, depths): &(i64, QueueDepths)| f64::from(depth(depths));
            // Each value twice, for the two ends of its step.
            let values = depths.iter().flat_map(|point| [held(point), held(point)]).collect();
            figure.curves.push(Curve { name: name.to_owned(), color, values });
        }
        let sum = |index: usize| figure.curves.iter().map(|curve| curve.values[index]).sum();
        figure.highest = (0..figure.times.len()).map(sum).fold(1.0, f64::max);
        figure
    }

    /// A value holds until the next.
    fn add_steps(&mut self, points: &[(i64, QueueDepths)], end: i64) {
        let ends = points.iter().skip(1).map(|(at, _)| *at).chain([end]);
        self.times = points.iter().zip(ends).flat_map(|((at, _), end)| [seconds(*at), seconds(end)]).collect();
    }

    fn cpu(run: Option<&Run>, palette: &Palette, view: TimeView, columns: usize) -> Self {
        /// More cores than this are no longer told apart: then there is the mean, and the busiest.
        const TOLD_APART: usize = 4;
        let samples = run.map(|run| run.cpu.points()).unwrap_or_default();
        let none = samples.is_empty();
        let samples = columnwise(samples, view, columns, |cores| cores.iter().sum::<f32>());
        let cores = samples.iter().map(|(_, cores)| cores.len()).min().unwrap_or(0);
        let curve = |name: String, color: usize, value: &dyn Fn(&[f32]) -> f32| Curve {
            name,
            color: palette.cores[color],
            values: samples.iter().map(|(_, cores)| f64::from(value(cores))).collect(),
        };
        let curves = if cores <= TOLD_APART {
            (0..cores).map(|core| curve(format!("core {core}"), core, &|cores| cores[core])).collect()
        } else {
            let mean = |cores: &[f32]| cores.iter().sum::<f32>() / cores.len() as f32;
            let busiest = |cores: &[f32]| cores.iter().copied().fold(0.0, f32::max);
            vec![curve(format!("mean of {cores}"), 0, &mean), curve("busiest".to_owned(), 2, &busiest)]
        };
        Self {
            title: "CPU, %",
            highest: 100.0,
            note: (none && run.is_some_and(|run| run.ended() && run.trace.call_count() > 0))
                .then_some("too short to be sampled"),
            stacked: false,
            times: samples.iter().map(|(at, _)| seconds(*at)).collect(),
            curves,
        }
    }

    fn show(&self, ui: &mut Ui, area: Rect, view: TimeView) {
        let palette = theme::palette(ui);
        let inner = Rect::from_min_max(pos2(area.left() + GUTTER, area.top()), area.max);
        // A little air above the highest value keeps its line in sight.
        let top = self.highest * 1.06;
        let painter = ui.painter().clone();
        self.legend(&painter, palette, area);
        self.scale(&painter, palette, inner, top);
        if let Some(note) = self.note {
            painter.text(inner.center(), Align2::CENTER_CENTER, note, theme::small(), palette.dim);
        }
        let now = self.values_at(f64::INFINITY).join(", ");
        let label = format!("{} over time, now {now}", self.title);
        let response = ui.interact(area, ui.scope_id().with(self.title), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
        ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
            Plot::new(self.title)
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
                .width(inner.width())
                .height(inner.height())
                .label_formatter(|hover| Some(self.describe(hover)))
                .show(ui, |plot| {
                    let (from, to) = (seconds(view.start), seconds(view.end));
                    plot.set_plot_bounds(PlotBounds::from_min_max([from, 0.0], [to, top]));
                    if self.stacked { self.layers(plot) } else { self.lines(plot) }
                });
        });
    }

    fn layers(&self, plot: &mut PlotUi<'_>) {
        let mut floor = vec![0.0; self.times.len()];
        for curve in &self.curves {
            let ceiling: Vec<f64> = floor.iter().zip(&curve.values).map(|(floor, value)| floor + value).collect();
            let layer = FilledArea::new(curve.name.clone(), &self.times, &floor, &ceiling);
            plot.add(layer.fill_color(curve.color.gamma_multiply(0.85)).allow_hover(false));
            floor = ceiling;
        }
    }

    fn lines(&self, plot: &mut PlotUi<'_>) {
        for curve in &self.curves {
            let points = self.times.iter().zip(&curve.values).map(|(&x, &y)| PlotPoint::new(x, y)).collect();
            let line = Line::new(curve.name.clone(), PlotPoints::Owned(points));
            plot.line(line.color(curve.color).width(1.5).allow_hover(false));
        }
    }

    /// What stands beside the pointer.
    fn describe(&self, hover: &HoverPosition<'_>) -> String {
        let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) = hover;
        let mut lines = vec![format::duration((position.x * 1e9) as i64)];
        lines.extend(self.values_at(position.x));
        lines.join("\n")
    }

    fn values_at(&self, time: f64) -> Vec<String> {
        let Some(index) = self.times.partition_point(|&at| at <= time).checked_sub(1) else { return Vec::new() };
        self.curves.iter().map(|curve| format!("{} {:.0}", curve.name, curve.values[index])).collect()
    }

    fn legend(&self, painter: &Painter, palette: &Palette, area: Rect) {
        painter.text(area.left_top(), Align2::LEFT_TOP, self.title, theme::small(), palette.text);
        let rows = ((area.height() - 16.0) / 14.0).max(0.0) as usize;
        // The topmost layer first, as it is drawn.
        let curves: Vec<_> =
            if self.stacked { self.curves.iter().rev().collect() } else { self.curves.iter().collect() };
        for (row, curve) in curves.into_iter().take(rows).enumerate() {
            let at = area.left_top() + vec2(0.0, 18.0 + row as f32 * 14.0);
            painter.rect_filled(Rect::from_min_size(at, vec2(8.0, 8.0)), 2.0, curve.color);
            painter.text(at + vec2(13.0, -2.0), Align2::LEFT_TOP, &curve.name, theme::small(), palette.dim);
        }
    }

    fn scale(&self, painter: &Painter, palette: &Palette, inner: Rect, top: f64) {
        for (value, anchor) in [(0.0, Align2::RIGHT_BOTTOM), (self.highest, Align2::RIGHT_CENTER)] {
            let y = inner.bottom() - (value / top) as f32 * inner.height();
            painter.hline(inner.x_range(), y, Stroke::new(1.0, palette.line));
            let text = format::count(value.round() as usize);
            painter.text(pos2(inner.left() - 6.0, y), anchor, text, theme::small(), palette.dim);
        }
    }
}

/// No more points than `columns` can show: of those that fall into one column, the one with the most of `size`, and the
/// last, which is what holds until the next. All that lie left of the view are one column, and all right of it.
fn columnwise<T: Clone, S: PartialOrd>(
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

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
