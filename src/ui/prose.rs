//! Texts of lessons, written in Markdown: each paragraph is one thing to be read, also for readers of the screen.

use eframe::egui::text::LayoutJob;
use eframe::egui::{
    Align, Color32, FontId, Frame, Label, Layout, Margin, RichText, ScrollArea, Stroke, TextFormat, Ui, accesskit, vec2,
};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::theme;

/// Sizes of what is written.
const BODY: f32 = 13.0;
const CODE: f32 = 11.5;
const HEADINGS: [f32; 2] = [17.0, 14.5];
/// How far what is in a list stands in.
const INDENT: f32 = 12.0;

/// Draws `text`, as far as lessons use Markdown: headings, paragraphs, lists, emphasis, code.
pub(super) fn show(ui: &mut Ui, text: &str) {
    let palette = theme::palette(ui);
    let mut prose = Prose { job: LayoutJob::default(), color: palette.text, emphasis: 0, listed: false };
    let mut code = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Item) => prose.listed = true,
            Event::Start(Tag::Emphasis | Tag::Strong) => prose.emphasis += 1,
            Event::End(TagEnd::Emphasis | TagEnd::Strong) => prose.emphasis -= 1,
            Event::Start(Tag::CodeBlock(kind)) => code = Some((language(&kind), String::new())),
            Event::Text(text) => match &mut code {
                Some((_, code)) => code.push_str(&text),
                None => prose.push(&text),
            },
            Event::Code(text) => prose.push_code(&text, palette.raised),
            Event::SoftBreak | Event::HardBreak => prose.push(" "),
            Event::End(TagEnd::Paragraph | TagEnd::Item) => prose.end(ui, None),
            Event::End(TagEnd::Heading(level)) => prose.end(ui, Some(level as usize)),
            Event::End(TagEnd::CodeBlock) => {
                if let Some((language, code)) = code.take() {
                    block(ui, &language, code.trim_end());
                }
            }
            _ => {}
        }
    }
}

/// What a block of code is written in.
fn language(kind: &CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(words) => words.split(',').next().unwrap_or_default().to_owned(),
        CodeBlockKind::Indented => String::new(),
    }
}

/// A paragraph that is being read.
struct Prose {
    job: LayoutJob,
    color: Color32,
    emphasis: usize,
    /// It is an entry of a list.
    listed: bool,
}

impl Prose {
    fn push(&mut self, text: &str) {
        let format =
            TextFormat { italics: self.emphasis > 0, ..TextFormat::simple(FontId::proportional(BODY), self.color) };
        self.job.append(text, 0.0, format);
    }

    fn push_code(&mut self, text: &str, background: Color32) {
        let format = TextFormat { background, ..TextFormat::simple(FontId::monospace(CODE), self.color) };
        self.job.append(text, 0.0, format);
    }

    /// Draws it; `heading` = of which level, if it is one.
    fn end(&mut self, ui: &mut Ui, heading: Option<usize>) {
        let job = std::mem::take(&mut self.job);
        let listed = std::mem::take(&mut self.listed);
        if job.is_empty() {
            return;
        }
        if let Some(level) = heading {
            let size = HEADINGS[level.clamp(1, HEADINGS.len()) - 1];
            ui.add_space(4.0);
            let heading = ui.add(Label::new(RichText::new(job.text).family(theme::strong()).size(size)).wrap());
            let _ = ui.ctx().accesskit_node_builder(heading.id, |node| node.set_role(accesskit::Role::Heading));
            return;
        }
        if listed {
            ui.horizontal_top(|ui| {
                ui.add_space(INDENT);
                ui.label("•");
                ui.add(Label::new(job).wrap());
            });
        } else {
            ui.add(Label::new(job).wrap());
        }
        ui.add_space(4.0);
    }
}

/// A program, which can be copied.
fn block(ui: &mut Ui, language: &str, code: &str) {
    let palette = theme::palette(ui);
    let frame = Frame::new().fill(palette.background).stroke(Stroke::new(1.0, palette.line)).corner_radius(6);
    frame.inner_margin(Margin::symmetric(10, 8)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        let bar = vec2(ui.available_width(), 24.0);
        ui.allocate_ui_with_layout(bar, Layout::left_to_right(Align::Center), |ui| {
            ui.label(RichText::new(language).size(11.0).color(palette.dim));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.small_button("Copy").on_hover_text("Copy the program to the clipboard").clicked() {
                    ui.ctx().copy_text(code.to_owned());
                }
            });
        });
        // A program's lines are not broken: it scrolls.
        ScrollArea::horizontal().id_salt(code).show(ui, |ui| {
            ui.add(Label::new(RichText::new(code).monospace().size(CODE)).extend());
        });
    });
    ui.add_space(6.0);
}
