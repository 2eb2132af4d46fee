//! What fields are made of: a label, something to type or choose, and what is wrong with it.

use eframe::egui::{
    Align, ComboBox, Id, Key, Label, Layout, Margin, Response, RichText, Role, Slider, Stroke, StrokeKind, TextEdit,
    Ui, vec2,
};

use crate::ui::{focus, readers, theme};
use crate::units::{grouped, parse_whole};
use crate::workload::FieldError;

/// Labels take this much of a row; the rest is the field's.
pub(super) const LABEL_WIDTH: f32 = 78.0;

/// A label and, right of it, its field.
pub(super) fn row<R>(ui: &mut Ui, label: &str, help: &str, field: impl FnOnce(&mut Ui) -> R) -> R {
    let dim = theme::palette(ui).dim;
    ui.horizontal(|ui| {
        let size = vec2(LABEL_WIDTH, ui.spacing().interact_size.y);
        let text = Label::new(RichText::new(label).color(dim)).truncate();
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL_WIDTH);
            ui.add(text).on_hover_text(help);
        });
        field(ui)
    })
    .inner
}

pub(super) fn text_field(ui: &mut Ui, name: &str, text: &mut String, width: f32, hint: &'static str) -> Response {
    // An id of its own: a message that comes or goes above must not take the keyboard away.
    let field = TextEdit::singleline(text)
        .id(Id::unique(("field", name)))
        .desired_width(width)
        .hint_text(hint)
        .margin(Margin::symmetric(6, 4));
    let response = ui.add(field);
    readers::name_field(&response, Role::TextInput, name, text);
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        ui.data_mut(|data| data.insert_temp(Id::unique(ENTERED), Some(response.id)));
    }
    response
}

const ENTERED: &str = "a field was left with Enter";

/// Whether Enter was pressed in one of the fields since this was asked last. It has the keyboard again.
pub(super) fn was_entered(ui: &Ui) -> bool {
    let field = ui.data_mut(|data| data.remove_temp::<Option<Id>>(Id::unique(ENTERED))).flatten();
    ui.memory_mut(|memory| field.inspect(|field| memory.request_focus(*field)));
    field.is_some()
}

/// A field, and right of it its unit.
pub(super) fn with_unit<R>(ui: &mut Ui, unit: &str, field: impl FnOnce(&mut Ui) -> R) -> R {
    // From the right, so that the field takes what the rest leaves.
    let layout = Layout::right_to_left(Align::Center);
    let add = |ui: &mut Ui| {
        if !unit.is_empty() {
            let dim = theme::palette(ui).dim;
            ui.label(RichText::new(unit).size(11.0).color(dim));
        }
        field(ui)
    };
    ui.with_layout(layout, add).inner
}

/// A slider for the usual range, and a field that takes any number. Returns whether the user has come to a number: let go of the
/// slider, pressed a key on it, or left the field.
pub(super) fn number(ui: &mut Ui, name: &str, help: &str, text: &mut String, slider_limit: usize) -> bool {
    let field_width = 62.0;
    ui.spacing_mut().slider_width = (ui.available_width() - field_width - 8.0).max(40.0);
    let mut value = parse_whole(text).map_or(1, |value| value as usize).clamp(1, slider_limit);
    let slider = Slider::new(&mut value, 1..=slider_limit).show_value(false).logarithmic(slider_limit > 32);
    let slider = ui.add(slider).on_hover_text(help);
    readers::name_field(&slider, Role::Slider, name, &value.to_string());
    if slider.changed() {
        *text = value.to_string();
    }
    let field = text_field(ui, name, text, field_width, "").on_hover_text(help);
    if !field.has_focus()
        && let Some(number) = parse_whole(text)
    {
        *text = grouped(number);
    }
    // Who only passes through a field comes to nothing.
    let before = field.id.with("before");
    if field.gained_focus() {
        ui.data_mut(|data| data.insert_temp(before, text.clone()));
    }
    let typed =
        field.lost_focus() && ui.data(|data| data.get_temp::<String>(before)).is_none_or(|before| before != *text);
    if typed {
        // Who stays in the field goes on from here.
        ui.data_mut(|data| data.insert_temp(before, text.clone()));
    }
    slider.drag_stopped() || slider.changed() && !slider.dragged() || typed
}

pub(super) fn words_to_choose(ui: &mut Ui, name: &str, text: &mut String, words: &[&str]) {
    let combo = ComboBox::from_id_salt(name).width(ui.available_width()).selected_text(text.as_str());
    let response = focus::list(ui, combo, |ui| {
        let chosen = words.iter().filter(|word| focus::choice(ui, text == **word, **word).clicked()).last();
        chosen.map(|word| (*word).clone_into(text)).is_some()
    });
    readers::name_field(&response, Role::ComboBox, name, text);
}

pub(super) fn choose<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    help: &str,
    value: &mut T,
    choices: &[(T, &str, &str)],
) {
    let now = choices.iter().find(|choice| choice.0 == *value).map_or("", |choice| choice.1);
    let combo = ComboBox::from_id_salt(name).width(ui.available_width()).selected_text(now);
    let response = focus::list(ui, combo, |ui| {
        let is_chosen = |(choice, text, help): &&(T, &str, &str)| {
            focus::choice(ui, *value == *choice, *text).on_hover_text(*help).clicked()
        };
        let chosen = choices.iter().filter(is_chosen).last().map(|choice| choice.0);
        *value = chosen.unwrap_or(*value);
        chosen.is_some()
    });
    readers::name_field(&response.on_hover_text(help), Role::ComboBox, name, now);
}

pub(super) fn note(ui: &mut Ui, text: &str) {
    let dim = theme::palette(ui).dim;
    ui.horizontal(|ui| {
        ui.add_space(LABEL_WIDTH + 8.0);
        ui.add(Label::new(RichText::new(text).size(11.0).color(dim)).wrap());
    });
}

/// The message under a field that is wrong.
pub(super) fn complain(ui: &mut Ui, errors: &[FieldError], field: &str) {
    for error in errors.iter().filter(|error| error.field == field) {
        let color = theme::palette(ui).error;
        readers::live(&ui.label(RichText::new(error.to_string()).size(11.5).color(color)));
        let id = Id::unique(("field", field));
        if let Some(response) = ui.ctx().read_response(id).filter(|response| response.layer_id == ui.layer_id()) {
            readers::complain(ui.ctx(), id, &error.to_string());
            ui.painter().rect_stroke(response.rect, 4.0, Stroke::new(1.0, color), StrokeKind::Outside);
        }
    }
}
