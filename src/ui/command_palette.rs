//! The command palette: type a few letters of what is to be done, press Enter.

use eframe::egui::{
    Align2, Button, Context, Id, Key, Modifiers, RichText, Role, ScrollArea, TextEdit, WidgetInfo, Window, vec2,
};

use super::action::Action;
use super::{commands, focus, format, readers, theme};
use crate::{lesson, workload};

/// What was typed, and which of the commands that fit is chosen.
#[derive(Default)]
pub(super) struct CommandPalette {
    open: bool,
    text: String,
    chosen: usize,
    /// The one that is chosen, and how many there are, in words.
    told: String,
}

struct Entry {
    name: String,
    key: &'static str,
    action: Action,
}

/// Longer lists scroll.
const HEIGHT: f32 = 380.0;

impl CommandPalette {
    pub(super) fn toggle(&mut self) {
        *self = Self { open: !self.open, ..Self::default() };
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// What is chosen in it, in words.
    pub(super) fn told(&self) -> String {
        if self.open { self.told.clone() } else { String::new() }
    }

    /// Closes it. Returns whether it was open.
    pub(super) fn close(&mut self) -> bool {
        std::mem::take(&mut self.open)
    }

    /// Draws it while it is open. `extra` = commands that there are at the moment.
    pub(super) fn show(
        &mut self,
        context: &Context,
        extra: impl FnOnce() -> Vec<(String, Action)>,
        actions: &mut Vec<Action>,
    ) {
        if !self.open {
            return;
        }
        let (down, up, enter) = context.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            (pressed(Key::ArrowDown), pressed(Key::ArrowUp), pressed(Key::Enter))
        });
        let mut open = true;
        let window = Window::new("Commands").open(&mut open).resizable(false).collapsible(false);
        let shown = window.anchor(Align2::CENTER_TOP, vec2(0.0, 72.0)).show(context, |ui| {
            ui.set_width(460.0);
            readers::dialog(ui, "Commands");
            let field = TextEdit::singleline(&mut self.text).id(Id::unique("command")).desired_width(f32::INFINITY);
            let field = ui.add(field.hint_text("What is to be done?"));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "command"));
            field.request_focus();
            if field.changed() {
                self.chosen = 0;
            }
            let entries: Vec<_> = entries(extra()).into_iter().filter(|entry| fits(&entry.name, &self.text)).collect();
            let last = entries.len().saturating_sub(1);
            self.chosen = (self.chosen + usize::from(down)).saturating_sub(usize::from(up)).min(last);
            let chosen = entries.get(self.chosen).map_or("nothing", |entry| &entry.name);
            self.told = format!("{chosen}, {} of {}", self.chosen + 1, format::count(entries.len()));
            if entries.is_empty() {
                ui.label(RichText::new("Nothing is called so.").weak());
            }
            let mut done = None;
            ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
                for (index, entry) in entries.into_iter().enumerate() {
                    let chosen = index == self.chosen;
                    let key = RichText::new(entry.key).monospace().size(11.0).color(theme::palette(ui).dim);
                    let button = Button::selectable(chosen, entry.name).right_text(key).truncate();
                    let response = ui.add(button.min_size(vec2(ui.available_width(), 24.0)));
                    if chosen && (up || down) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() || chosen && enter {
                        done = Some(entry.action);
                    }
                }
            });
            done
        });
        focus::keep_within(context, shown.as_ref().map(|shown| shown.response.clone()));
        let done = shown.and_then(|shown| shown.inner).flatten();
        self.open = open && done.is_none();
        actions.extend(done);
    }
}

fn entries(extra: Vec<(String, Action)>) -> Vec<Entry> {
    let known = commands::all().into_iter().map(|command| Entry {
        name: command.name.to_owned(),
        key: command.key_text(),
        action: command.action,
    });
    let extra = extra.into_iter().map(|(name, action)| Entry { name, key: "", action });
    let workloads = workload::catalogue().iter().map(|workload| Entry {
        name: format!("Workload: {}, {}", workload.name(), workload.summary()),
        key: "",
        action: Action::ChooseWorkload(workload.name()),
    });
    let lessons = lesson::topics().iter().flat_map(|topic| topic.lessons).map(|lesson| Entry {
        name: format!("Lesson: {} ({})", lesson.title(), lesson.id),
        key: "",
        action: Action::OpenLesson(lesson),
    });
    known.chain(extra).chain(workloads).chain(lessons).collect()
}

/// Whether each word of `text` is somewhere in `name`.
fn fits(name: &str, text: &str) -> bool {
    let name = name.to_lowercase();
    text.to_lowercase().split_whitespace().all(|word| name.contains(word))
}
