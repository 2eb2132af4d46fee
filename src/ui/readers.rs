//! What readers of the screen are told beyond what widgets tell by themselves. Checked with an AT-SPI client (Linux).

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::time::{Duration, Instant};

use eframe::egui::accesskit::{ActionData, Invalid, Live};
use eframe::egui::{self, Context, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use super::format;

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
        describe(response, value);
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
pub(super) fn name_edge(context: &Context, edge: Id, name: &str) {
    let _ = context.accesskit_node_builder(edge, |node| {
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
    /// What is being said, and since when.
    text: String,
    since: Option<Instant>,
}

/// Nobody is still saying it then.
const SAID: Duration = Duration::from_secs(5);

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
            let text = new.join(". ");
            // What is the same as before would be no news to them.
            self.text = if self.text == text { format!("{text} ") } else { text };
            self.since = Some(Instant::now());
        } else if self.since.is_none_or(|since| since.elapsed() > SAID) {
            self.text.clear();
        }
        let place = Rect::from_min_size(ui.max_rect().min, vec2(1.0, 1.0));
        let response = ui.interact(place, Id::unique("announcement"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &self.text));
        // That nothing is said any more is not to be said.
        if !self.text.is_empty() {
            live(&response);
        }
    }
}

/// Whether somebody reads the screen, so that it is worth while to find words.
pub(super) fn are_there(context: &Context) -> bool {
    context.accesskit_node_builder(egui::accesskit_root_id(), |_| ()).is_some()
}

/// What changes all the time, for who stands on it: so seldom that it can be listened to. Of something else, as of `what` it tells now, it
/// is told at once.
pub(super) fn calm(response: &Response, what: impl Hash, text: String) -> String {
    const SELDOM: Duration = Duration::from_secs(5);
    if !response.has_focus() {
        return text;
    }
    let id = response.id.with("as it was told");
    let what = BuildHasherDefault::<DefaultHasher>::default().hash_one(what);
    let told = response.ctx.data(|data| data.get_temp::<(u64, String, Instant)>(id));
    match told {
        Some((of, told, at)) if of == what && at.elapsed() < SELDOM => {
            if told != text {
                response.ctx.request_repaint_after(SELDOM.saturating_sub(at.elapsed()));
            }
            told
        }
        _ => {
            response.ctx.data_mut(|data| data.insert_temp(id, (what, text.clone(), Instant::now())));
            text
        }
    }
}

/// What is wrong with what a field holds.
pub(super) fn complain(context: &Context, field: Id, error: &str) {
    let _ = context.accesskit_node_builder(field, |node| {
        node.set_invalid(Invalid::True);
        node.set_description(error);
    });
}

/// What is to be known of it beyond its name.
pub(super) fn describe(response: &Response, text: &str) {
    let _ = response.ctx.accesskit_node_builder(response.id, |node| node.set_description(text));
}

/// One of several, of which one is chosen: in a list, or a tab.
pub(super) fn one_of_several(response: &Response, role: egui::accesskit::Role, chosen: bool) {
    let _ = response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_role(role);
        // AT-SPI tells of radio buttons whether they are checked, and of all others whether they are selected.
        if role == egui::accesskit::Role::RadioButton {
            node.set_toggled(chosen.into());
        } else {
            node.clear_toggled();
            node.set_selected(chosen);
        }
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
        node.set_modal();
    });
}

/// The key that does the same.
pub(super) fn name_key(response: &Response, key: &str) {
    if !key.is_empty() {
        let _ = response.ctx.accesskit_node_builder(response.id, |node| node.set_keyboard_shortcut(key));
    }
}

/// Where a slider over the times of a run is, which ends at `end`; in seconds, so seldom that it can be listened to.
pub(super) fn name_time(response: &Response, time: i64, end: i64) {
    const SELDOM: Duration = Duration::from_secs(1);
    let context = &response.ctx;
    let id = response.id.with("time that was told");
    let told = context.data(|data| data.get_temp::<(i64, Instant)>(id));
    let told = told.filter(|(_, at)| at.elapsed() < SELDOM).map(|(told, _)| told);
    match told {
        Some(told) if told != time => context.request_repaint_after(SELDOM),
        Some(_) => {}
        None => {
            context.data_mut(|data| data.insert_temp(id, (time, Instant::now())));
        }
    }
    let time = told.unwrap_or(time);
    let _ = context.accesskit_node_builder(response.id, |node| {
        node.set_numeric_value(time as f64 / 1e9);
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(end as f64 / 1e9);
        node.set_value(format::duration(time));
        node.add_action(egui::accesskit::Action::SetValue);
    });
}

/// The time that a reader of the screen moves such a slider to.
pub(super) fn asked_for_time(response: &Response) -> Option<i64> {
    response.ctx.input(|input| {
        let mut asked = input.accesskit_action_requests(response.id, egui::accesskit::Action::SetValue);
        asked.find_map(|request| match request.data {
            Some(ActionData::NumericValue(seconds)) => Some((seconds * 1e9) as i64),
            _ => None,
        })
    })
}
