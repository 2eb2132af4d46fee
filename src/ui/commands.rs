//! Everything that can be done by a key or from the command palette: one list, from which the keys, the palette and the sheet of
//! keys are made.

use eframe::egui::{Context, Event, Id, Key, Modifiers, Popup};

use super::action::Action;
use super::chart::{self, Move};
use super::files::{Copied, FileKind};

/// Something that can be done.
pub(super) struct Command {
    pub(super) topic: &'static str,
    pub(super) name: &'static str,
    pub(super) key: Option<Shortcut>,
    pub(super) action: Action,
}

/// A key, with Ctrl (Cmd on a Mac) or Shift or neither.
#[derive(Clone, Copy)]
pub(super) struct Shortcut {
    key: Key,
    command: bool,
    shift: bool,
    /// Holding it down goes on doing it.
    repeats: bool,
    shown: &'static str,
}

/// Keys that are known by what is on them, wherever it is, as are all with Ctrl; the others by their place on the keyboard.
const BY_LETTER: [Key; 5] = [Key::Questionmark, Key::Slash, Key::Plus, Key::Equals, Key::Minus];

impl Shortcut {
    const fn new(key: Key, shown: &'static str) -> Self {
        Self { key, command: false, shift: false, repeats: false, shown }
    }

    const fn repeating(key: Key, shown: &'static str) -> Self {
        Self { repeats: true, ..Self::new(key, shown) }
    }

    const fn shift(self) -> Self {
        Self { shift: true, ..self }
    }

    const fn command(self) -> Self {
        Self { command: true, ..self }
    }

    /// As it stands on the keyboard.
    pub(super) const fn text(self) -> &'static str {
        self.shown
    }

    /// A button or a field that has the focus takes such a key for itself.
    const fn belongs_to_focus(self) -> bool {
        let moves = matches!(self.key, Key::ArrowLeft | Key::ArrowRight | Key::PageUp | Key::PageDown);
        let ends = matches!(self.key, Key::Enter | Key::Space | Key::Home | Key::End);
        (moves || ends) && !self.command
    }

    const fn is_arrow(self) -> bool {
        matches!(self.key, Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown)
    }

    fn is(self, pressed: &Press) -> bool {
        let key = if self.command || BY_LETTER.contains(&self.key) { pressed.key } else { pressed.place };
        // Which letters need Shift differs between keyboards.
        let shift = BY_LETTER.contains(&self.key) || self.shift == pressed.modifiers.shift;
        let modifiers = self.command == pressed.modifiers.command && !pressed.modifiers.alt && shift;
        // On many keyboards the plus is on the key of the equals sign, which nobody shifts for it.
        let same = key == self.key || (self.key, key) == (Key::Plus, Key::Equals);
        same && modifiers && (self.repeats || !pressed.repeat)
    }
}

/// A key that was pressed.
struct Press {
    key: Key,
    place: Key,
    modifiers: Modifiers,
    repeat: bool,
}

/// Whose the keys are that a widget doesn't take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeysFor {
    Window,
    /// The arrows and Enter move the corners of an area.
    Area,
    /// A dialog lies over the window: it can be closed, and drawn larger.
    Dialog,
}

/// What the keys that were pressed since the last frame ask for.
pub(super) fn pressed(context: &Context, keys_for: KeysFor) -> Vec<Action> {
    let presses: Vec<_> = context.input(|input| {
        let presses = input.events.iter().filter_map(|event| match *event {
            Event::Key { key, physical_key, pressed: true, repeat, modifiers } => {
                Some(Press { key, place: physical_key.unwrap_or(key), modifiers, repeat })
            }
            _ => None,
        });
        presses.collect()
    });
    if presses.is_empty() {
        return Vec::new();
    }
    // A list or a menu that is open takes Esc, and what moves in it; letters are for what is in it, too.
    let in_popup = Popup::is_any_open(context);
    let writing = context.text_edit_focused();
    // Esc, that leaves a field, has left it by now; that is all it is for.
    let left_field = !writing && context.data(|data| data.get_temp(Id::unique(WRITING))).unwrap_or(false);
    let on_chart = chart::has_keyboard(context);
    let focused = context.memory(|memory| memory.focused().is_some());
    let commands = all();
    let asked = presses.iter().filter_map(|press| {
        let command = commands.iter().find(|command| command.key.is_some_and(|key| key.is(press)))?;
        let key = command.key?;
        // Who writes means letters; only what has Ctrl, Shift and a letter is no text.
        if in_popup && !key.command {
            return None;
        }
        if key.key == Key::Escape && left_field && keys_for != KeysFor::Dialog {
            return None;
        }
        // The chart takes no more of them than the arrows.
        let focused = focused && (!on_chart || key.is_arrow());
        let taken = (focused || keys_for == KeysFor::Area) && key.belongs_to_focus();
        let scales = matches!(command.action, Action::Scale { .. });
        let free = if writing { key.command && (key.shift || scales) } else { !taken };
        let free = free && (keys_for != KeysFor::Dialog || command.goes_on_beside_a_dialog());
        free.then(|| command.action.clone())
    });
    asked.collect()
}

const WRITING: &str = "somebody writes in a field";

/// To be called at the end of a frame: whether somebody writes in a field, who may leave it with the next key.
pub(super) fn note_writing(context: &Context) {
    let writing = context.text_edit_focused();
    context.data_mut(|data| data.insert_temp(Id::unique(WRITING), writing));
}

impl Command {
    const fn goes_on_beside_a_dialog(&self) -> bool {
        let closes = matches!(self.action, Action::Clear | Action::ToggleHelp | Action::TogglePalette);
        closes || matches!(self.action, Action::Scale { .. } | Action::ResetScale)
    }

    /// Its key, as it stands on the keyboard; empty = it has none.
    pub(super) fn key_text(&self) -> &'static str {
        self.key.map_or("", Shortcut::text)
    }
}

/// The command that does so.
pub(super) fn that_does(action: &Action) -> Option<Command> {
    all().into_iter().find(|command| command.action == *action)
}

/// The key that does so; empty = there is none.
pub(super) fn key_of(action: &Action) -> &'static str {
    that_does(action).map_or("", |command| command.key_text())
}

/// All commands, by topic.
pub(super) fn all() -> Vec<Command> {
    let key = Shortcut::new;
    let held = Shortcut::repeating;
    let list: Vec<(&str, &str, Option<Shortcut>, Action)> = vec![
        ("Run", "Run", Some(key(Key::Enter, "Enter")), Action::Run),
        ("Run", "Watch a pool run", None, Action::Demo),
        ("Run", "Run a command on my files", None, Action::TryCommand),
        ("Run", "Stop: cancel pending calls", None, Action::Stop),
        ("Run", "Stop now: interrupt running calls too", None, Action::StopNow),
        ("Run", "Add a worker", Some(held(Key::Plus, "+")), Action::AddWorkers(1)),
        ("Run", "Remove a worker", Some(held(Key::Minus, "−")), Action::AddWorkers(-1)),
        ("Look", "Zoom in at the pointer", Some(held(Key::W, "W")), Action::Move(Move::ZoomIn)),
        ("Look", "Zoom out at the pointer", Some(held(Key::S, "S")), Action::Move(Move::ZoomOut)),
        ("Look", "Pan left", Some(held(Key::A, "A")), Action::Move(Move::Left)),
        ("Look", "Pan right", Some(held(Key::D, "D")), Action::Move(Move::Right)),
        ("Look", "Scroll the lanes up", Some(held(Key::PageUp, "PageUp")), Action::Move(Move::LanesUp)),
        ("Look", "Scroll the lanes down", Some(held(Key::PageDown, "PageDn")), Action::Move(Move::LanesDown)),
        (
            "Look",
            "Zoom to selection; again: fit the whole run",
            Some(key(Key::F, "F")),
            Action::Move(Move::FitSelection),
        ),
        ("Look", "Fit the whole run", Some(key(Key::Num0, "Ctrl+0").command()), Action::Move(Move::Fit)),
        (
            "Look",
            "Undo the last move of the chart",
            Some(held(Key::ArrowLeft, "Ctrl+←").command()),
            Action::Move(Move::Undo),
        ),
        (
            "Look",
            "Redo the last move of the chart",
            Some(held(Key::ArrowRight, "Ctrl+→").command()),
            Action::Move(Move::Redo),
        ),
        ("Items", "Search", Some(key(Key::Slash, "/")), Action::Search),
        ("Items", "Next item on the lane", Some(held(Key::Period, ".")), Action::Move(Move::Next)),
        ("Items", "Previous item on the lane", Some(held(Key::Comma, ",")), Action::Move(Move::Previous)),
        ("Items", "Go to what the item waited for", Some(held(Key::OpenBracket, "[")), Action::Move(Move::Cause)),
        ("Items", "Go to what waited for the item", Some(held(Key::CloseBracket, "]")), Action::Move(Move::Effect)),
        ("Items", "Add or remove a marker", Some(key(Key::M, "M")), Action::Move(Move::Mark)),
        ("Items", "Cancel or interrupt the selected item", Some(key(Key::Delete, "Del")), Action::StopSelected),
        ("Items", "Select an area: drag, or arrows and Enter", Some(key(Key::R, "R")), Action::Move(Move::SelectArea)),
        ("Items", "Select the visible area", Some(key(Key::R, "Shift+R").shift()), Action::Move(Move::SelectView)),
        ("Items", "Clear all markers", Some(key(Key::M, "Shift+M").shift()), Action::Move(Move::ClearMarks)),
        ("Items", "Close or deselect", Some(key(Key::Escape, "Esc")), Action::Clear),
        ("Time", "Pause the view or replay", Some(key(Key::Space, "Space")), Action::PauseView),
        ("Time", "Next event", Some(held(Key::ArrowRight, "→")), Action::StepEvents(1)),
        ("Time", "Previous event", Some(held(Key::ArrowLeft, "←")), Action::StepEvents(-1)),
        ("Time", "Jump to start", Some(key(Key::Home, "Home")), Action::LookAt(Some(0))),
        ("Time", "Jump to latest", Some(key(Key::End, "End")), Action::LookAt(None)),
        ("Runs", "Focus the next run", Some(key(Key::N, "N")), Action::FocusNextRun),
        ("Runs", "Restore the deleted run", Some(key(Key::Z, "Ctrl+Z").command()), Action::RestoreRun),
        ("Files", "Open a run …", Some(key(Key::O, "Ctrl+O").command()), Action::File(FileKind::OpenRun)),
        ("Files", "Save the run …", Some(key(Key::S, "Ctrl+S").command()), Action::File(FileKind::SaveRun)),
        (
            "Files",
            "Save the chart as a picture …",
            Some(key(Key::E, "Ctrl+E").command()),
            Action::File(FileKind::Picture),
        ),
        ("Files", "Save the items as CSV …", None, Action::File(FileKind::Csv)),
        ("Files", "Copy the summary", None, Action::Copy(Copied::Text)),
        ("Files", "Copy the summary as Markdown", None, Action::Copy(Copied::Markdown)),
        ("Window", "All commands", Some(key(Key::P, "Ctrl+Shift+P").command().shift()), Action::TogglePalette),
        ("Window", "All keys", Some(key(Key::Questionmark, "?")), Action::ToggleHelp),
        ("Window", "Lessons", Some(key(Key::L, "L")), Action::ToggleLessons),
        ("Window", "Hide or show the settings", Some(key(Key::B, "Ctrl+B").command()), Action::ToggleSettings),
        ("Window", "Light theme (off: dark)", None, Action::ToggleTheme),
        ("Window", "High contrast", None, Action::ToggleContrast),
        ("Window", "Zoom in the interface", Some(held(Key::Plus, "Ctrl++").command()), Action::Scale { larger: true }),
        (
            "Window",
            "Zoom out the interface",
            Some(held(Key::Minus, "Ctrl+−").command()),
            Action::Scale { larger: false },
        ),
        ("Window", "Reset the interface zoom", None, Action::ResetScale),
        ("Window", "Frame times", Some(key(Key::F3, "F3")), Action::ToggleFrameTimes),
    ];
    list.into_iter().map(|(topic, name, key, action)| Command { topic, name, key, action }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_together_stands_together() {
        let mut topics: Vec<_> = all().iter().map(|command| command.topic).collect();
        topics.dedup();
        let count = topics.len();
        topics.sort_unstable();
        topics.dedup();
        assert_eq!(topics.len(), count);
    }

    #[test]
    fn no_key_does_two_things() {
        let commands = all();
        let keys: Vec<_> = commands.iter().filter_map(|command| command.key).collect();
        for (index, key) in keys.iter().enumerate() {
            let same = |other: &Shortcut| (other.key, other.command, other.shift) == (key.key, key.command, key.shift);
            assert!(!keys[index + 1..].iter().any(same), "{}", key.text());
            assert!(!keys[index + 1..].iter().any(|other| other.text() == key.text()), "{}", key.text());
        }
    }
}
