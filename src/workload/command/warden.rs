//! Commands must not outlive the process that has started them, however that one ends. A process can't see to that itself when it is killed,
//! so another does: the warden, one for each process that starts commands.
//!
//! ```text
//!  this process ── "start 7", "pid 7 4711", "end 7" ──▶ pipe ──▶ warden ── the pipe closes: kills what has not ended
//! ```
//! The warden hears of a command before it is started, so none is missed. It kills only commands that have not ended: what one of
//! them left running on purpose, such as a service, lives on.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::sys::{self, ProcessTree, TreeSignal};

/// The argument with which this program is a warden.
const ARGUMENT: &str = "warden";

/// The variable that marks the processes of a command, where the system shows a process's environment (Linux). Its value is that of
/// the process that started it, and the command's number there.
const MARK: &str = "POOLSCOPE_WARDEN";

/// No other process has the same.
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

fn tell(line: std::fmt::Arguments<'_>) {
    if let Some(warden) = &*WARDEN {
        // A warden that is gone can't be helped.
        let _ = writeln!(warden.lock(), "{line}");
    }
}

fn mark(id: &str, number: u64) -> (String, String) {
    (MARK.to_owned(), format!("{id}.{number}"))
}

/// A command that the warden knows of, until this is dropped.
pub(super) struct Guarded(u64);

impl Guarded {
    /// `command` is about to be started.
    pub(super) fn new(command: &mut Command) -> Self {
        static COMMANDS: AtomicU64 = AtomicU64::new(0);
        let number = COMMANDS.fetch_add(1, Ordering::Relaxed);
        tell(format_args!("start {number}"));
        let (name, value) = mark(&ID, number);
        command.env(name, value);
        Self(number)
    }

    /// It was started, as that process. Returns all processes that belong to it.
    pub(super) fn started(&self, pid: u32) -> ProcessTree {
        tell(format_args!("pid {} {pid}", self.0));
        ProcessTree::new(Some(pid), Some(mark(&ID, self.0)))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        tell(format_args!("end {}", self.0));
    }
}

/// The warden's life: hears of commands through standard input until that closes, and then kills those that have not ended.
pub fn keep_watch() {
    let mut commands: BTreeMap<u64, Option<u32>> = BTreeMap::new();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["start", number] => _ = number.parse().map(|number| commands.insert(number, None)),
            ["pid", number, pid] => _ = number.parse().map(|number| commands.insert(number, pid.parse().ok())),
            ["end", number] => _ = number.parse().map(|number: u64| commands.remove(&number)),
            _ => {}
        }
    }
    let Ok(id) = std::env::var(MARK) else { return };
    for (number, pid) in commands {
        ProcessTree::new(pid, Some(mark(&id, number))).signal(TreeSignal::Kill);
    }
}
