//! What the other mouse button opens over the lanes: what can be done to the item there, and to the moment. All of it has keys.

use eframe::egui::{Button, Response, RichText, Role, Ui, WidgetInfo};

use super::Move;
use super::item::{Item, Selected};
use crate::ui::action::Action;
use crate::ui::{commands, focus, format, readers, theme};

/// Draws it while it is open, for what is `selected`, and the `time` at which the button was pressed.
pub(super) fn show(response: &Response, selected: Option<Selected<'_>>, time: i64, actions: &mut Vec<Action>) {
    response.context_menu(|ui| {
        let mut ask = |action| actions.push(action);
        if let Some(item) = selected.and_then(Selected::begun) {
            heading(ui, &item.title());
            of_item(ui, &item, &mut ask);
            ui.separator();
        }
        heading(ui, &format::exact(time));
        entry(ui, "Look at this moment", true, Action::LookAt(Some(time)), &mut ask);
        entry(ui, "Select an area", true, Action::Move(Move::SelectArea), &mut ask);
        entry(ui, "The whole run", true, Action::Move(Move::Fit), &mut ask);
    });
}

fn of_item(ui: &mut Ui, item: &Item<'_>, ask: &mut impl FnMut(Action)) {
    let executes = item.ended.is_none() && item.run.moment.is_none() && item.is_the_runs_own();
    for (name, enabled, action) in [
        ("Zoom to it", true, Action::ShowTimes(item.start, item.until())),
        ("To what it waited for", item.cause().is_some(), Action::Move(Move::Cause)),
        ("To what waited for it", item.effect().is_some(), Action::Move(Move::Effect)),
        ("Interrupt it", executes, Action::StopSelected),
    ] {
        entry(ui, name, enabled, action, ask);
    }
    if let Some(file) = item.file() {
        entry(ui, "Show in folder", true, Action::ShowInFolder(file), ask);
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(11.5).color(theme::palette(ui).dim));
}

fn entry(ui: &mut Ui, name: &str, enabled: bool, action: Action, ask: &mut impl FnMut(Action)) {
    let key = commands::key_of(&action);
    let button = Button::new(name).shortcut_text(RichText::new(key).monospace().size(11.0));
    let response = focus::menu_entry(ui, enabled, button);
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, enabled, name));
    readers::name_key(&response, key);
    if response.clicked() {
        ask(action);
        ui.close();
    }
}
