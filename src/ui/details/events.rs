//! All that happened, event by event, as sentences. A click looks at that moment; so do keys, for which the list is one thing.

use std::time::{Duration, Instant};

use eframe::egui::{Button, Id, RichText, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo};

use super::row_keys::moved_by_key;
use crate::lab::Run;
use crate::trace::Replay;
use crate::ui::action::Action;
use crate::ui::sentence::sentence;
use crate::ui::{format, theme};

/// What was told last; it lasts as long as the window.
#[derive(Default)]
pub(super) struct Events {
    replay: Replay,
    /// Of which run that is.
    run: usize,
    /// The rows that were in sight, from which number on.
    first: usize,
    told: Vec<(i64, String)>,
    /// How many events had happened when the list was last brought to the moment that is looked at.
    brought_to: Option<usize>,
}

/// How long a frame may take to get to the rows in sight.
const BUDGET: Duration = Duration::from_millis(4);

impl Events {
    /// Draws the list of `run`, in which the first `happened` events had happened at the moment that is looked at.
    pub(super) fn show(&mut self, ui: &mut Ui, run: Option<&Run>, happened: Option<usize>, actions: &mut Vec<Action>) {
        let palette = theme::palette(ui);
        let Some(run) = run.filter(|run| !run.history.is_empty()) else {
            ui.label(RichText::new("Nothing has happened yet.").color(palette.dim));
            return;
        };
        if self.run != run.number {
            *self = Self { run: run.number, ..Self::default() };
        }
        self.keys(ui, run, happened, actions);
        let height = ui.text_style_height(&TextStyle::Body) + 2.0;
        ui.spacing_mut().interact_size.y = 0.0;
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.spacing_mut().button_padding.y = 0.0;
        let mut list = ScrollArea::both().auto_shrink(false).stick_to_bottom(happened.is_none());
        if std::mem::replace(&mut self.brought_to, happened) != happened
            && let row = happened.unwrap_or(run.history.len()).saturating_sub(1)
            && !(self.first + 1..(self.first + self.told.len()).saturating_sub(2)).contains(&row)
        {
            list = list.vertical_scroll_offset((row as f32 * height - ui.available_height() / 2.0).max(0.0));
        }
        list.show_rows(ui, height, run.history.len(), |ui, rows| {
            if !self.tell(run, rows.start, rows.len()) {
                ui.label(RichText::new("reading the events …").color(palette.dim));
                ui.ctx().request_repaint();
            }
            for (index, (at, text)) in (rows.start..).zip(&self.told) {
                // What came after the moment that is looked at has not happened.
                let later = happened.is_some_and(|happened| index >= happened);
                let here = happened == Some(index + 1);
                let color = if later { palette.dim.gamma_multiply(0.6) } else { palette.text };
                let told = format!("{}   {text}", format::exact(*at));
                let button = Button::selectable(here, RichText::new(told).monospace().size(11.5).color(color));
                let button = button.frame_when_inactive(false).sense(Sense::CLICK);
                let response = ui.add(button.min_size([0.0, height].into()));
                if response.on_hover_text("Look at the moment right after this").clicked() {
                    actions.push(Action::LookAtEvent(index + 1));
                }
            }
        });
    }

    /// The list has the keyboard as a whole, and keys go from event to event.
    fn keys(&self, ui: &Ui, run: &Run, happened: Option<usize>, actions: &mut Vec<Action>) {
        let (place, count) = (ui.available_rect_before_wrap(), run.history.len());
        let whole = ui.interact(place, Id::unique("list of events"), Sense::focusable_noninteractive());
        let last = happened.unwrap_or(count).checked_sub(1);
        let newest = last.and_then(|last| self.told.get(last.checked_sub(self.first)?));
        let here = newest.map_or_else(String::new, |(at, text)| format!(": {} {text}", format::exact(*at)));
        whole.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, format!("events{here}")));
        // A page overlaps the one before it by a row.
        if let Some(key) = moved_by_key(ui, place, &whole) {
            actions.push(Action::LookAtEvent(key.target(last, count, self.told.len().saturating_sub(2)) + 1));
        }
    }

    /// Makes sentences of `count` events from number `first` on. Returns whether it came to the end of them.
    fn tell(&mut self, run: &Run, first: usize, count: usize) -> bool {
        let count = count.min(run.history.len() - first);
        if self.first == first && self.told.len() == count {
            return true;
        }
        let deadline = Instant::now() + BUDGET;
        self.first = first;
        self.told.clear();
        if !self.replay.seek(&run.history, first, deadline) {
            return false;
        }
        for (index, event) in (first..).zip(run.history.events_from(first).take(count)) {
            if !self.replay.seek(&run.history, index + 1, deadline.max(Instant::now() + BUDGET)) {
                return false;
            }
            self.told.push((event.at, sentence(self.replay.trace(), &event.kind)));
        }
        true
    }
}
