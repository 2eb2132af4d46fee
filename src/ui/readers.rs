//! What readers of the screen are told beyond what widgets tell by themselves. Checked with an AT-SPI client (Linux).

use eframe::egui::{self, Context, Id, Response, Role, WidgetInfo};

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
