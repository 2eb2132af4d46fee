//! Signals that end or suspend the program. Child processes are in process groups of their own, so that Ctrl-C reaches this program
//! alone; what a terminal does to a whole job, this program therefore does to them itself.
//!
//! ```text
//!  SIGINT, SIGTERM, SIGHUP ──▶ `on_end`
//!  SIGTSTP ──▶ children are told, and have stopped ──▶ this program stops ── SIGCONT ──▶ children go on
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::process_tree::{ProcessTree, TreeSignal};

/// What is suspended together with this program.
#[derive(Clone, Debug)]
enum Child {
    /// It suspends what it started itself.
    Worker(Pid),
    Tree(ProcessTree),
}

static CHILDREN: Mutex<BTreeMap<u64, Child>> = Mutex::new(BTreeMap::new());

/// A child that is suspended whenever this program is, until this is dropped.
#[derive(Debug)]
pub struct Suspendable(u64);

impl Suspendable {
    fn register(child: Child) -> Self {
        let mut children = CHILDREN.lock();
        let key = children.last_key_value().map_or(0, |(last, _)| last + 1);
        children.insert(key, child);
        Self(key)
    }

    pub(super) fn worker(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        Some(Self::register(Child::Worker(pid)))
    }

    pub(super) fn tree(tree: ProcessTree) -> Self {
        Self::register(Child::Tree(tree))
    }
}

impl Drop for Suspendable {
    fn drop(&mut self) {
        CHILDREN.lock().remove(&self.0);
    }
}

/// A parent may have left SIGCHLD ignored: then the system reaps children itself, and nobody learns how they ended.
pub(super) fn heed_children() {
    if is_ignored(SIGCHLD) {
        // A handler that does nothing. Programs that are started from here get the default.
        let _ = signal_hook::flag::register(SIGCHLD, Arc::new(AtomicBool::new(false)));
    }
}

pub(super) fn handle(on_end: impl Fn(u8) + Send + 'static) -> std::io::Result<()> {
    let mut watched = vec![SIGINT, SIGTERM, SIGTSTP];
    // What `nohup` started lives on without its terminal.
    if !is_ignored(SIGHUP) {
        watched.push(SIGHUP);
    }
    listen(&watched, move |signal| on_end(u8::try_from(128 + signal).unwrap_or(u8::MAX)))
}

pub(super) fn follow_suspension() -> std::io::Result<()> {
    listen(&[SIGTSTP], |_| {})
}

fn listen(watched: &[i32], on_end: impl Fn(i32) + Send + 'static) -> std::io::Result<()> {
    let mut signals = Signals::new(watched)?;
    let continued = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGCONT, continued.clone())?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGTSTP { suspend(&continued) } else { on_end(signal) }
        }
    })?;
    Ok(())
}

/// Stops the children, then this program, unless it has been `continued` meanwhile; returns when both go on.
fn suspend(continued: &AtomicBool) {
    continued.store(false, Ordering::Relaxed);
    let children = CHILDREN.lock().clone();
    for child in children.values() {
        match child {
            Child::Worker(pid) => _ = kill_process(*pid, Signal::TSTP),
            Child::Tree(tree) => tree.signal(TreeSignal::Suspend),
        }
    }
    for child in children.values() {
        if let Child::Worker(pid) = child {
            wait_until_stopped(*pid);
        }
    }
    if !continued.load(Ordering::Relaxed) {
        let _ = emulate_default_handler(SIGTSTP);
    }
    for child in children.values() {
        match child {
            Child::Worker(pid) => _ = kill_process(*pid, Signal::CONT),
            Child::Tree(tree) => tree.signal(TreeSignal::Resume),
        }
    }
}

/// A worker that is continued before it has stopped would stop after that, for good. One that ignores the signal is not waited for longer
/// than a second: nothing else of this program's signals is seen to meanwhile.
fn wait_until_stopped(worker: Pid) {
    const STEP: Duration = Duration::from_millis(2);
    // How a worker ended is for others to learn: NOWAIT leaves it there.
    let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    for _ in 0..500 {
        match waitid(WaitId::Pid(worker), options) {
            Ok(None) | Err(rustix::io::Errno::INTR) => thread::sleep(STEP),
            Ok(Some(_)) | Err(_) => return,
        }
    }
}

/// Whether this process ignores `signal`, as far as the system tells: Linux does.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
