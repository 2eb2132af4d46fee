//! Commands must not outlive the process that has started them, however that one ends. A process can't see to that itself when it is killed,
//! so another does: the warden, one for each process that starts commands, which hears of them through a pipe. When the pipe closes,
//! it kills those that were not said to have ended.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::LazyLock;

use parking_lot::Mutex;

use crate::sys;

/// The argument with which this program is a warden.
pub(super) const ARGUMENT: &str = "warden";

/// The pipe to this process's warden. `None` if there could not be one: then a process that is killed leaves its commands behind.
static WARDEN: LazyLock<Option<Mutex<ChildStdin>>> = LazyLock::new(|| start().ok().flatten().map(Mutex::new));

fn start() -> io::Result<Option<ChildStdin>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    sys::detach_from_terminal(&mut command);
    // It ends when this process does; nobody waits for it.
    Ok(command.spawn()?.stdin.take())
}

/// There is a command, whose first process is `pid`.
pub(super) fn watch(pid: u32) {
    tell('+', pid);
}

/// There is no such command any more.
pub(super) fn forget(pid: u32) {
    tell('-', pid);
}

fn tell(sign: char, pid: u32) {
    if let Some(warden) = &*WARDEN {
        // A warden that is gone can't be helped.
        let _ = writeln!(warden.lock(), "{sign}{pid}");
    }
}

/// The warden's life: hears of commands through standard input until that closes, and then kills those that are left.
pub fn keep_watch() {
    let mut commands = BTreeSet::new();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        match (line.split_at_checked(1), line.get(1..).and_then(|pid| pid.parse::<u32>().ok())) {
            (Some(("+", _)), Some(pid)) => _ = commands.insert(pid),
            (Some(("-", _)), Some(pid)) => _ = commands.remove(&pid),
            _ => {}
        }
    }
    commands.into_iter().for_each(sys::kill_tree);
}
