//! Curves over the chart's time axis: how deep the queues were, and what the cores did.

use eframe::egui::{Align2, Color32, Painter, Rect, Sense, Stroke, Ui, UiBuilder, pos2, vec2};
use egui_plot::{Line, Plot, PlotBounds, PlotPoint, PlotPoints};

use super::chart::{Chart, GUTTER, TimeView};
use super::format;
use super::theme::{self, Palette};
use crate::lab::{ExecutorKind, Run};
use crate::trace::QueueDepths;

/// A curve: name, colour, points. It is filled down to zero, so a stack is drawn from its sum downwards.
struct Curve {
    name: String,
    color: Color32,
    filled: bool,
    points: Vec<[f64; 2]>,
}

/// Draws both plots, one above the other, aligned with the lanes.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>, chart: &Chart) {
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    let view = chart.view(run);
    let half = (area.height() - 12.0) / 2.0;
    let upper = Rect::from_min_size(area.min, vec2(area.width(), half));
    let lower = Rect::from_min_size(pos2(area.left(), upper.bottom() + 12.0), upper.size());
    let columns = (area.width() - GUTTER).max(1.0) as usize;
    let queues = run.map(|run| queue_curves(run, theme::palette(ui), view, columns)).unwrap_or_default();
    let highest = queues.iter().flat_map(|curve| &curve.points).map(|point| point[1]).fold(1.0, f64::max);
    plot(ui, upper, "calls", &queues, view, highest);
    let cpu = run.map(|run| cpu_curves(run, theme::palette(ui))).unwrap_or_default();
    plot(ui, lower, "CPU, %", &cpu, view, 100.0);
}

/// What a curve shows of the queues.
type Depth = fn(&QueueDepths) -> u32;

fn queue_curves(run: &Run, palette: &Palette, view: TimeView, columns: usize) -> Vec<Curve> {
    let points = run.trace.queues().points();
    let end = run.elapsed();
    let waiting = if run.settings.executor == ExecutorKind::Threads { "work queue" } else { "work ids" };
    let stack: [(&str, Color32, Depth); 3] = match run.settings.executor {
        // A sequential run has no queue; what it has is one call at a time.
        ExecutorKind::Sequential => [
            ("", palette.pending, |_| 0),
            ("", palette.call_queue, |_| 0),
            ("executing", palette.computing, |q| q.executing),
        ],
        ExecutorKind::Threads => [
            (waiting, palette.pending, |q| q.pending + q.executing),
            ("", palette.call_queue, |_| 0),
            ("executing", palette.computing, |q| q.executing),
        ],
        ExecutorKind::Processes => [
            (waiting, palette.pending, |q| q.pending + q.call_queue + q.executing),
            ("call queue", palette.call_queue, |q| q.call_queue + q.executing),
            ("executing", palette.computing, |q| q.executing),
        ],
    };
    stack
        .into_iter()
        .filter(|(name, ..)| !name.is_empty())
        .map(|(name, color, depth)| {
            let values = points.iter().map(|(at, depths)| (*at, f64::from(depth(depths))));
            Curve { name: name.to_owned(), color, filled: true, points: steps(values, end, view, columns) }
        })
        .collect()
}

/// A curve that holds each value until the next, with no more points than `columns` can show: of the values that fall
/// into one column the highest and the last are kept.
fn steps(values: impl Iterator<Item = (i64, f64)>, end: i64, view: TimeView, columns: usize) -> Vec<[f64; 2]> {
    let column = |at: i64| ((at - view.start) as f64 / view.length() as f64 * columns as f64).floor() as i64;
    let mut points: Vec<[f64; 2]> = Vec::new();
    let mut held = 0.0;
    let mut last_column = i64::MIN;
    for (at, value) in values {
        let x = at as f64 / 1e9;
        match points.last_mut() {
            Some(last) if column(at) == last_column => last[1] = last[1].max(value),
            last => {
                // From the highest of the column before back to its last, which then held until now.
                let from = last.map_or(x, |last| last[0]);
                points.extend([[from, held], [x, held], [x, value]]);
                last_column = column(at);
            }
        }
        held = value;
    }
    if let Some(&[x, _]) = points.last() {
        points.extend([[x, held], [end as f64 / 1e9, held]]);
    }
    points
}

fn cpu_curves(run: &Run, palette: &Palette) -> Vec<Curve> {
    let samples = run.cpu.points();
    let cores = samples.first().map_or(0, |(_, cores)| cores.len());
    (0..cores)
        .map(|core| Curve {
            name: format!("core {core}"),
            color: palette.cores[core % palette.cores.len()],
            filled: false,
            points: samples
                .iter()
                .filter_map(|(at, cores)| Some([*at as f64 / 1e9, f64::from(*cores.get(core)?)]))
                .collect(),
        })
        .collect()
}

fn plot(ui: &mut Ui, area: Rect, title: &'static str, curves: &[Curve], view: TimeView, highest: f64) {
    let palette = theme::palette(ui);
    let inner = Rect::from_min_max(pos2(area.left() + GUTTER, area.top()), area.max);
    let painter = ui.painter().clone();
    legend(&painter, palette, area, title, curves);
    // A little air above the highest value keeps its line in sight.
    let top = highest * 1.06;
    for value in [0.0, highest] {
        let y = inner.bottom() - (value / top) as f32 * inner.height();
        painter.hline(inner.x_range(), y, Stroke::new(1.0, palette.line));
        let text = format::count(value.round() as usize);
        let anchor = if value == 0.0 { Align2::RIGHT_BOTTOM } else { Align2::RIGHT_CENTER };
        painter.text(pos2(inner.left() - 6.0, y), anchor, text, theme::small(), palette.dim);
    }
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        Plot::new(title)
            .show_axes(false)
            .show_grid(false)
            .show_background(false)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_double_click_reset(false)
            .set_margin_fraction(vec2(0.0, 0.0))
            .width(inner.width())
            .height(inner.height())
            .label_formatter(|hover| Some(hover_text(curves, hover)))
            .show(ui, |plot| {
                let seconds = |nanos: i64| nanos as f64 / 1e9;
                let bounds = PlotBounds::from_min_max([seconds(view.start), 0.0], [seconds(view.end), top]);
                plot.set_plot_bounds(bounds);
                for curve in curves {
                    let points: Vec<PlotPoint> = curve.points.iter().map(|&[x, y]| PlotPoint::new(x, y)).collect();
                    let line = Line::new(curve.name.clone(), PlotPoints::Owned(points)).color(curve.color).width(1.5);
                    plot.line(if curve.filled { line.fill(0.0).fill_alpha(0.85) } else { line });
                }
            });
    });
}

fn hover_text(curves: &[Curve], hover: &egui_plot::HoverPosition<'_>) -> String {
    let (egui_plot::HoverPosition::NearDataPoint { position, .. } | egui_plot::HoverPosition::Elsewhere { position }) =
        hover;
    let mut lines = vec![format::duration((position.x * 1e9) as i64)];
    for curve in curves {
        let index = curve.points.partition_point(|point| point[0] <= position.x);
        if let Some([_, value]) = index.checked_sub(1).and_then(|index| curve.points.get(index)) {
            lines.push(format!("{} {value:.0}", curve.name));
        }
    }
    lines.join("\n")
}

fn legend(painter: &Painter, palette: &Palette, area: Rect, title: &str, curves: &[Curve]) {
    painter.text(area.left_top(), Align2::LEFT_TOP, title, theme::small(), palette.text);
    let rows = ((area.height() - 16.0) / 14.0).max(0.0) as usize;
    for (row, curve) in curves.iter().take(rows.min(4)).enumerate() {
        let at = area.left_top() + vec2(0.0, 18.0 + row as f32 * 14.0);
        painter.rect_filled(Rect::from_min_size(at, vec2(8.0, 8.0)), 2.0, curve.color);
        painter.text(at + vec2(13.0, -2.0), Align2::LEFT_TOP, &curve.name, theme::small(), palette.dim);
    }
}
