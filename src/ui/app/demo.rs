//! A first run that lasts some seconds on any machine: how fast this one is has to be measured first, which takes a moment.

use std::thread;

use crossbeam_channel::{Receiver, bounded};
use eframe::egui::Context;

use crate::workload;

/// How long the run is to last, in seconds.
const SECONDS: f64 = 5.0;
const TASKS: u64 = 60;

/// Measures in a thread of its own.
#[derive(Default)]
pub(super) struct Demo(Option<Receiver<u64>>);

impl Demo {
    pub(super) fn begin(&mut self, context: &Context) {
        let (sender, receiver) = bounded(1);
        let context = context.clone();
        // Without a thread there is no such run.
        let measuring = thread::Builder::new().name("demo".to_owned()).spawn(move || {
            let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
            let to = workload::units_per_second("sum") * SECONDS * cores / TASKS as f64;
            let _ = sender.send(to as u64);
            context.request_repaint();
        });
        self.0 = measuring.is_ok().then_some(receiver);
    }

    /// The parameters of `sum`, once they are known.
    pub(super) fn take(&mut self) -> Option<[(&'static str, String); 2]> {
        let to = self.0.as_ref()?.try_recv().ok()?;
        self.0 = None;
        Some([("tasks", TASKS.to_string()), ("to", to.to_string())])
    }
}
