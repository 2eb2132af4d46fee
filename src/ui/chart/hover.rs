//! What is under the pointer: the item, its times, and where its time went.

use eframe::egui::{Grid, Response, RichText, Ui};

use super::TimeView;
use super::lanes::outline;
use super::rows::Rows;
use crate::executor::Activity;
use crate::trace::EndStage;
use crate::ui::{format, theme};

/// Outlines the bar under the pointer and tells of it.
pub(super) fn show(ui: &Ui, response: &Response, rows: &Rows<'_>, view: TimeView) {
    let canvas = rows.canvas;
    let Some(at) = response.hover_pos().filter(|at| canvas.contains(*at) && !response.dragged()) else { return };
    let Some((row, within)) = rows.at(at.y).and_then(|row| Some((row, row.lane.as_ref().ok()?))) else { return };
    let (run, lane) = (row.run, within.lane);
    let time = view.time_at(at.x - canvas.left(), canvas.width());
    let open = lane.open.filter(|open| (open.start..=run.elapsed()).contains(&time) && !run.ended());
    let progress = open.and_then(|open| open.permille);
    let off_core = lane.span_at(time).map(|span| lane.off_core_until(span.end) - lane.off_core_until(span.start));
    let (start, end, item, call, word) = match (lane.span_at(time), open) {
        (Some(span), _) => (span.start, Some(span.end), span.item, span.call, ending(span.end_stage)),
        (None, Some(open)) => (open.start, None, open.item, open.call, "executing"),
        (None, None) => return,
    };
    let x = |time: i64| canvas.left() + view.x_of(time, canvas.width()).clamp(-4.0, canvas.width() + 4.0);
    let painter = ui.painter().with_clip_rect(canvas.intersect(ui.clip_rect()));
    outline(&painter, theme::palette(ui), &rows.bars(row), x(start)..x(end.unwrap_or_else(|| run.elapsed())));
    response.clone().on_hover_ui_at_pointer(|ui| {
        let label = within.label(run, call, item);
        let title = if label.is_empty() { format!("item {item}") } else { format!("item {item} · {label}") };
        ui.label(RichText::new(title).family(theme::strong()));
        ui.label(format!("{word} on {} · call {call}", within.title()));
        if let Some(permille) = progress {
            ui.label(format!("{:.1} % done", f32::from(permille) / 10.0));
        }
        Grid::new("times").num_columns(2).min_row_height(14.0).spacing([12.0, 2.0]).show(ui, |ui| {
            let mut row = |name: &str, nanos: Option<i64>| {
                if let Some(nanos) = nanos {
                    ui.label(RichText::new(name).weak());
                    ui.label(format::duration(nanos));
                    ui.end_row();
                }
            };
            row("started at", Some(start));
            if let Some(call) = within.trace.call(call) {
                let left_pending = call.queued.or(call.taken);
                row("pending", left_pending.map(|until| until - call.submitted));
                row("in the call queue", call.queued.zip(call.taken).map(|(from, until)| until - from));
                row("in the result queue", call.answered.zip(call.done).map(|(from, until)| until - from));
            }
            let until = end.unwrap_or_else(|| run.elapsed());
            row("executed for", Some(until - start));
            let (before, after) = (lane.away_until(start), lane.away_until(until));
            let spent =
                |activity: Activity| Some(after[activity as usize] - before[activity as usize]).filter(|&n| n > 0);
            row("  I/O or sleep", spent(Activity::Blocking));
            row("  waiting for the GIL", spent(Activity::WaitingForGil));
            row("  waiting for a lock", spent(Activity::WaitingForLock));
            row("  waiting for a future", spent(Activity::WaitingForFuture));
            row("  without a core", off_core.filter(|&nanos| nanos > 0));
        });
    });
}

const fn ending(end_stage: EndStage) -> &'static str {
    match end_stage {
        EndStage::Returned => "returned",
        EndStage::Raised => "raised",
        EndStage::Lost => "lost",
    }
}
