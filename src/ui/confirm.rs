//! The question that is asked before something is lost, with a way never to be asked again.

use eframe::egui::{Align2, Button, Context, Key, Label, RichText, Role, Ui, WidgetInfo, Window, vec2};
use serde::{Deserialize, Serialize};

use super::{focus, format, readers, theme};

/// What would be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Restarting the run with that number, which is in progress.
    Restart(usize),
    /// Closing the window, with so many runs in progress and so many that were not saved.
    Close { live: usize, unsaved: usize },
}

/// Which questions are not asked any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct NeverAsk {
    restart: bool,
    close: bool,
}

impl NeverAsk {
    pub(super) const fn about(self, question: Question) -> bool {
        match question {
            Question::Restart(_) => self.restart,
            Question::Close { .. } => self.close,
        }
    }

    pub(super) const fn no_more(&mut self, question: Question) {
        match question {
            Question::Restart(_) => self.restart = true,
            Question::Close { .. } => self.close = true,
        }
    }
}

/// What was answered with yes.
pub(super) struct Confirmed {
    pub(super) question: Question,
    pub(super) never_again: bool,
}

/// The dialog. It lasts as long as the window.
#[derive(Default)]
pub(super) struct Confirm {
    asked: Option<Asked>,
    /// Whoever closes the window has been asked.
    may_close: bool,
}

struct Asked {
    question: Question,
    never_again: bool,
    /// The safe button gets the keyboard with the next frame.
    takes_keyboard: bool,
}

impl Confirm {
    pub(super) fn ask(&mut self, question: Question) {
        self.asked = Some(Asked { question, never_again: false, takes_keyboard: true });
    }

    /// Whether closing was answered with yes.
    pub(super) const fn may_close(&self) -> bool {
        self.may_close
    }

    pub(super) const fn asks(&self) -> bool {
        self.asked.is_some()
    }

    /// Takes the question back. Returns whether there was one.
    pub(super) fn close(&mut self) -> bool {
        self.asked.take().is_some()
    }

    /// Draws the question, if there is one. Returns it once it is answered with yes.
    pub(super) fn show(&mut self, context: &Context) -> Option<Confirmed> {
        let asked = self.asked.as_mut()?;
        let (title, verb) = match asked.question {
            Question::Restart(_) => ("Restart the run?", "Restart"),
            Question::Close { .. } => ("Close Poolscope?", "Close"),
        };
        let mut answer = None;
        let window =
            Window::new(title).resizable(false).collapsible(false).anchor(Align2::CENTER_CENTER, vec2(0.0, -40.0));
        let shown = window.show(context, |ui| {
            ui.set_width(380.0);
            readers::dialog(ui, title);
            readers::live(&ui.add(Label::new(text(asked.question)).wrap()));
            ui.add_space(4.0);
            theme::tickable(ui, |ui| ui.checkbox(&mut asked.never_again, "Don't ask again"));
            ui.add_space(4.0);
            answer = buttons(ui, verb, &mut asked.takes_keyboard);
        });
        focus::keep_within(context, shown.map(|shown| shown.response));
        if context.input(|input| input.key_pressed(Key::Escape)) {
            answer = Some(false);
        }
        let yes = answer?;
        let Asked { question, never_again, .. } = self.asked.take()?;
        self.may_close |= yes && matches!(question, Question::Close { .. });
        yes.then_some(Confirmed { question, never_again })
    }
}

fn text(question: Question) -> String {
    match question {
        Question::Restart(number) => format!("Run {number} is in progress. Restarting ends it now and starts it anew."),
        Question::Close { live: 0, unsaved } => format!("{} not saved.", are(unsaved, "run")),
        Question::Close { live, unsaved: 0 } => format!("{} in progress. Closing ends it now.", are(live, "run")),
        Question::Close { live, unsaved } => {
            format!("{} in progress, and {} not saved.", are(live, "run"), are(unsaved, "run"))
        }
    }
}

fn are(count: usize, what: &str) -> String {
    format!("{} {}", format::some(count, what), if count == 1 { "is" } else { "are" })
}

/// The primary button and the way out, which has the keyboard: a stray Enter loses nothing.
fn buttons(ui: &mut Ui, verb: &str, takes_keyboard: &mut bool) -> Option<bool> {
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        let text = RichText::new(verb).family(theme::strong()).color(palette.on_button);
        let yes = ui.add(Button::new(text).fill(palette.button).min_size(vec2(84.0, 26.0)));
        yes.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{verb} anyway")));
        let cancel = ui.add(Button::new("Cancel").min_size(vec2(84.0, 26.0)));
        if std::mem::take(takes_keyboard) {
            cancel.request_focus();
        }
        match (yes.clicked(), cancel.clicked()) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    })
    .inner
}
