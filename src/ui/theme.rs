//! Colours, fonts and spacing, for dark and light: the only place where a colour is written down.

use std::sync::Arc;

use eframe::egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, RichText, Stroke, Style, TextStyle,
    Theme, Ui, Visuals, vec2,
};

use crate::trace::EndStage;

/// The colours of one theme.
pub(super) struct Palette {
    pub(super) background: Color32,
    pub(super) panel: Color32,
    pub(super) raised: Color32,
    pub(super) line: Color32,
    pub(super) text: Color32,
    pub(super) dim: Color32,
    pub(super) accent: Color32,
    /// Written on the accent.
    pub(super) on_accent: Color32,
    /// The main button, and what is written on it.
    pub(super) button: Color32,
    pub(super) on_button: Color32,
    pub(super) computing: Color32,
    /// Waiting for the GIL, a lock, a future or a core; hatched.
    pub(super) waiting: Color32,
    /// Waiting for the outside world.
    pub(super) blocking: Color32,
    /// An item that still grows.
    pub(super) growing: Color32,
    /// Written on a bar.
    pub(super) on_bar: Color32,
    pub(super) call_queue: Color32,
    pub(super) pending: Color32,
    pub(super) result_queue: Color32,
    pub(super) error: Color32,
    pub(super) cores: [Color32; 4],
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK: Palette = Palette {
    background: rgb(0x14_171c),
    panel: rgb(0x1b_1f26),
    raised: rgb(0x24_2a33),
    line: rgb(0x2c_333d),
    text: rgb(0xe6_e9ee),
    dim: rgb(0x9a_a4b2),
    accent: rgb(0x4c_9dff),
    on_accent: rgb(0x06_1220),
    button: rgb(0x1f_6feb),
    on_button: rgb(0xff_ffff),
    computing: rgb(0x2f_a58b),
    waiting: rgb(0xe0_a13c),
    blocking: rgb(0x5a_a9e6),
    growing: rgb(0x27_8571),
    on_bar: rgb(0x06_1512),
    call_queue: rgb(0xc9_b458),
    pending: rgb(0x6d_7887),
    result_queue: rgb(0xa7_8bdb),
    error: rgb(0xf0_655d),
    cores: [rgb(0x4c_9dff), rgb(0x8f_c1ff), rgb(0xe0_a13c), rgb(0xa7_8bdb)],
};

const LIGHT: Palette = Palette {
    background: rgb(0xf6_f7f9),
    panel: rgb(0xff_ffff),
    raised: rgb(0xee_f0f4),
    line: rgb(0xd5_dae1),
    text: rgb(0x1c_2128),
    dim: rgb(0x5a_6473),
    accent: rgb(0x1f_6feb),
    on_accent: rgb(0xff_ffff),
    button: rgb(0x1f_6feb),
    on_button: rgb(0xff_ffff),
    computing: rgb(0x1b_8f76),
    waiting: rgb(0xc9_8518),
    blocking: rgb(0x3b_8fd6),
    growing: rgb(0x55_b09c),
    on_bar: rgb(0xff_ffff),
    call_queue: rgb(0xb3_9a2e),
    pending: rgb(0xa9_b2be),
    result_queue: rgb(0x85_66c4),
    error: rgb(0xc9_372c),
    cores: [rgb(0x1f_6feb), rgb(0x6a_a3f5), rgb(0xc9_8518), rgb(0x85_66c4)],
};

/// The colours of the theme that `ui` is drawn in.
pub(super) fn palette(ui: &Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

impl Palette {
    /// The colour of a run in the list; there are some, which are used again.
    pub(super) const fn of_run(&self, number: usize) -> Color32 {
        match number % 5 {
            0 => self.accent,
            1 => self.result_queue,
            2 => self.waiting,
            3 => self.computing,
            _ => self.call_queue,
        }
    }

    /// The colour of an item that ended so.
    pub(super) const fn ended(&self, end_stage: EndStage) -> Color32 {
        match end_stage {
            EndStage::Returned => self.computing,
            EndStage::Raised | EndStage::Lost => self.error,
        }
    }
}

/// A colour for tests, that hides what is below it.
#[cfg(test)]
pub(super) const fn opaque() -> Color32 {
    rgb(0xff_ffff)
}

/// Semi-bold text.
pub(super) fn strong() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// Small text, as in captions of figures.
pub(super) fn small() -> FontId {
    FontId::proportional(11.0)
}

/// The name of a section.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    let dim = palette(ui).dim;
    ui.label(RichText::new(text).size(11.0).family(strong()).color(dim));
}

/// Gives `context` our fonts and both themes.
pub(super) fn install(context: &Context) {
    context.set_fonts(fonts());
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        context.style_mut_of(theme, |style| apply(style, theme, palette));
    }
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let ours: [(&str, &'static [u8]); 3] = [
        ("Inter", include_bytes!("../../assets/fonts/Inter-Regular.ttf")),
        ("Inter SemiBold", include_bytes!("../../assets/fonts/Inter-SemiBold.ttf")),
        ("JetBrains Mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")),
    ];
    for (name, bytes) in ours {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let first = |fonts: &mut FontDefinitions, family: FontFamily, names: [&str; 2]| {
        let list = fonts.families.entry(family).or_default();
        for name in names.into_iter().rev() {
            list.insert(0, name.to_owned());
        }
    };
    first(&mut fonts, FontFamily::Proportional, ["Inter", "JetBrains Mono"]);
    first(&mut fonts, FontFamily::Monospace, ["JetBrains Mono", "Inter"]);
    let fallbacks = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    fonts.families.insert(strong(), fallbacks);
    first(&mut fonts, strong(), ["Inter SemiBold", "JetBrains Mono"]);
    fonts
}

fn apply(style: &mut Style, theme: Theme, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, FontId::proportional(11.0)),
        (TextStyle::Body, FontId::proportional(13.0)),
        (TextStyle::Button, FontId::proportional(13.0)),
        (TextStyle::Heading, FontId::new(16.0, strong())),
        (TextStyle::Monospace, FontId::monospace(12.0)),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(10.0, 5.0);
    style.spacing.interact_size = vec2(32.0, 26.0);
    style.spacing.combo_width = 60.0;
    style.interaction.selectable_labels = false;

    let mut visuals = if theme == Theme::Dark { Visuals::dark() } else { Visuals::light() };
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.extreme_bg_color = palette.background;
    visuals.faint_bg_color = palette.raised;
    visuals.hyperlink_color = palette.accent;
    visuals.error_fg_color = palette.error;
    visuals.weak_text_color = Some(palette.dim);
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.25);
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
    visuals.slider_trailing_fill = true;
    let widgets = &mut visuals.widgets;
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(5);
        widget.fg_stroke = Stroke::new(1.0, palette.text);
        widget.bg_fill = palette.raised;
        widget.weak_bg_fill = palette.raised;
        widget.bg_stroke = Stroke::new(1.0, palette.line);
    }
    widgets.noninteractive.bg_fill = palette.panel;
    widgets.hovered.bg_stroke = Stroke::new(1.0, palette.dim);
    widgets.active.bg_stroke = Stroke::new(1.5, palette.accent);
    widgets.inactive.fg_stroke = Stroke::new(1.5, palette.text);
    style.visuals = visuals;
}
