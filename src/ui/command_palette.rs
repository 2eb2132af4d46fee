//! The command palette: type a few letters of what is to be done, press Enter.

use eframe::egui::{
    Align2, Button, Context, EventFilter, Id, Key, Modifiers, RichText, Role, ScrollArea, Sense, TextEdit, WidgetInfo,
    Window, accesskit, vec2,
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

    /// Draws it while it is open. `extra` = commands that there are at the moment; of the others, those that `can` be done are offered.
    pub(super) fn show(
        &mut self,
        context: &Context,
        extra: impl FnOnce() -> Vec<(String, Action)>,
        can: impl Fn(&Action) -> bool,
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
            let field = ui.add(field.hint_text("Type a command"));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "command"));
            field.request_focus();
            // The arrows are for the list, not for what lies above or below.
            let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(field.id, filter));
            if field.changed() {
                self.chosen = 0;
            }
            let all = entries(extra()).into_iter().filter(|entry| can(&entry.action));
            let mut entries: Vec<_> = all.filter_map(|entry| Some((fits(&entry.name, &self.text)?, entry))).collect();
            entries.sort_by_key(|(how, _)| *how);
            let entries: Vec<_> = entries.into_iter().map(|(_, entry)| entry).collect();
            let last = entries.len().saturating_sub(1);
            self.chosen = (self.chosen + usize::from(down)).saturating_sub(usize::from(up)).min(last);
            self.told = match entries.get(self.chosen) {
                Some(Entry { name, .. }) => format!("{name}, {} of {}", self.chosen + 1, format::count(entries.len())),
                None => "no matching command".to_owned(),
            };
            if entries.is_empty() {
                ui.label(RichText::new("No matching command.").weak());
            }
            let mut done = None;
            ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
                for (index, entry) in entries.into_iter().enumerate() {
                    let chosen = index == self.chosen;
                    let key = RichText::new(entry.key).monospace().size(11.0).color(theme::palette(ui).dim);
                    let button = Button::selectable(chosen, &entry.name).right_text(key).truncate();
                    // The field has the keyboard all the time.
                    let button = button.sense(Sense::CLICK).min_size(vec2(ui.available_width(), 24.0));
                    let response = ui.add(button);
                    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &entry.name));
                    readers::one_of_several(&response, accesskit::Role::ListBoxOption, chosen);
                    readers::name_key(&response, entry.key);
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

/// How what was typed is in a name; what comes first is more likely to be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    Words,
}

/// `None` = not each word of `text` is somewhere in `name`.
fn fits(name: &str, text: &str) -> Option<Fit> {
    let (name, text) = (name.to_lowercase(), text.trim().to_lowercase());
    if name == text {
        Some(Fit::Whole)
    } else if name.starts_with(&text) {
        Some(Fit::Beginning)
    } else {
        text.split_whitespace().all(|word| name.contains(word)).then_some(Fit::Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_whole_is_meant() {
        let of = |name| fits(name, " delete the RUN");
        let all = [of("Delete the run"), of("Delete the run now"), of("Restore the deleted run"), of("Run")];
        assert_eq!(all, [Some(Fit::Whole), Some(Fit::Beginning), Some(Fit::Words), None]);
        assert_eq!(fits("Run", ""), Some(Fit::Beginning), "all are offered at first");
    }
}
