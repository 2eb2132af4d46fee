//! What differs between operating systems, and nothing else: the clock that processes share, the pipes of a worker
//! child, how a child is started and how it ended. Everything above calls these functions and names no platform.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as platform;
#[cfg(unix)]
use unix as platform;

use std::fs::File;
use std::io;
use std::process::{Command, ExitStatus};

/// Nanoseconds on the machine's monotonic clock. Stamps of different local processes can be compared and subtracted
/// as they are; the zero point means nothing.
#[must_use]
pub fn monotonic_nanos() -> i64 {
    platform::monotonic_nanos()
}

/// The two ends of a worker's protocol, taken away from its standard input and output, so that a stray `println!` of a
/// task goes to standard error and never into the protocol.
///
/// # Errors
/// When the handles cannot be duplicated.
pub fn take_worker_pipes() -> io::Result<(File, File)> {
    platform::take_worker_pipes()
}

/// Sets `command` up so that the terminal's Ctrl-C reaches only the parent, which then stops its workers in order.
pub fn detach_from_terminal(command: &mut Command) {
    platform::detach_from_terminal(command);
}

/// How a process ended, in words: `exit code 99`, `signal 9 (SIGKILL)`.
#[must_use]
pub fn describe_exit(status: ExitStatus) -> String {
    platform::describe_exit(status)
}

/// A temporary file that will stay is to be like any other: readable by whom the user's settings allow, where temporary
/// files are otherwise the user's alone.
pub fn make_like_other_files(builder: &mut tempfile::Builder<'_, '_>) {
    platform::make_like_other_files(builder);
}

/// Whether a window can be opened at all. Only Linux and its relatives can lack a display server.
#[must_use]
pub fn has_display() -> bool {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        return true;
    }
    ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
