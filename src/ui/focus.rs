//! Where the keyboard is: in sight, with a ring around it, and after a choice where it was before.

use eframe::egui::{Button, ComboBox, Context, Id, Key, Memory, Response, RichText, Stroke, StrokeKind, Ui};

use super::theme;

/// To be called at the end of what a scroll area holds: scrolls so that what has come into focus, as by Tab, is seen.
pub(super) fn keep_in_sight(ui: &Ui) {
    let seen = ui.scope_id().with("focus that was seen to");
    let focused = ui.memory(Memory::focused);
    if ui.data(|data| data.get_temp(seen)) == Some(focused) {
        return;
    }
    ui.data_mut(|data| data.insert_temp(seen, focused));
    let Some(response) = focused.and_then(|focused| ui.ctx().read_response(focused)) else { return };
    let is_ours = response.layer_id == ui.layer_id() && ui.min_rect().contains_rect(response.rect);
    // Other panels may lie where this one's contents would be if they were not scrolled; there nothing is cut off.
    if is_ours && response.interact_rect != response.rect {
        ui.scroll_to_rect(response.rect.expand(12.0), None);
    }
}

/// A list that opens; `entries` draws what is in it and returns whether something was chosen. Who chose by key is on the list again.
pub(super) fn list(ui: &mut Ui, list: ComboBox<'_>, entries: impl FnOnce(&mut Ui) -> bool) -> Response {
    let shown = list.show_ui(ui, entries);
    let by_key = ui.input(|input| input.key_pressed(Key::Enter) || input.key_pressed(Key::Space));
    if shown.inner == Some(true) && by_key {
        shown.response.request_focus();
    }
    shown.response
}

/// An entry of an open list. The one that is `chosen` has the keyboard as the list opens; choosing, also by key, closes the list.
pub(super) fn choice(ui: &mut Ui, chosen: bool, text: impl Into<RichText>) -> Response {
    let response = ui.add(Button::selectable(chosen, text.into()));
    if chosen {
        // A list that was not drawn in the last pass has just been opened.
        let (seen, pass) = (ui.scope_id().with("open since"), ui.ctx().cumulative_pass_nr());
        let before = ui.data_mut(|data| {
            let before = data.get_temp::<u64>(seen);
            data.insert_temp(seen, pass);
            before
        });
        if before.is_none_or(|before| before + 1 < pass) {
            response.request_focus();
        }
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        ui.close();
    }
    response
}

/// A ring around what has the keyboard, whatever it is, unless the pointer was used last.
pub(super) fn ring(context: &Context) {
    let (by_key, by_pointer) = context.input(|input| {
        let moves = [Key::Tab, Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight];
        (moves.into_iter().any(|key| input.key_pressed(key)), input.pointer.any_pressed())
    });
    let uses_keys = Id::unique("keys are used");
    if by_key || by_pointer {
        context.data_mut(|data| data.insert_temp(uses_keys, by_key));
    }
    if !context.data(|data| data.get_temp(uses_keys)).unwrap_or(true) {
        return;
    }
    let focused = context.memory(Memory::focused).and_then(|focused| context.read_response(focused));
    let Some(response) = focused.filter(|response| response.interact_rect.is_positive()) else { return };
    let color = theme::palette_of(&context.global_style()).accent;
    let painter = context.layer_painter(response.layer_id);
    painter.rect_stroke(response.interact_rect.expand(1.0), 5.0, Stroke::new(1.5, color), StrokeKind::Outside);
}
