//! Where the keyboard is: in sight, with a ring around it, and after a choice where it was before.

use eframe::egui::{self, accesskit::Role};
use eframe::egui::{
    Button, ComboBox, Context, Event, EventFilter, Frame, Id, Key, Memory, Order, Popup, Response, RichText, Sense,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};

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
    let entries = ui.data_mut(|data| data.remove_temp::<Vec<(Id, String)>>(Id::unique(ENTRIES))).unwrap_or_default();
    let is_left = !entries.is_empty() && ui.input(|input| input.key_pressed(Key::Tab));
    if is_left {
        Popup::close_all(ui.ctx());
    }
    if is_left || shown.inner == Some(true) && by_key {
        shown.response.request_focus();
    } else {
        go_by_letter(ui.ctx(), &entries);
    }
    shown.response
}

/// The entries of the list that is open, while it is drawn.
const ENTRIES: &str = "entries of the open list";

/// What was typed in a list, and when: letters that follow each other soon are one beginning of a name.
type Typed = (String, f64);

/// To the entry that begins with what was typed, or, for one and the same letter again, to the next that does; Home and End go to the first
/// and the last.
fn go_by_letter(context: &Context, entries: &[(Id, String)]) {
    /// In seconds.
    const SOON: f64 = 1.0;
    let (letters, now, first, last) = context.input(|input| {
        let typed = input.events.iter().find_map(|event| match event {
            Event::Text(text) => Some(text.to_lowercase()),
            _ => None,
        });
        let typed = typed.filter(|text| text.trim() == text);
        (typed, input.time, input.key_pressed(Key::Home), input.key_pressed(Key::End))
    });
    let focused = context.memory(Memory::focused);
    let here = entries.iter().position(|(id, _)| Some(*id) == focused);
    let to = if first {
        entries.first()
    } else if last {
        entries.last()
    } else {
        let Some(letters) = letters else { return };
        let known = Id::unique("typed in a list");
        let before = context.data(|data| data.get_temp::<Typed>(known)).filter(|(_, at)| now - at < SOON);
        let before = before.map(|(text, _)| text).unwrap_or_default();
        let again = !before.is_empty() && before.chars().all(|letter| letters == letter.to_string());
        let longer = if again { letters.clone() } else { before + &letters };
        let fits = |typed: &str| {
            // More letters may go on fitting the entry that has the keyboard.
            let after = here.map_or(0, |at| at + usize::from(typed.chars().count() == 1));
            let mut in_turn = entries.iter().cycle().skip(after).take(entries.len());
            in_turn.find(|(_, name)| name.to_lowercase().starts_with(typed))
        };
        // What fits nothing is a new beginning.
        let (typed, entry) = match fits(&longer) {
            None => (letters.clone(), fits(&letters)),
            found => (longer, found),
        };
        context.data_mut(|data| data.insert_temp::<Typed>(known, (typed, now)));
        entry
    };
    if let Some((id, _)) = to {
        context.memory_mut(|memory| memory.request_focus(*id));
    }
}

/// An entry of an open list. The one that is `chosen` has the keyboard as the list opens; choosing, also by key, closes the list.
pub(super) fn choice(ui: &mut Ui, chosen: bool, text: impl Into<RichText>) -> Response {
    let text = text.into();
    let name = text.text().to_owned();
    let response = ui.add(Button::selectable(chosen, text));
    readers::one_of_several(&response, Role::ListBoxOption, chosen);
    ui.data_mut(|data| {
        data.get_temp_mut_or_default::<Vec<(Id, String)>>(Id::unique(ENTRIES)).push((response.id, name));
    });
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

/// How far the arrows lead in what has the keyboard as a whole: left and up are less, right and down more.
pub(super) fn arrows(ui: &Ui, whole: &Response) -> i64 {
    if !whole.has_focus() {
        return 0;
    }
    // Otherwise they would lead to whatever widget is nearest.
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(whole.id, filter));
    let pressed = |key| ui.input(|input| if input.modifiers.is_none() { input.num_presses(key) } else { 0 }) as i64;
    pressed(Key::ArrowRight) + pressed(Key::ArrowDown) - pressed(Key::ArrowLeft) - pressed(Key::ArrowUp)
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

/// What scrolls does so by key, too: what is drawn next in `ui` is one more stop, of that name. Returns how far it is to be scrolled.
pub(super) fn scrolled_by_key(ui: &Ui, name: &str) -> Vec2 {
    const LINE: f32 = 40.0;
    /// Further than anything is long.
    const ALL: f32 = 1e9;
    let place = ui.available_rect_before_wrap();
    let whole = ui.interact(place, Id::unique(("scrolls", name)), Sense::focusable_noninteractive());
    whole.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{name}, arrows scroll")));
    if !whole.has_focus() {
        return Vec2::ZERO;
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(whole.id, filter));
    let page = place.height() - LINE;
    let ways = [
        (Key::ArrowDown, vec2(0.0, -LINE)),
        (Key::ArrowUp, vec2(0.0, LINE)),
        (Key::ArrowRight, vec2(-LINE, 0.0)),
        (Key::ArrowLeft, vec2(LINE, 0.0)),
        (Key::PageDown, vec2(0.0, -page)),
        (Key::PageUp, vec2(0.0, page)),
        (Key::End, vec2(0.0, -ALL)),
        (Key::Home, vec2(0.0, ALL)),
    ];
    let pressed = |key| ui.input(|input| if input.modifiers.is_none() { input.num_presses(key) } else { 0 }) as f32;
    ways.into_iter().fold(Vec2::ZERO, |sum, (key, way)| sum + way * pressed(key))
}

/// Nothing of what is behind a dialog is explained over it. Beside an open popup egui shows no tooltips, so an empty one is opened.
pub(super) fn hush(ui: &Ui) {
    let popup = Popup::new(Id::unique("hush"), ui.ctx().clone(), ui.max_rect().min, ui.layer_id());
    popup.frame(Frame::NONE).show(|_| {});
}

/// When what lies over the window closes, be it a dialog, a menu or a list, what had the keyboard before has it again, for who uses it.
/// Not where keys are `taken` by what was chosen, without the keyboard.
pub(super) fn come_back(context: &Context, covered: bool, taken: bool) {
    /// So many passes after it was drawn last, what lies over the window is gone, and no longer keeps the keyboard to itself.
    const GONE: u8 = 3;
    let before = Id::unique("what had the keyboard");
    let over = covered || Popup::is_any_open(context);
    let known = context.data(|data| data.get_temp::<(Option<Id>, u8)>(before));
    let (had, since) = known.unwrap_or((None, GONE));
    let since = if over { 0 } else { (since + 1).min(GONE + 1) };
    // What lies over it may still be drawn in the pass in which it closes.
    let in_window =
        |id: &Id| context.read_response(*id).is_some_and(|response| response.layer_id.order == Order::Background);
    let focused = context.memory(Memory::focused).filter(in_window);
    let had = had.filter(|_| !taken);
    let comes_back = since == GONE && focused.is_none() && keys_are_used(context);
    if let Some(had) = had.filter(|had| comes_back && in_window(had)) {
        context.memory_mut(|memory| memory.request_focus(had));
    }
    if (1..GONE).contains(&since) {
        context.request_repaint();
    }
    let now = if since <= GONE { focused.or(had) } else { focused };
    context.data_mut(|data| data.insert_temp(before, (now, since)));
}

/// Whether a key was used last, and not the pointer.
pub(super) fn keys_are_used(context: &Context) -> bool {
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
