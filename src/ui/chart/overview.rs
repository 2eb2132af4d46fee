//! The strip above the ruler: the whole run, how many workers were busy when, and the part of it that is in sight.

use std::collections::HashMap;
use std::ops::Range;

use eframe::egui::{
    Align2, Color32, CursorIcon, Mesh, Painter, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
};

use super::item::{LaneId, LanePlace};
use super::skyline::add_columns;
use super::{GUTTER, Shown, TimeView};
use crate::lab::Run;
use crate::trace::KeptColumns;
use crate::ui::format;
use crate::ui::theme::{self, Palette};

pub(super) const HEIGHT: f32 = 30.0;
/// So many columns of all lanes together are looked at, but no fewer of each lane than that.
const LOOKUPS: usize = 3_000;
const FEWEST: usize = 60;
/// Points a column, and how near an edge has to be to be dragged.
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

/// Draws the strip, on which `whole` is all and `view` in sight. The columns of each lane are `kept`.
pub(super) fn show(
    ui: &Ui,
    area: Rect,
    shown: &[Shown<'_>],
    whole: TimeView,
    view: TimeView,
    brush: &mut Option<Brush>,
    kept: &mut HashMap<LaneId, KeptColumns>,
) -> Option<Wish> {
    let palette = theme::palette(ui);
    let strip = area.with_min_x(area.left() + GUTTER);
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let at = pos2(area.left(), area.center().y);
    painter.text(at, Align2::LEFT_CENTER, "whole run", theme::small(), palette.dim);
    painter.rect(strip, 4.0, palette.panel, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    kept.retain(|(number, _), _| shown.iter().any(|shown| shown.run.number == *number));
    let height = (strip.height() - 6.0) / shown.len() as f32;
    for (index, shown) in shown.iter().enumerate() {
        let top = strip.top() + 3.0 + index as f32 * height;
        let band = Rect::from_x_y_ranges(strip.x_range(), top..=top + height - 1.0);
        let mut mesh = Mesh::default();
        // The more lanes there are, the wider the columns, so that all of them cost no more than a few lanes do.
        let lanes = shown.run.trace.lanes().len().max(1);
        let most = (LOOKUPS / lanes).max(FEWEST);
        let columns = ((band.width() / COLUMN).max(1.0) as usize).min(most);
        let width = band.width() / columns as f32;
        let shares = shares(shown.run, whole, columns, kept);
        for (color, heights) in layers(shown.run, band, &shares, palette) {
            add_columns(&mut mesh, ui.pixels_per_point(), band.left(), width, color, heights);
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
            let start = (at - view.length() / 2).max(whole.start);
            Some(TimeView { start, end: start + view.length() })
        }
        _ => None,
    };
    if response.drag_stopped() {
        *brush = None;
    }
    response.on_hover_text_at_pointer("Drag: choose what is in sight. Double click: everything");
    wish.map(Wish::Show)
}

/// What is out of sight is darker.
fn shade(painter: &Painter, palette: &Palette, strip: Rect, seen: Rect) {
    let veil = palette.background.gamma_multiply(0.65);
    painter.rect_filled(strip.with_max_x(seen.left()), 4.0, veil);
    painter.rect_filled(strip.with_min_x(seen.right()), 4.0, veil);
    painter.rect_stroke(seen, 4.0, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
}

/// Layers of columns, as high as the part of the workers that were busy, in the colours of what they did: at the foot those with
/// something that failed.
fn layers(run: &Run, band: Rect, shares: &[[f32; 4]], palette: &Palette) -> [(Color32, Vec<Range<f32>>); 4] {
    let most = shares.iter().map(|shares| shares.iter().sum()).fold(run.settings.workers as f32, f32::max);
    let mut tops = vec![band.bottom(); shares.len()];
    let mut layer = |index: usize, color: Color32| {
        let heights = shares.iter().zip(&mut tops).map(|(shares, top)| {
            let height = if shares[index] > 0.0 { (band.height() * shares[index] / most).max(0.5) } else { 0.0 };
            let bottom = std::mem::replace(top, (*top - height).max(band.top()));
            *top..bottom
        });
        (color, heights.collect())
    };
    let [failed, computing, waiting, blocking] = [0, 1, 2, 3];
    [
        layer(failed, palette.error),
        layer(computing, palette.computing),
        layer(waiting, palette.waiting),
        layer(blocking, palette.blocking),
    ]
}

/// How many workers did what in each of so many columns, in the mean: had something that failed, computed, waited, or were blocked.
fn shares(run: &Run, whole: TimeView, columns: usize, kept: &mut HashMap<LaneId, KeptColumns>) -> Vec<[f32; 4]> {
    let mut sums = vec![[0.0; 4]; columns];
    let now = run.known_until();
    for lane in run.trace.lanes() {
        let kept = kept.entry((run.number, LanePlace::Worker(lane.worker))).or_default();
        let of_lane = kept.of(&run.trace, lane, &(whole.start..whole.end), columns, now);
        for (sums, column) in sums.iter_mut().zip(of_lane) {
            let (waiting, blocking) = (column.waiting().min(column.busy), column.blocking.min(column.busy));
            let parts = if column.failed > 0 {
                [column.busy, 0.0, 0.0, 0.0]
            } else {
                [0.0, (column.busy - waiting - blocking).max(0.0), waiting, blocking]
            };
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Event, EventKind, Outcome, TaskError};
    use crate::lab::RunSettings;

    #[test]
    fn columns_hold_the_mean() {
        let mut run = Run::new(1, RunSettings { workers: 2, ..RunSettings::default() }, 0);
        let mut apply = |at, kind| run.trace.apply(&Event { at, kind });
        for (call, from, until) in [(0, 0, 100), (1, 50, 150)] {
            let (worker, item, first_item, items) = (call as u32, 0, call as u32, 1);
            apply(0, EventKind::Submitted { call, first_item, items });
            apply(0, EventKind::WorkerStarted { worker, pid: None });
            apply(from, EventKind::Taken { call, worker });
            apply(from, EventKind::Started { call, item, worker });
            let raised = Outcome::Raised(Box::new(TaskError::message("Boom!")));
            let outcome = if call == 1 { raised } else { Outcome::Returned };
            apply(until, EventKind::Finished { call, item, worker, outcome });
        }
        let of = |run: &Run| shares(run, TimeView { start: 0, end: 400 }, 4, &mut HashMap::new());
        run.moment = Some(400);
        assert_eq!(of(&run), [[0.5, 1.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0], [0.0; 4], [0.0; 4]]);
    }
}
