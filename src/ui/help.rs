//! The sheet of all keys.

use eframe::egui::{Align2, Context, Grid, RichText, Window, vec2};

const KEYS: [(&str, &str); 11] = [
    ("Enter", "run"),
    ("W  S", "zoom in and out at the pointer"),
    ("A  D", "move left and right"),
    ("F", "to the selected item; again: the whole run"),
    ("click", "look at an item"),
    (",  .", "the item before and after it on its lane"),
    ("L", "lessons"),
    ("Ctrl + wheel", "zoom at the pointer"),
    ("wheel", "scroll through the lanes"),
    ("drag", "move through time"),
    ("?  Esc", "show and close this sheet; look at no item"),
];

/// Draws the sheet while `open`.
pub(super) fn show(context: &Context, open: &mut bool) {
    let window = Window::new("Keys").open(open).resizable(false).collapsible(false);
    window.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(context, |ui| {
        Grid::new("keys").num_columns(2).spacing([24.0, 8.0]).show(ui, |ui| {
            for (key, what) in KEYS {
                ui.label(RichText::new(key).monospace());
                ui.label(what);
                ui.end_row();
            }
        });
    });
}
