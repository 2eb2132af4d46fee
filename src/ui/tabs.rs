//! A row of tabs, of which one is chosen. It is one stop of the Tab key, in which the arrows go from one to the next.

use eframe::egui::{Button, Response, RichText, Role, Sense, Ui, WidgetInfo, accesskit};

use super::{focus, readers, theme};

/// The usual size of what is written on them.
pub(super) const SIZE: f32 = 13.0;

/// Draws them, each with its title and what it is about, written in that size. The chosen one may be the one that now `takes_keyboard`.
/// Returns the one that was turned to.
pub(super) fn row(ui: &mut Ui, tabs: &[(&str, &str)], chosen: usize, size: f32, takes_keyboard: bool) -> Option<usize> {
    let mut turned_to = None;
    let responses: Vec<_> = tabs
        .iter()
        .enumerate()
        .map(|(index, (title, help))| {
            let response = tab(ui, title, help, index == chosen, size);
            turned_to = turned_to.or(response.clicked().then_some(index));
            response
        })
        .collect();
    if let Some(response) = responses.get(chosen).filter(|_| takes_keyboard) {
        response.request_focus();
    }
    let steps = responses.get(chosen).map_or(0, |chosen| focus::arrows(ui, chosen));
    if steps != 0 {
        let to = chosen.saturating_add_signed(steps as isize).min(tabs.len() - 1);
        responses[to].request_focus();
        turned_to = Some(to);
    }
    turned_to.filter(|to| *to != chosen)
}

fn tab(ui: &mut Ui, title: &str, help: &str, chosen: bool, size: f32) -> Response {
    let palette = theme::palette(ui);
    let text = RichText::new(title).size(size).color(if chosen { palette.text } else { palette.dim });
    let text = if chosen { text.family(theme::strong()) } else { text };
    let sense = if chosen { Sense::click() } else { Sense::CLICK };
    let response = ui.add(Button::selectable(false, text).sense(sense));
    response.widget_info(|| WidgetInfo::labeled(Role::Tab, true, title));
    readers::one_of_several(&response, accesskit::Role::Tab, chosen);
    if chosen {
        let under = response.rect.left_bottom()..=response.rect.right_bottom();
        ui.painter().hline(under.start().x..=under.end().x, under.end().y + 1.0, (2.0, palette.accent));
    }
    response.on_hover_text(help)
}
