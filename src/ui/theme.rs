//! Colours, fonts and spacing, for dark and light: the only place where a colour is written down.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Galley, Label, Response, RichText,
    Sense, Stroke, Style, TextStyle, Theme, Ui, Visuals, style::ScrollStyle, vec2,
};

use crate::trace::{EndStage, IdleCause};

/// How many runs have a colour of their own.
pub(super) const RUN_COLORS: usize = 8;

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
    /// What tells runs from each other, beside their names.
    pub(super) runs: [Color32; RUN_COLORS],
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
    blocking: rgb(0x8c_c6f7),
    growing: rgb(0x27_8571),
    on_bar: rgb(0x06_1512),
    call_queue: rgb(0xc9_b458),
    pending: rgb(0x6d_7887),
    result_queue: rgb(0xa7_8bdb),
    error: rgb(0xf0_655d),
    cores: [rgb(0x4c_9dff), rgb(0x8f_c1ff), rgb(0xe0_a13c), rgb(0xa7_8bdb)],
    runs: [
        rgb(0x4c_9dff),
        rgb(0xa7_8bdb),
        rgb(0xe0_a13c),
        rgb(0x2f_a58b),
        rgb(0xe5_7fb4),
        rgb(0xa3_c34f),
        rgb(0x5c_c8d8),
        rgb(0xd9_774a),
    ],
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
    blocking: rgb(0x1f_56a6),
    growing: rgb(0x55_b09c),
    on_bar: rgb(0xff_ffff),
    call_queue: rgb(0xb3_9a2e),
    pending: rgb(0xa9_b2be),
    result_queue: rgb(0x85_66c4),
    error: rgb(0xc9_372c),
    cores: [rgb(0x1f_6feb), rgb(0x6a_a3f5), rgb(0xc9_8518), rgb(0x85_66c4)],
    runs: [
        rgb(0x1f_6feb),
        rgb(0x85_66c4),
        rgb(0xc9_8518),
        rgb(0x1b_8f76),
        rgb(0xb8_437f),
        rgb(0x6b_8a1a),
        rgb(0x14_859a),
        rgb(0xa8_501f),
    ],
};

/// Black and white where the others are grey, and lines that are seen.
const DARK_CONTRAST: Palette = Palette {
    background: rgb(0x00_0000),
    panel: rgb(0x05_0607),
    raised: rgb(0x1d_2127),
    line: rgb(0x8a_94a3),
    text: rgb(0xff_ffff),
    dim: rgb(0xd6_dce5),
    accent: rgb(0x7d_b8ff),
    on_accent: rgb(0x00_0000),
    growing: rgb(0x2c_9c83),
    computing: rgb(0x35_b89b),
    waiting: rgb(0xff_b84d),
    blocking: rgb(0xb0_dbff),
    on_bar: rgb(0x00_0000),
    error: rgb(0xff_7a72),
    ..DARK
};

const LIGHT_CONTRAST: Palette = Palette {
    background: rgb(0xff_ffff),
    panel: rgb(0xfe_fefe),
    raised: rgb(0xe6_eaf0),
    line: rgb(0x5a_6473),
    text: rgb(0x00_0000),
    dim: rgb(0x2c_333d),
    accent: rgb(0x0b_4fc0),
    computing: rgb(0x0d_7d65),
    growing: rgb(0x2f_8f7c),
    waiting: rgb(0xa8_6c00),
    blocking: rgb(0x0a_3a80),
    error: rgb(0x96_0f0c),
    ..LIGHT
};

const ALL: [&Palette; 4] = [&DARK, &LIGHT, &DARK_CONTRAST, &LIGHT_CONTRAST];

/// The colours that `ui` is drawn in: those whose panels its style has.
pub(super) fn palette(ui: &Ui) -> &'static Palette {
    palette_of(ui.style())
}

/// The colours of that style.
pub(super) fn palette_of(style: &Style) -> &'static Palette {
    let panel = style.visuals.panel_fill;
    ALL.into_iter().find(|palette| palette.panel == panel).unwrap_or(&DARK)
}

impl Palette {
    /// The tint of a lane that was idle for that reason.
    pub(super) fn idle(&self, cause: IdleCause) -> Color32 {
        match cause {
            IdleCause::NoWork => self.pending.gamma_multiply(0.26),
            IdleCause::Tail => self.pending.gamma_multiply(0.6),
            // There is nothing to be seen in it.
            IdleCause::Over => Color32::TRANSPARENT,
        }
    }

    /// The tint of a worker that is starting up.
    pub(super) fn starting(&self) -> Color32 {
        self.accent.gamma_multiply(0.24)
    }

    /// The colour of an item that ended so.
    pub(super) const fn ended(&self, end_stage: EndStage) -> Color32 {
        match end_stage {
            EndStage::Returned => self.computing,
            EndStage::Interrupted => self.pending,
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

/// A line of text that ends with `…` where `width` has no room for more.
pub(super) fn one_line(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(width);
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// A text that ends with `…` where a few lines have no room for more; pointing at it tells all.
pub(super) fn few_lines(ui: &mut Ui, text: &str) -> Response {
    const LINES: usize = 3;
    let color = palette(ui).text;
    let mut job = LayoutJob::simple(text.to_owned(), FontId::proportional(13.0), color, ui.available_width());
    job.wrap.max_rows = LINES;
    ui.add(Label::new(job).wrap())
}

/// What can be ticked has an edge that is seen, as it is small and often empty.
pub(super) fn tickable<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let dim = palette(ui).dim;
    let scope = ui.scope(|ui| {
        ui.visuals_mut().widgets.inactive.bg_stroke = Stroke::new(1.0, dim);
        add(ui)
    });
    scope.inner
}

/// A small square of a colour, as in a legend.
pub(super) fn swatch(ui: &mut Ui, color: Color32) {
    let (square, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
    ui.painter().rect_filled(square, 2.0, color);
}

/// The name of a section.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    let dim = palette(ui).dim;
    ui.label(RichText::new(text).size(11.0).family(strong()).color(dim));
}

/// What the window has where nothing is drawn.
pub(super) const fn clear_color(visuals: &Visuals) -> Color32 {
    visuals.extreme_bg_color
}

/// Gives `context` our fonts and both themes, with much or more contrast.
pub(super) fn install(context: &Context, high_contrast: bool) {
    context.set_fonts(fonts());
    // Their keys are ours.
    context.options_mut(|options| options.zoom_with_keyboard = false);
    set_contrast(context, high_contrast);
}

/// Changes the contrast of both themes.
pub(super) fn set_contrast(context: &Context, high: bool) {
    let (dark, light) = if high { (&DARK_CONTRAST, &LIGHT_CONTRAST) } else { (&DARK, &LIGHT) };
    for (theme, palette) in [(Theme::Dark, dark), (Theme::Light, light)] {
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
    // A thin bar where there is more than is in sight, also while the pointer is elsewhere.
    style.spacing.scroll = ScrollStyle {
        dormant_handle_opacity: 0.45,
        floating_width: 4.0,
        floating_allocated_width: 6.0,
        ..ScrollStyle::floating()
    };
    style.interaction.selectable_labels = false;

    let mut visuals = if theme == Theme::Dark { Visuals::dark() } else { Visuals::light() };
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.extreme_bg_color = palette.background;
    visuals.faint_bg_color = palette.raised;
    visuals.hyperlink_color = palette.accent;
    // Two pictures a second, for as long as a field has the keyboard, are too much for a blink.
    visuals.text_cursor.blink = false;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, green and blue as amounts of light, from 0 to 1.
    fn light(color: Color32) -> [f64; 3] {
        [color.r(), color.g(), color.b()].map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// WCAG 2.2: from 1 to 21.
    fn contrast(one: Color32, other: Color32) -> f64 {
        let luminance = |color| {
            let [r, g, b] = light(color);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// How people see who lack one of the three kinds of cones: Machado, Oliveira and Fernandes, 2009, at full severity.
    const KINDS: [(&str, [[f64; 3]; 3]); 4] = [
        ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    /// How far apart two colours look (Oklab, Ottosson 2020), times 100: about 2 is just noticed.
    #[expect(clippy::many_single_char_names, reason = "as in the papers")]
    fn distance(one: Color32, other: Color32, seen: &[[f64; 3]; 3]) -> f64 {
        let lab = |color| {
            let light = light(color);
            let [r, g, b] =
                seen.map(|row| row.iter().zip(light).map(|(part, light)| part * light).sum::<f64>().max(0.0));
            let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
            let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
            let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
            [
                0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
                1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
                0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
            ]
        };
        let (one, other) = (lab(one), lab(other));
        one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() * 100.0
    }

    #[test]
    fn text_can_be_read() {
        for palette in ALL {
            for (name, text, ground, least) in [
                ("text", palette.text, palette.panel, 7.0),
                ("text on the background", palette.text, palette.background, 7.0),
                ("dim text", palette.dim, palette.panel, 4.5),
                ("dim text on the background", palette.dim, palette.background, 4.5),
                ("dim text on what is raised", palette.dim, palette.raised, 4.5),
                ("an error", palette.error, palette.panel, 4.5),
                ("a link", palette.accent, palette.panel, 4.5),
                ("the main button", palette.on_button, palette.button, 4.5),
                ("the playhead", palette.on_accent, palette.accent, 4.5),
            ] {
                let seen = contrast(text, ground);
                assert!(seen >= least, "{name}: {seen:.2} where {least} is needed, on {:?}", palette.panel);
            }
        }
    }

    #[test]
    fn bars_stand_out_and_differ_for_everybody() {
        let mut wrong = Vec::new();
        for palette in ALL {
            let stages = [
                ("computing", palette.computing),
                ("waiting", palette.waiting),
                ("blocking", palette.blocking),
                ("error", palette.error),
            ];
            for (name, color) in stages {
                let seen = contrast(color, palette.panel);
                if seen < 3.0 {
                    wrong.push(format!("{name} on its lane: {seen:.2}, {:?}", palette.panel));
                }
            }
            for (kind, seen) in &KINDS {
                for (index, (name, color)) in stages.iter().enumerate() {
                    for (other_name, other) in &stages[index + 1..] {
                        let apart = distance(*color, *other, seen);
                        if apart < 8.0 {
                            wrong.push(format!("{name} and {other_name}, {kind}: {apart:.1}, {:?}", palette.panel));
                        }
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
