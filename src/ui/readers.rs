//! What readers of the screen are told beyond what widgets tell by themselves. Checked with an AT-SPI client (Linux).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::{Invalid, Live};
use eframe::egui::{self, Context, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

/// Gives the window itself a name.
pub(super) fn name_window(context: &Context, name: &str) {
    let _ = context.accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_label(name));
}

/// What a field is called, and what it holds.
pub(super) fn name_field(response: &Response, role: Role, name: &str, value: &str) {
    let enabled = response.enabled();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(role, enabled, name);
        info.current_text_value = Some(value.to_owned());
        info
    });
    if role == Role::ComboBox {
        // AT-SPI has no text value for one, and what is chosen is what matters.
        let _ = response.ctx.accesskit_node_builder(response.id, |node| node.set_description(value));
    }
}

/// The edge of a column that can be dragged is a widget without a name of its own.
pub(super) fn name_column_edge(context: &Context, table: Id, column: usize, name: &str) {
    let edge = table.with("resize_column").with(column);
    let _ = context.accesskit_node_builder(edge, |node| {
        node.set_role(egui::accesskit::Role::Splitter);
        node.set_label(format!("width of the column {name}"));
    });
}

/// So is the edge of a panel, which egui calls by what it does.
pub(super) fn name_edge(context: &Context, panel: Id, name: &str) {
    let _ = context.accesskit_node_builder(panel.with("__resize"), |node| {
        node.set_label(format!("size of the panel {name}"));
    });
}

/// What stands there is said when it changes, wherever the keyboard is.
pub(super) fn live(response: &Response) {
    let _ = response.ctx.accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
}

/// Says what changes and stands nowhere in words. It lasts as long as the window.
#[derive(Default)]
pub(super) struct Announcer {
    /// What was said last, by what it is about.
    said: HashMap<&'static str, String>,
    /// What is being said.
    text: String,
}

impl Announcer {
    /// Says those of `news` that are new. An empty text says nothing, also when it comes instead of another.
    pub(super) fn show(&mut self, ui: &Ui, news: impl IntoIterator<Item = (&'static str, String)>) {
        let mut new = Vec::new();
        for (about, text) in news {
            if self.said.get(about).map_or("", String::as_str) != text {
                new.extend(Some(text.clone()).filter(|text| !text.is_empty()));
                self.said.insert(about, text);
            }
        }
        if !new.is_empty() {
            self.text = new.join(". ");
        }
        let place = Rect::from_min_size(ui.max_rect().min, vec2(1.0, 1.0));
        let response = ui.interact(place, Id::unique("announcement"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &self.text));
        live(&response);
    }
}

/// Whether somebody reads the screen, so that it is worth while to find words.
pub(super) fn are_there(context: &Context) -> bool {
    context.accesskit_node_builder(egui::accesskit_root_id(), |_| ()).is_some()
}

/// What changes all the time, for who stands on it: so seldom that it can be listened to.
pub(super) fn calm(response: &Response, text: String) -> String {
    const SELDOM: Duration = Duration::from_secs(5);
    if !response.has_focus() {
        return text;
    }
    let id = response.id.with("as it was told");
    response.ctx.data_mut(|data| match data.get_temp::<(String, Instant)>(id) {
        Some((told, at)) if at.elapsed() < SELDOM => told,
        _ => {
            data.insert_temp(id, (text.clone(), Instant::now()));
            text
        }
    })
}

/// What is wrong with what a field holds.
pub(super) fn complain(context: &Context, field: Id, error: &str) {
    let _ = context.accesskit_node_builder(field, |node| {
        node.set_invalid(Invalid::True);
        node.set_description(error);
    });
}

/// One of several, of which one is chosen: in a list, or a tab.
pub(super) fn one_of_several(response: &Response, role: egui::accesskit::Role, chosen: bool) {
    let _ = response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_role(role);
        node.clear_toggled();
        node.set_selected(chosen);
    });
}

/// Something that is folded away, or not.
pub(super) fn foldable(response: &Response, open: bool) {
    let _ = response.ctx.accesskit_node_builder(response.id, |node| {
        node.clear_toggled();
        node.set_expanded(open);
    });
}

/// What lies over the window until it is closed.
pub(super) fn dialog(ui: &Ui, name: &str) {
    let _ = ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(egui::accesskit::Role::Dialog);
        node.set_label(name);
    });
}

/// The key that does the same.
pub(super) fn name_key(response: &Response, key: &str) {
    if !key.is_empty() {
        let _ = response.ctx.accesskit_node_builder(response.id, |node| node.set_keyboard_shortcut(key));
    }
}
