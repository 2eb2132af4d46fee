//! Something that takes a moment to find out, found out in a thread of its own. What was found last stays until there is news.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::Context;

/// What is known, and what it is known of.
pub(super) struct Background<K, T> {
    known: Option<(K, T)>,
    on_its_way: Option<Receiver<Answer<K, T>>>,
    /// When what was found last was found, and how long that took.
    found_at: Option<(Instant, Duration)>,
    /// What is known is not what was asked for last.
    is_older: bool,
}

/// What was found, of what, and how long that took.
type Answer<K, T> = (K, T, Duration);

/// What changes all the time, as a run that goes on, is looked at so often, at most: and with pauses of so many times what it took, so
/// that it leaves the workers their cores.
const INTERVAL: Duration = Duration::from_millis(400);
const PAUSE: u32 = 10;

/// One after the other, however many there are to look for: all of them take no more than one core.
static TURN: Mutex<()> = Mutex::new(());

impl<K, T> Default for Background<K, T> {
    fn default() -> Self {
        Self { known: None, on_its_way: None, found_at: None, is_older: false }
    }
}

impl<K: PartialEq + Send + 'static, T: Send + 'static> Background<K, T> {
    /// Sees to it that what belongs to `key` becomes known: `find` gives what a thread will do for that. What is known is `alike` if it
    /// is only older, so that the news can wait a little: longer while what it is about `goes_on`.
    pub(super) fn ask<F: FnOnce() -> T + Send + 'static>(
        &mut self,
        context: &Context,
        key: K,
        alike: impl FnOnce(&K) -> bool,
        goes_on: bool,
        find: impl FnOnce() -> F,
    ) {
        match self.on_its_way.as_ref().map(Receiver::try_recv) {
            Some(Ok((key, found, took))) => {
                (self.known, self.on_its_way) = (Some((key, found)), None);
                self.found_at = Some((Instant::now(), took));
            }
            // It broke off; it is tried again.
            Some(Err(TryRecvError::Disconnected)) => self.on_its_way = None,
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        let known = self.known.as_ref().map(|(known, _)| known);
        self.is_older = known.is_some_and(|known| *known != key);
        if known == Some(&key) || self.on_its_way.is_some() {
            return;
        }
        let pause = |took: Duration| if goes_on { INTERVAL.max(took * PAUSE) } else { INTERVAL };
        let early = self.found_at.map(|(at, took)| pause(took).saturating_sub(at.elapsed()));
        if let Some(early) = early.filter(|early| !early.is_zero())
            && known.is_some_and(alike)
        {
            context.request_repaint_after(early);
            return;
        }
        let (sender, receiver) = bounded(1);
        let (context, find) = (context.clone(), find());
        let finding = move || {
            let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
            let started = Instant::now();
            let found = find();
            drop(turn);
            let _ = sender.send((key, found, started.elapsed()));
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

    /// Whether something else was asked for than what is known.
    pub(super) const fn is_older(&self) -> bool {
        self.is_older
    }
}
