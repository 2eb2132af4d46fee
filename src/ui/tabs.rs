//! Tabs: a row of names, of which one is chosen.

use eframe::egui::{RichText, Role, Ui, WidgetInfo, accesskit};

use super::{readers, theme};

/// The usual size of what is written on them.
pub(super) const SIZE: f32 = 13.0;

/// Draws one, written in that size. Returns whether it was clicked.
pub(super) fn tab(ui: &mut Ui, title: &str, help: &str, chosen: bool, size: f32) -> bool {
    let palette = theme::palette(ui);
    let text = RichText::new(title).size(size).color(if chosen { palette.text } else { palette.dim });
    let text = if chosen { text.family(theme::strong()) } else { text };
    let response = ui.selectable_label(false, text);
    response.widget_info(|| WidgetInfo::labeled(Role::Tab, true, title));
    readers::one_of_several(&response, accesskit::Role::Tab, chosen);
    if chosen {
        let under = response.rect.left_bottom()..=response.rect.right_bottom();
        ui.painter().hline(under.start().x..=under.end().x, under.end().y + 1.0, (2.0, palette.accent));
    }
    response.on_hover_text(help).clicked()
}
