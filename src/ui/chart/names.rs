//! What stands left of the lanes and over them: the names of workers and runs, with what they are and how busy they were.

use eframe::egui::{
    Align2, Button, CursorIcon, FontId, Painter, Popup, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::GUTTER;
use super::rows::{LaneRow, Place, Shown, TALL, name_cell};
use crate::lab::Run;
use crate::trace::Spent;
use crate::ui::action::Action;
use crate::ui::task_index::Found;
use crate::ui::theme::{self, Palette};
use crate::ui::{focus, format, readers};

/// The name of a run, over its lanes, how long it took, and how many of its items are looked for. A click has all panels tell of it.
#[expect(clippy::too_many_arguments, reason = "where, what and for whom")]
pub(super) fn heading(
    ui: &Ui,
    painter: &Painter,
    palette: &Palette,
    shown: &Shown<'_>,
    found: Option<&Found>,
    row: Rect,
    left: f32,
    actions: &mut Vec<Action>,
) {
    let Shown { run, name, color, in_focus, .. } = *shown;
    // Lines of the time axis would go through the words.
    painter.rect_filled(row.with_min_x(left), 0.0, palette.background);
    painter.hline(left..=row.right(), row.top() + 2.0, Stroke::new(1.0, palette.line));
    let bar = Rect::from_x_y_ranges(left..=left + 4.0, row.top() + 5.0..=row.bottom() - 2.0);
    painter.rect_filled(bar, 2.0, palette.runs[color]);
    let at = pos2(left + 10.0, row.bottom() - 2.0);
    // What is told of it stands beside it, however long somebody's name for it is.
    let room = (row.width() * 0.6).max(120.0);
    let written = theme::one_line(ui, name, FontId::new(12.5, theme::strong()), palette.text, room);
    let place = Align2::LEFT_BOTTOM.anchor_size(at, written.size());
    painter.galley(place.min, written, palette.text);
    let mut text = format::duration(shown.looked_at().working_time());
    let fit = found.map(|found| format!("{} of {} match", format::count(found.tasks.len()), format::count(found.of)));
    if let Some(fit) = &fit {
        text.push_str("   · ");
        text.push_str(fit);
    }
    if in_focus {
        text.push_str("   · shown in the panels below");
    }
    painter.text(pos2(place.right() + 10.0, at.y), Align2::LEFT_BOTTOM, text, theme::small(), palette.dim);
    let place = row.with_min_x(left).intersect(painter.clip_rect());
    let label = fit.map_or_else(|| format!("look closer at {name}"), |fit| format!("look closer at {name}: {fit}"));
    let response = ui.interact(place, ui.scope_id().with(("heading", run.number)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, in_focus, &label));
    let help = "Data flow, figures and the panel below tell of this run";
    if response.on_hover_text(help).on_hover_cursor(CursorIcon::PointingHand).clicked() {
        actions.push(Action::FocusRun(run.number));
    }
}

/// The name of a lane, in the gutter, with what it is and how busy it was.
#[expect(clippy::too_many_arguments, reason = "where, what and for whom")]
pub(super) fn name(
    ui: &Ui,
    painter: &Painter,
    palette: &Palette,
    run: &Run,
    row: &LaneRow<'_>,
    rect: Rect,
    left: f32,
    actions: &mut Vec<Action>,
) {
    let lane = row.lane;
    let indent = if row.is_within() { 12.0 } else { 0.0 };
    let cell = name_cell(rect, left + indent, GUTTER - 10.0 - indent);
    // What is beside the workers may be busy beyond their results.
    let beside = matches!(row.place, Place::Beside { .. });
    // What is not read yet is not idle.
    let until = run.known_until();
    let lived = if beside { until - lane.started } else { run.lived(lane, 0, until) };
    let spent = lane.spent(&(0..until));
    let busy = (spent.busy as f64 / lived.max(1) as f64).clamp(0.0, 1.0);
    let title = row.title();
    // A thread within a task, of which there was another before in its row, was not there all the time.
    let percent = if row.is_within() { String::new() } else { format!("{:.0}%", busy * 100.0) };
    let pid = lane.pid.map(|pid| format!("pid {pid}")).unwrap_or_default();
    let (font, color) = if row.is_within() {
        (theme::small(), palette.dim)
    } else {
        (FontId::new(12.0, theme::strong()), palette.text)
    };
    let tall = rect.height() >= TALL;
    let y = if tall { cell.center().y - 16.0 } else { cell.center().y - 7.0 };
    painter.text(pos2(cell.left(), y), Align2::LEFT_TOP, &title, font, color);
    let second = if tall { y + 16.0 } else { y };
    painter.text(pos2(cell.right(), second), Align2::RIGHT_TOP, &percent, theme::small(), palette.dim);
    if tall {
        painter.text(pos2(cell.left(), second), Align2::LEFT_TOP, &pid, theme::small(), palette.dim);
        let track = Rect::from_min_size(pos2(cell.left(), second + 17.0), vec2(cell.width(), 3.0));
        painter.rect_filled(track, 1.5, palette.raised);
        // What is left of the longer ones is what they have more than the next.
        let mut left = spent.busy;
        for (nanos, color) in
            [(spent.waiting(), palette.waiting), (spent.blocking, palette.blocking), (left, palette.computing)]
        {
            let share = (left as f64 / lived.max(1) as f64).clamp(0.0, 1.0) as f32;
            painter.rect_filled(Rect::from_min_size(track.min, vec2(track.width() * share, 3.0)), 1.5, color);
            left -= nanos;
        }
    }
    let whose = match row.place {
        Place::Worker => 0,
        Place::Within(worker) => u64::from(worker) + 1,
        Place::Beside { group, .. } => u64::MAX - group as u64,
    };
    let id = ui.scope_id().with(("lane", run.number, whose, &title));
    let can_be_killed = lane.pid.is_some() && lane.exited.is_none() && !run.ended() && run.moment.is_none();
    let sense = if can_be_killed { Sense::click() } else { Sense::hover() };
    let response = ui.interact(cell.intersect(painter.clip_rect()), id, sense);
    let waits = waits(&spent);
    let told: Vec<_> = waits.iter().map(|wait| format!(", {wait}")).collect();
    let within = match row.place {
        Place::Within(worker) => format!(" within worker {worker}"),
        Place::Worker | Place::Beside { .. } => String::new(),
    };
    let process = if pid.is_empty() { String::new() } else { format!(" {pid}") };
    let busy = if row.is_within() { String::new() } else { format!("{process} {percent} busy") };
    let label = format!("{title}{within}{busy}, {} items{}", lane.items(), told.concat());
    let role = if can_be_killed { Role::Button } else { Role::Label };
    let label = readers::calm(&response, (run.number, run.ended(), run.moment.is_some()), label);
    response.widget_info(|| WidgetInfo::labeled(role, true, &label));
    if can_be_killed {
        Popup::menu(&response).show(|ui| {
            let help = "As a crash would: what follows is what follows from that";
            if focus::menu_entry(ui, true, Button::new(format!("Kill {title}"))).on_hover_text(help).clicked() {
                actions.push(Action::KillWorker(run.number, lane.worker));
            }
        });
    }
    response.on_hover_ui(|ui| {
        ui.label(format!("{title}{within}  {pid}"));
        ui.label(format!("{} items in {} calls", format::count(lane.items()), format::count(lane.calls)));
        ui.label(format!("busy {} of {}", format::duration(spent.busy), format::duration(lived)));
        for wait in &waits {
            ui.label(format!("of that {wait}"));
        }
        if let Some((at, cause)) = &lane.exited {
            ui.label(format!("ended at {}: {cause}", format::duration(*at)));
        }
    });
}

/// What time was spent on, apart from computing, in words.
fn waits(spent: &Spent) -> Vec<String> {
    let waits = [
        (spent.blocking, "for I/O or asleep"),
        (spent.gil, "waiting for the GIL"),
        (spent.lock, "waiting for a lock"),
        (spent.future, "waiting for a future"),
        (spent.off_core, "waiting for a core"),
    ];
    let told = waits.into_iter().filter(|(nanos, _)| *nanos > 0);
    told.map(|(nanos, what)| format!("{} {what}", format::duration(nanos))).collect()
}
