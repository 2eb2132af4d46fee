//! The line at the moment that is looked at; what came after it is veiled.

use eframe::egui::{Align2, CursorIcon, Painter, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::TimeView;
use crate::ui::action::Action;
use crate::ui::theme::{self, Palette};
use crate::ui::{focus, format, readers};

/// Veils what came later on these lanes.
pub(super) fn veil(painter: &Painter, palette: &Palette, lanes: Rect, view: TimeView, playhead: i64) {
    let x = lanes.left() + view.x_of(playhead, lanes.width()).clamp(0.0, lanes.width());
    painter.rect_filled(lanes.with_min_x(x), 0.0, palette.background.gamma_multiply(0.72));
}

/// Draws the line, with a handle to drag it by; the last run ends at `end`. Returns whether it is being dragged.
pub(super) fn show(
    ui: &Ui,
    ruler: Rect,
    canvas: Rect,
    view: TimeView,
    playhead: i64,
    end: i64,
    actions: &mut Vec<Action>,
) -> bool {
    let palette = theme::palette(ui);
    // Out of sight, it is at the edge beyond which it is.
    let x = ruler.left() + view.x_of(playhead, ruler.width()).clamp(-1.0, ruler.width() + 1.0);
    let mut text = format::duration(playhead);
    if ruler.x_range().contains(x) {
        ui.painter().vline(x, ruler.bottom() - 6.0..=canvas.bottom(), Stroke::new(1.5, palette.accent));
    } else {
        text = if x < ruler.left() { format!("‹ {text}") } else { format!("{text} ›") };
    }
    let text = ui.painter().layout_no_wrap(text, theme::small(), palette.on_accent);
    let size = text.size() + vec2(12.0, 4.0);
    let left = (x - size.x / 2.0).clamp(ruler.left(), ruler.right() - size.x);
    let handle = Rect::from_min_size(pos2(left, ruler.center().y - size.y / 2.0 + 1.0), size);
    ui.painter().rect_filled(handle, 4.0, palette.accent);
    let at = Align2::CENTER_CENTER.anchor_size(handle.center(), text.size()).min;
    ui.painter().galley(at, text, palette.on_accent);
    let response = ui.interact(handle.expand(3.0), ui.scope_id().with("playhead"), Sense::drag());
    let name = "moment that is looked at";
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, name));
    readers::name_time(&response, playhead, end);
    if let Some(time) = readers::asked_for_time(&response) {
        actions.push(Action::LookAt(Some(time)));
    }
    let events = focus::arrows(ui, &response);
    if events != 0 {
        actions.push(Action::StepEvents(events));
    }
    if response.dragged()
        && let Some(at) = response.interact_pointer_pos()
    {
        let time = view.time_at(at.x.clamp(ruler.left(), ruler.right()) - ruler.left(), ruler.width());
        actions.push(Action::LookAt(Some(time)));
    }
    let is_dragged = response.dragged();
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text("Drag: look at another moment");
    is_dragged
}
