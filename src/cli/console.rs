//! The lab as the command line has it: runs that are watched to their end, and Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

use super::{INTERRUPTED, complain};
use crate::lab::{CheckedSettings, Command, Lab, Run};

/// See the module.
pub(super) struct Console {
    lab: Lab,
    woken: Receiver<()>,
    interrupts: Receiver<()>,
    /// Keeps the channel open whether there is a handler or not.
    _interrupts_in: Sender<()>,
    /// Nothing is left but to print.
    printing: Arc<AtomicBool>,
    runs: usize,
}

/// How a run came to its end.
pub(super) struct Watched {
    pub(super) run: Arc<Run>,
    /// Somebody pressed Ctrl-C.
    pub(super) interrupted: bool,
    /// It was ended because its tasks waited for each other.
    pub(super) deadlocked: bool,
}

impl Console {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn open() -> std::io::Result<Self> {
        let (interrupts_in, interrupts) = unbounded();
        let handler_end = interrupts_in.clone();
        let printing = Arc::new(AtomicBool::new(false));
        let handler_printing = Arc::clone(&printing);
        // Without the handler Ctrl-C still ends the program, and with it the workers.
        let _ = ctrlc::set_handler(move || {
            if handler_printing.load(Ordering::Relaxed) {
                // Whoever reads it may have stopped reading.
                std::process::exit(INTERRUPTED.into());
            }
            let _ = handler_end.send(());
        });
        let (wake, woken) = bounded(1);
        let lab = Lab::start(None, move || {
            let _ = wake.try_send(());
        })?;
        Ok(Self { lab, woken, interrupts, _interrupts_in: interrupts_in, printing, runs: 0 })
    }

    /// Runs it to its end, which comes at once if tasks wait for each other for ever and `end_deadlock` says so. `None` = the lab
    /// broke, which was told.
    pub(super) fn run(
        &mut self,
        settings: CheckedSettings,
        end_deadlock: bool,
        mut show: impl FnMut(&Run),
    ) -> Option<Watched> {
        self.lab.send(Command::Run(Box::new(settings)));
        self.runs += 1;
        let (mut interrupted, mut told, mut deadlocked) = (false, None, false);
        loop {
            let woken = select! {
                recv(self.woken) -> woken => woken.is_ok(),
                recv(self.interrupts) -> _ => {
                    if interrupted {
                        // Asked twice: at once. Workers end with this process.
                        std::process::exit(INTERRUPTED.into());
                    }
                    interrupted = true;
                    self.lab.send(Command::StopNow);
                    true
                }
            };
            if !woken {
                complain("the run broke off because of a bug");
                return None;
            }
            let Some(run) = self.lab.run().filter(|run| run.number == self.runs) else { continue };
            show(&run);
            if run.deadlock != told {
                if let Some(deadlock) = &run.deadlock {
                    complain(&run.trace.describe_deadlock(deadlock));
                    if end_deadlock {
                        deadlocked = true;
                        self.lab.send(Command::StopNow);
                    }
                }
                told.clone_from(&run.deadlock);
            }
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
