//! The sheet of all keys, and the line of those that are used most.

use std::sync::LazyLock;

use eframe::egui::{
    Align, Align2, Context, Id, Label, Layout, RichText, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, Window,
    pos2, vec2,
};

use super::action::Action;
use super::chart::Move;
use super::{commands, focus, readers, theme};

/// What is done with the mouse.
const MOUSE: [(&str, &str); 9] = [
    ("click", "Look at an item, or an entry of a queue"),
    ("right click", "What can be done to an item, or a run"),
    ("drag", "Move through time"),
    ("wheel", "Scroll through the lanes"),
    ("Ctrl+wheel", "Zoom at the pointer"),
    ("double click", "The whole run"),
    ("ruler: click", "Look at this moment of the run"),
    ("ruler: drag", "Zoom to a stretch of time"),
    ("overview: drag", "Choose what is in sight"),
];

/// What is done most, in a word, for the line at the foot of the window.
const HINTS: [(&[Action], &str); 8] = [
    (&[Action::Move(Move::ZoomIn), Action::Move(Move::ZoomOut)], "zoom"),
    (&[Action::Move(Move::Left), Action::Move(Move::Right)], "pan"),
    (&[Action::Move(Move::FitSelection)], "fit"),
    (&[Action::Move(Move::Previous), Action::Move(Move::Next)], "items"),
    (&[Action::PauseView], "pause or replay"),
    (&[Action::StepEvents(-1), Action::StepEvents(1)], "event by event"),
    (&[Action::Search], "search"),
    (&[Action::ToggleHelp], "all keys"),
];

/// That line, with the keys.
static HINT_LINE: LazyLock<String> = LazyLock::new(|| {
    let hint = |(actions, word): &(&[Action], &str)| {
        let keys: Vec<_> = actions.iter().map(commands::key_of).collect();
        format!("{} {word}", keys.join(" "))
    };
    HINTS.iter().map(hint).collect::<Vec<_>>().join(" · ")
});

/// Draws it.
pub(super) fn hints(ui: &mut Ui) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let text = RichText::new(HINT_LINE.as_str()).size(11.0).color(theme::palette(ui).dim);
        ui.add(Label::new(text).truncate());
    });
}

/// The keys of all topics take as much, so that what they do stands in one line.
const KEYS: f32 = 104.0;

/// What two columns of them take.
const TWO_COLUMNS: f32 = 840.0;

/// For its frame and title, and a little of what is behind it.
const AROUND: f32 = 90.0;

/// Draws the sheet while `open`.
pub(super) fn show(context: &Context, open: &mut bool) {
    let is_wide = context.content_rect().width() >= TWO_COLUMNS;
    // It would stay as wide as it was.
    let id = Id::unique(("keys", is_wide));
    let window = Window::new("Keys").id(id).open(open).resizable(false).collapsible(false);
    let shown = window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(context, |ui| {
        readers::dialog(ui, "Keys");
        let commands = commands::all();
        let with_keys = commands.iter().filter_map(|command| Some((command.topic, command.key?.text(), command.name)));
        let rows: Vec<_> = with_keys.chain(MOUSE.map(|(how, what)| ("Mouse", how, what))).collect();
        let topics: Vec<_> = rows.chunk_by(|one, next| one.0 == next.0).collect();
        // Two columns of about the same height, where there is room for both.
        let half = if is_wide { rows.len() / 2 } else { rows.len() };
        // Where the window is low, what does not fit scrolls.
        let room = context.content_rect().height() - AROUND;
        let sheet = Id::unique("sheet of keys");
        let scrolls = ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                let mut before = 0;
                let (left, right): (Vec<_>, Vec<_>) = topics.into_iter().partition(|topic| {
                    before += topic.len();
                    before <= half + 2
                });
                column(ui, &left);
                if is_wide {
                    ui.add_space(28.0);
                    column(ui, &right);
                }
                ui.add_space(8.0);
            });
            let steps = ui.read_response(sheet).map_or(0, |whole| focus::arrows(ui, &whole));
            ui.scroll_with_delta(vec2(0.0, steps as f32 * -40.0));
        });
        // The sheet has the keyboard, so that it is read, and scrolls by it.
        let (place, height) = (scrolls.inner_rect, scrolls.content_size.y);
        let place = place.with_max_y(place.bottom().min(place.top() + height));
        let whole = ui.interact(place, sheet, Sense::focusable_noninteractive());
        whole.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} keys and what they do", rows.len())));
        if ui.memory(|memory| memory.focused().is_none()) {
            whole.request_focus();
        }
    });
    focus::keep_within(context, shown.map(|shown| shown.response));
}

fn column(ui: &mut Ui, topics: &[&[(&str, &str, &str)]]) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for topic in topics {
            theme::heading(ui, &topic[0].0.to_uppercase());
            for (_, key, what) in *topic {
                line(ui, key, what);
            }
            ui.add_space(8.0);
        }
    });
}

/// A key and what it does; one thing for readers of the screen.
fn line(ui: &mut Ui, key: &str, what: &str) {
    const HEIGHT: f32 = 19.0;
    let color = ui.visuals().text_color();
    let text = |text: &str, font| ui.painter().layout_no_wrap(text.to_owned(), font, color);
    let (key_text, what_text) =
        (text(key, TextStyle::Monospace.resolve(ui.style())), text(what, TextStyle::Body.resolve(ui.style())));
    let left = KEYS.max(key_text.size().x) + 16.0;
    let (rect, response) = ui.allocate_exact_size(vec2(left + what_text.size().x, HEIGHT), Sense::hover());
    let top = |size: f32| rect.center().y - size / 2.0;
    let (key_at, what_at) =
        (pos2(rect.left(), top(key_text.size().y)), pos2(rect.left() + left, top(what_text.size().y)));
    ui.painter().galley(key_at, key_text, color);
    ui.painter().galley(what_at, what_text, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{key}: {what}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hint_has_its_key() {
        assert!(HINT_LINE.starts_with("W S zoom · A D pan · "), "{}", *HINT_LINE);
        assert!(HINTS.iter().flat_map(|(actions, _)| *actions).all(|action| !commands::key_of(action).is_empty()));
    }
}
