//! Commands must not outlive the process that has started them, however that one ends. A process can't see to that itself when it is killed,
//! so another does: the warden, one for each process that starts commands, which hears of them through a pipe. When the pipe closes,
//! it kills those that were not said to have ended. A command that was started in the last moment may not have been told of: commands
//! carry a mark in their environment, by which they are found where the system shows it (Linux). The pipe does not close before they do.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::sys;

/// The argument with which this program is a warden.
pub(super) const ARGUMENT: &str = "warden";

/// The variable that holds the mark.
const MARK: &str = "POOLSCOPE_WARDEN";

/// The mark of this process's commands: no other process has the same.
static ID: LazyLock<String> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
});

/// The pipe to this process's warden. `None` if there could not be one: then a process that is killed leaves its commands behind.
static WARDEN: LazyLock<Option<Mutex<ChildStdin>>> = LazyLock::new(|| start().ok().flatten().map(Mutex::new));

fn start() -> io::Result<Option<ChildStdin>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ARGUMENT).env(MARK, &*ID).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    sys::detach_from_terminal(&mut command);
    // It ends when this process does; nobody waits for it.
    Ok(command.spawn()?.stdin.take())
}

/// Marks a command that is to be started. From then on there is a warden.
pub(super) fn mark(command: &mut Command) {
    LazyLock::force(&WARDEN);
    command.env(MARK, &*ID);
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
    if let Ok(id) = std::env::var(MARK) {
        sys::kill_marked(MARK, &id);
    }
}
