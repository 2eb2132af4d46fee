//! Something that takes a moment to find out, found out in a thread of its own. What was found last stays until there is news.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::Context;

/// What is known, and what it is known of.
pub(super) struct Background<K, T> {
    known: Option<(K, T)>,
    on_its_way: Option<Receiver<(K, T)>>,
    asked_at: Option<Instant>,
}

/// What changes all the time, as a run that goes on, is looked at so often, at most.
const INTERVAL: Duration = Duration::from_millis(400);

impl<K, T> Default for Background<K, T> {
    fn default() -> Self {
        Self { known: None, on_its_way: None, asked_at: None }
    }
}

impl<K: PartialEq + Send + 'static, T: Send + 'static> Background<K, T> {
    /// Sees to it that what belongs to `key` becomes known: `find` gives what a thread will do for that. What is known is `alike` if it
    /// is only older, so that the news can wait a little.
    pub(super) fn ask<F: FnOnce() -> T + Send + 'static>(
        &mut self,
        context: &Context,
        key: K,
        alike: impl FnOnce(&K) -> bool,
        find: impl FnOnce() -> F,
    ) {
        match self.on_its_way.as_ref().map(Receiver::try_recv) {
            Some(Ok(found)) => (self.known, self.on_its_way) = (Some(found), None),
            // It broke off; it is tried again.
            Some(Err(TryRecvError::Disconnected)) => self.on_its_way = None,
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        let known = self.known.as_ref().map(|(known, _)| known);
        if known == Some(&key) || self.on_its_way.is_some() {
            return;
        }
        let too_early = self.asked_at.is_some_and(|asked_at| asked_at.elapsed() < INTERVAL);
        if too_early && known.is_some_and(alike) {
            context.request_repaint_after(INTERVAL);
            return;
        }
        self.asked_at = Some(Instant::now());
        let (sender, receiver) = bounded(1);
        let (context, find) = (context.clone(), find());
        let finding = move || {
            let _ = sender.send((key, find()));
            context.request_repaint();
        };
        // No thread: what was known before stays.
        if thread::Builder::new().name("looking".to_owned()).spawn(finding).is_ok() {
            self.on_its_way = Some(receiver);
        }
    }

    /// What was found last, and of what.
    pub(super) fn known(&self) -> Option<(&K, &T)> {
        self.known.as_ref().map(|(key, found)| (key, found))
    }

    /// Whether something else is being found out.
    pub(super) const fn is_on_its_way(&self) -> bool {
        self.on_its_way.is_some()
    }
}
