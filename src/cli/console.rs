//! The lab as the command line has it: runs that are watched to their end, and signals that end them early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

use super::complain;
use crate::lab::{CheckedSettings, Command, Lab, Run};
use crate::sys;

/// See the module.
pub(super) struct Console {
    lab: Lab,
    woken: Receiver<()>,
    /// Exit statuses of signals that ask the program to end.
    signals: Receiver<u8>,
    /// Keeps the channel open whether there is a handler or not.
    _signals_in: Sender<u8>,
    /// Nothing is left but to print.
    printing: Arc<AtomicBool>,
    runs: usize,
}

/// How a run came to its end.
pub(super) struct Watched {
    pub(super) run: Arc<Run>,
    /// A signal ended it early (Ctrl-C, SIGTERM, SIGHUP): the program's exit status that goes with it.
    pub(super) interrupted: Option<u8>,
    /// It was ended because its tasks waited for each other.
    pub(super) deadlocked: bool,
}

impl Console {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn open() -> std::io::Result<Self> {
        let (signals_in, signals) = unbounded();
        let handler_end = signals_in.clone();
        let printing = Arc::new(AtomicBool::new(false));
        let handler_printing = Arc::clone(&printing);
        // Without the handler a signal still ends the program, and with it the workers.
        let _ = sys::handle_signals(move |status| {
            if handler_printing.load(Ordering::Relaxed) {
                // Whoever reads the output may have stopped reading.
                std::process::exit(status.into());
            }
            let _ = handler_end.send(status);
        });
        let (wake, woken) = bounded(1);
        let lab = Lab::start(None, move || {
            let _ = wake.try_send(());
        })?;
        Ok(Self { lab, woken, signals, _signals_in: signals_in, printing, runs: 0 })
    }

    /// Runs it to its end, which comes at once if tasks wait for each other forever and `end_deadlock` says so. `None` = the lab
    /// broke, which was told.
    pub(super) fn run(
        &mut self,
        settings: CheckedSettings,
        end_deadlock: bool,
        mut show: impl FnMut(&Run),
    ) -> Option<Watched> {
        self.lab.send(Command::Run(Box::new(settings)));
        self.runs += 1;
        let (mut interrupted, mut told, mut deadlocked) = (None, 0, false);
        loop {
            let woken = select! {
                recv(self.woken) -> woken => woken.is_ok(),
                recv(self.signals) -> status => {
                    let status = status.unwrap_or_default();
                    if interrupted.is_some() {
                        // Asked twice: at once. Workers end with this process.
                        std::process::exit(status.into());
                    }
                    interrupted = Some(status);
                    self.lab.send(Command::StopNow);
                    true
                }
            };
            if !woken {
                complain("internal error: the run ended unexpectedly (please report it)");
                return None;
            }
            let Some(run) = self.lab.run().filter(|run| run.number == self.runs) else { continue };
            show(&run);
            for period in &run.trace.deadlocks()[told..] {
                complain(&period.description);
                if end_deadlock {
                    deadlocked = true;
                    self.lab.send(Command::StopNow);
                }
            }
            told = run.trace.deadlocks().len();
            if run.ended() {
                return Some(Watched { run, interrupted, deadlocked });
            }
        }
    }

    /// Nothing is left but to print: from here on Ctrl-C ends the program at once.
    pub(super) fn only_printing(&self) {
        self.printing.store(true, Ordering::Relaxed);
    }
}
