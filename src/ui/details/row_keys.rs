//! Keys that go from row to row of a table.

use eframe::egui::{EventFilter, Key, Rect, Response, Ui};

/// A key that goes from row to row.
#[derive(Clone, Copy)]
pub(super) enum RowKey {
    By(isize),
    Page(isize),
    First,
    Last,
}

impl RowKey {
    const ALL: [(Key, Self); 6] = [
        (Key::ArrowDown, Self::By(1)),
        (Key::ArrowUp, Self::By(-1)),
        (Key::PageDown, Self::Page(1)),
        (Key::PageUp, Self::Page(-1)),
        (Key::Home, Self::First),
        (Key::End, Self::Last),
    ];

    /// Where it goes from row `at` of `rows`, of which `page` are in sight.
    pub(super) fn target(self, at: Option<usize>, rows: usize, page: usize) -> usize {
        let last = rows.saturating_sub(1);
        let by = |rows: isize| at.map_or(0, |at| at.saturating_add_signed(rows).min(last));
        match self {
            Self::By(rows) => by(rows),
            Self::Page(pages) => by(pages * page.max(1) as isize),
            Self::First => 0,
            Self::Last => last,
        }
    }
}

/// The key that was pressed while the `table`, which is at `place`, had the keyboard, or while nothing had it and the pointer was there.
pub(super) fn moved_by_key(ui: &Ui, place: Rect, table: &Response) -> Option<RowKey> {
    let focused = table.has_focus();
    if focused {
        // Otherwise these keys would lead to whatever widget is nearest.
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(table.id, filter));
    }
    let free = ui.memory(|memory| memory.focused().is_none()) && ui.rect_contains_pointer(place);
    if !focused && !free {
        return None;
    }
    // The others are the chart's, unless the table has the keyboard.
    let usable = |key: Key| focused || matches!(key, Key::ArrowUp | Key::ArrowDown);
    let pressed = |key: Key| ui.input(|input| input.modifiers.is_none() && input.key_pressed(key));
    RowKey::ALL.into_iter().find(|(key, _)| usable(*key) && pressed(*key)).map(|(_, row_key)| row_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_within_the_rows() {
        let targets = |at| RowKey::ALL.map(|(_, key)| key.target(at, 100, 10));
        assert_eq!(targets(Some(50)), [51, 49, 60, 40, 0, 99]);
        assert_eq!(targets(Some(99)), [99, 98, 99, 89, 0, 99]);
        assert_eq!(targets(None), [0, 0, 0, 0, 0, 99]);
    }
}
