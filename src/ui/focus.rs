//! Where the keyboard is: in sight, with a ring around it, and after a choice where it was before.

use eframe::egui::accesskit::Role;
use eframe::egui::{Button, ComboBox, Context, Id, Key, Memory, Popup, Response, RichText, Stroke, StrokeKind, Ui};

use super::{readers, theme};

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
    readers::one_of_several(&response, Role::ListBoxOption, chosen);
    // A list that has just been opened.
    if chosen && was_opened(ui) {
        response.request_focus();
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        ui.close();
    }
    response
}

/// An entry of a menu. Who opens a menu by key comes to the first that can be chosen.
pub(super) fn menu_entry(ui: &mut Ui, enabled: bool, button: Button<'_>) -> Response {
    let response = ui.add_enabled(enabled, button);
    let _ = ui.ctx().accesskit_node_builder(response.id, |node| node.set_role(Role::MenuItem));
    if enabled && was_opened(ui) && keys_are_used(ui.ctx()) {
        response.request_focus();
    }
    response
}

/// Whether `ui` was not drawn in the last pass, as the first to ask in this one.
fn was_opened(ui: &Ui) -> bool {
    let (seen, pass) = (ui.scope_id().with("open since"), ui.ctx().cumulative_pass_nr());
    let before = ui.data_mut(|data| {
        let before = data.get_temp::<u64>(seen);
        data.insert_temp(seen, pass);
        before
    });
    before.is_none_or(|before| before + 1 < pass)
}

/// As long as that window is there, the keyboard stays in it, and nothing behind it can be pressed.
pub(super) fn keep_within(context: &Context, window: Option<Response>) {
    if let Some(window) = window {
        context.memory_mut(|memory| memory.set_modal_layer(window.layer_id));
    }
}

/// When what lies over the window closes, whatever had the keyboard before has it again.
pub(super) fn come_back(context: &Context, covered: bool) {
    let before = Id::unique("what had the keyboard");
    let focused = context.memory(Memory::focused);
    if covered || Popup::is_any_open(context) {
        return;
    }
    let had = context.data(|data| data.get_temp::<(u64, Option<Id>)>(before));
    let pass = context.cumulative_pass_nr();
    if let Some((at, Some(had))) = had
        && at + 1 < pass
        && focused.is_none()
        && context.read_response(had).is_some()
    {
        context.memory_mut(|memory| memory.request_focus(had));
    }
    let now = context.memory(Memory::focused);
    context.data_mut(|data| data.insert_temp(before, (pass, now)));
}

fn keys_are_used(context: &Context) -> bool {
    context.data(|data| data.get_temp(Id::unique(KEYS_ARE_USED))).unwrap_or(true)
}

const KEYS_ARE_USED: &str = "keys are used";

/// A ring around what has the keyboard, whatever it is, unless the pointer was used last.
pub(super) fn ring(context: &Context) {
    let (by_key, by_pointer) = context.input(|input| {
        let moves = [Key::Tab, Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight];
        (moves.into_iter().any(|key| input.key_pressed(key)), input.pointer.any_pressed())
    });
    if by_key || by_pointer {
        context.data_mut(|data| data.insert_temp(Id::unique(KEYS_ARE_USED), by_key));
    }
    if !keys_are_used(context) {
        return;
    }
    let focused = context.memory(Memory::focused).and_then(|focused| context.read_response(focused));
    let Some(response) = focused.filter(|response| response.interact_rect.is_positive()) else { return };
    let color = theme::palette_of(&context.global_style()).accent;
    let painter = context.layer_painter(response.layer_id);
    painter.rect_stroke(response.interact_rect.expand(1.0), 5.0, Stroke::new(1.5, color), StrokeKind::Outside);
}
