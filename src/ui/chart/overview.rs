//! The strip above the ruler: the whole run, how many workers were busy when, and the part of it that is in sight.

use std::ops::Range;

use eframe::egui::{
    Align2, CursorIcon, Mesh, Painter, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
};

use super::skyline::add_columns;
use super::{GUTTER, Shown, TimeView};
use crate::lab::Run;
use crate::trace::QueueDepths;
use crate::ui::format;
use crate::ui::theme::{self, Palette};

pub(super) const HEIGHT: f32 = 30.0;
/// Pixels a column, and how near an edge has to be to be dragged.
const COLUMN: f32 = 2.0;
const GRIP: f32 = 6.0;

/// What is being dragged, with the view at which it began.
#[derive(Clone, Copy, Debug)]
pub(super) enum Brush {
    /// The part that is in sight, by where it was taken.
    Part { taken: i64, view: TimeView },
    /// One of its edges; the other stays.
    Edge { other: i64 },
}

/// What the user wants to see.
pub(super) enum Wish {
    Show(TimeView),
    Fit,
}

/// Draws the strip, on which `whole` is all and `view` in sight.
pub(super) fn show(
    ui: &Ui,
    area: Rect,
    shown: &[Shown<'_>],
    whole: TimeView,
    view: TimeView,
    brush: &mut Option<Brush>,
) -> Option<Wish> {
    let palette = theme::palette(ui);
    let strip = area.with_min_x(area.left() + GUTTER);
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let at = pos2(area.left(), area.center().y);
    painter.text(at, Align2::LEFT_CENTER, "whole run", theme::small(), palette.dim);
    painter.rect(strip, 4.0, palette.panel, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    let height = (strip.height() - 6.0) / shown.len() as f32;
    for (index, shown) in shown.iter().enumerate() {
        let top = strip.top() + 3.0 + index as f32 * height;
        let band = Rect::from_x_y_ranges(strip.x_range(), top..=top + height - 1.0);
        let mut mesh = Mesh::default();
        let columns = (band.width() / COLUMN).max(1.0) as usize;
        let mut draw =
            |heights, color| add_columns(&mut mesh, ui.pixels_per_point(), band.left(), COLUMN, color, heights);
        draw(busy(shown.run, band, whole, columns), palette.computing);
        if shown.run.totals().failed() > 0 {
            draw(failed(shown.run, band, whole, columns), palette.error);
        }
        painter.add(Shape::mesh(mesh));
    }
    let x = |time: i64| strip.left() + whole.x_of(time, strip.width()).clamp(0.0, strip.width());
    let seen = Rect::from_x_y_ranges(x(view.start)..=x(view.end).max(x(view.start) + 2.0), strip.y_range());
    shade(&painter, palette, strip, seen);

    let response = ui.interact(strip, ui.scope_id().with("overview"), Sense::CLICK | Sense::DRAG);
    let label = format!(
        "overview of the whole run; in sight {} to {}",
        format::duration(view.start),
        format::duration(view.end.min(whole.end))
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
    let time = |x: f32| whole.time_at(x.clamp(strip.left(), strip.right()) - strip.left(), strip.width());
    let edge = |x: f32| {
        if (x - seen.left()).abs() <= GRIP {
            Some(view.end)
        } else if (x - seen.right()).abs() <= GRIP {
            Some(view.start)
        } else {
            None
        }
    };
    if response.hover_pos().is_some_and(|at| edge(at.x).is_some()) {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.double_clicked() {
        return Some(Wish::Fit);
    }
    if response.drag_started()
        && let Some(at) = ui.input(|input| input.pointer.press_origin())
    {
        let everything = view.start <= whole.start && view.end >= whole.end;
        *brush = Some(match edge(at.x) {
            Some(other) if !everything => Brush::Edge { other },
            None if seen.x_range().contains(at.x) && !everything => Brush::Part { taken: time(at.x), view },
            // A new part, from here on.
            _ => Brush::Edge { other: time(at.x) },
        });
    }
    let at = response.interact_pointer_pos().map(|at| time(at.x));
    let wish = match (*brush, at) {
        (Some(Brush::Part { taken, view }), Some(at)) => {
            Some(TimeView { start: view.start + at - taken, end: view.end + at - taken })
        }
        (Some(Brush::Edge { other }), Some(at)) if (at - other).abs() >= TimeView::SHORTEST => {
            Some(TimeView { start: other.min(at), end: other.max(at) })
        }
        // A click brings what is there into the middle.
        (None, Some(at)) if response.clicked() => {
            let start = at - view.length() / 2;
            Some(TimeView { start, end: start + view.length() })
        }
        _ => None,
    };
    if response.drag_stopped() {
        *brush = None;
    }
    response.on_hover_text("Drag: choose what is in sight. Double click: everything");
    wish.map(Wish::Show)
}

/// What is out of sight is darker.
fn shade(painter: &Painter, palette: &Palette, strip: Rect, seen: Rect) {
    let veil = palette.background.gamma_multiply(0.65);
    painter.rect_filled(strip.with_max_x(seen.left()), 4.0, veil);
    painter.rect_filled(strip.with_min_x(seen.right()), 4.0, veil);
    painter.rect_stroke(seen, 4.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
}

/// How high each column is: by the part of the workers that was busy.
fn busy(run: &Run, band: Rect, whole: TimeView, columns: usize) -> Vec<Range<f32>> {
    let shares = mean_executing(run.trace.queues().points(), run.elapsed(), whole, columns);
    let most = shares.iter().copied().fold(run.settings.workers as f32, f32::max);
    let height = |share: f32| if share > 0.0 { (band.height() * share / most).max(1.0) } else { 0.0 };
    shares.into_iter().map(|share| band.bottom() - height(share)..band.bottom()).collect()
}

/// A foot in the columns in which something raised or was lost, as bars have it.
fn failed(run: &Run, band: Rect, whole: TimeView, columns: usize) -> Vec<Range<f32>> {
    let mut failed = vec![false; columns];
    for lane in run.trace.lanes() {
        lane.mark_failed_columns(whole.start, whole.end, &mut failed);
    }
    let foot = |failed: bool| if failed { (band.height() / 4.0).max(3.0).min(band.height() / 2.0) } else { 0.0 };
    failed.into_iter().map(|failed| band.bottom() - foot(failed)..band.bottom()).collect()
}

/// How many calls executed in each of so many columns, in the mean.
fn mean_executing(points: &[(i64, QueueDepths)], end: i64, whole: TimeView, columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    let width = whole.length() as f64 / columns as f64;
    let ends = points.iter().skip(1).map(|(at, _)| *at).chain([end]);
    for ((from, depths), to) in points.iter().zip(ends) {
        if depths.executing == 0 {
            continue;
        }
        let (from, to) = ((from - whole.start) as f64 / width, (to - whole.start) as f64 / width);
        let (first, last) = (from.max(0.0) as usize, (to.max(0.0) as usize).min(columns.saturating_sub(1)));
        for (column, sum) in sums.iter_mut().enumerate().take(last + 1).skip(first) {
            let part = (to.min(column as f64 + 1.0) - from.max(column as f64)).max(0.0);
            *sum += part as f32 * depths.executing as f32;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_the_mean() {
        let depths = |executing| QueueDepths { executing, ..QueueDepths::default() };
        let points = [(0, depths(0)), (100, depths(2)), (150, depths(4)), (300, depths(0))];
        let means = mean_executing(&points, 400, TimeView { start: 0, end: 400 }, 4);
        assert_eq!(means, [0.0, 3.0, 4.0, 0.0]);
        assert!(mean_executing(&[], 400, TimeView { start: 0, end: 400 }, 2).iter().all(|mean| *mean == 0.0));
    }
}
