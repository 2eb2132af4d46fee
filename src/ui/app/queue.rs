//! Runs that wait for their turn: the next begins when nothing else runs. They stand in the list of runs, from where they can be removed.

use std::collections::VecDeque;

use crate::lab::CheckedSettings;

/// See the module.
#[derive(Default)]
pub(in crate::ui) struct RunQueue {
    waiting: VecDeque<Queued>,
    /// How many were ever queued: what tells them apart.
    count: usize,
}

/// A run that has not begun.
pub(in crate::ui) struct Queued {
    pub(in crate::ui) id: usize,
    pub(in crate::ui) settings: Box<CheckedSettings>,
    /// It is to be ticked for comparison once it begins.
    pub(in crate::ui) compared: bool,
}

impl RunQueue {
    pub(super) fn push(&mut self, settings: Box<CheckedSettings>, compared: bool) {
        self.count += 1;
        self.waiting.push_back(Queued { id: self.count, settings, compared });
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.waiting.pop_front()
    }

    pub(super) fn remove(&mut self, id: usize) {
        self.waiting.retain(|queued| queued.id != id);
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(in crate::ui) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// In the order in which they will run.
    pub(in crate::ui) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.waiting.iter()
    }
}
