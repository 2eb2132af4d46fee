//! What differs between operating systems, and nothing else: the clock that processes share, the pipes of a worker
//! child, how a child is started and how it ended. Everything above calls these functions and names no platform.

mod clock;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod heap;
#[cfg(not(target_os = "linux"))]
mod no_shared_memory;
#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod process_tree;
#[cfg(target_os = "linux")]
mod shared_memory;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as platform;
#[cfg(unix)]
use unix as platform;

pub use platform::{ProcessTree, Suspendable, TreeSignal};

pub use clock::{TickLength, adopt_tick_length, monotonic_nanos, tick_length};

#[cfg(not(target_os = "linux"))]
pub use no_shared_memory::{SharedMemory, wait, wake};
#[cfg(target_os = "linux")]
pub use shared_memory::{SharedMemory, wait, wake};

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Gives memory that was freed back to the system, where the allocator does not do so by itself. Takes some milliseconds.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    heap::give_back();
}

/// The two ends of a worker's protocol, taken away from its standard input and output, so that a stray `println!` of a
/// task goes to standard error and never into the protocol.
///
/// # Errors
/// When the handles cannot be duplicated.
pub fn take_worker_pipes() -> io::Result<(File, File)> {
    platform::take_worker_pipes()
}

/// What a worker process is told, and what it is to be started with as its standard input. Writing when it is gone is an error, and never
/// SIGPIPE.
///
/// # Errors
/// When the system gives no more of such.
pub fn worker_input() -> io::Result<(Stdio, WorkerInput)> {
    platform::worker_input().map(|(its, own)| (its, WorkerInput(own)))
}

/// See [`worker_input`].
pub struct WorkerInput(platform::WorkerInput);

impl Write for WorkerInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What the child `pid` says to its standard output, up to its end, as far as the system tells of that (Linux): elsewhere, until
/// nobody can write there any more.
#[must_use]
pub fn child_output(output: ChildStdout, pid: u32) -> impl io::Read + Send {
    platform::ChildOutput::of(output, pid)
}

/// The process that started this one, if it still lives and the system tells.
#[must_use]
pub fn parent_id() -> Option<u32> {
    platform::parent_id()
}

/// Standard output and error of this process, read by itself.
pub struct CapturedOutput(platform::CapturedOutput);

/// Makes everything that this process writes to standard output and error readable for itself.
///
/// # Errors
/// When the system does not let us.
pub fn capture_output() -> io::Result<CapturedOutput> {
    platform::capture_output().map(CapturedOutput)
}

impl CapturedOutput {
    /// Another handle to the same.
    ///
    /// # Errors
    /// When the handles cannot be duplicated.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Waits until there is something to read. False = there will never be, as nobody can write to either any more.
    ///
    /// # Errors
    /// When the system can't wait.
    pub fn wait_readable(&mut self) -> io::Result<bool> {
        self.0.wait_readable()
    }

    /// How many bytes can be read without waiting: of standard output, and of standard error.
    #[must_use]
    pub fn readable(&self) -> [usize; 2] {
        self.0.readable()
    }

    /// What standard output (0) or standard error (1) says.
    pub fn stream(&mut self, index: usize) -> &mut File {
        self.0.stream(index)
    }
}

/// A name as its bytes spell it: on Unix any bytes, elsewhere UTF-8. `None` if it can't be one.
#[must_use]
pub fn os_string(bytes: &[u8]) -> Option<OsString> {
    platform::os_string(bytes)
}

/// What tells a file from all others, whatever paths and links lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity(platform::FileIdentity);

/// The file that a path leads to, links followed; `None` if there is none.
#[must_use]
pub fn file_identity(path: &Path) -> Option<FileIdentity> {
    platform::file_identity(path).map(FileIdentity)
}

/// Whether `error` says that there is no more of something that others may give back: processes, threads, files, memory.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    platform::is_shortage(error)
}

/// Asks a child to end, as politely as the system can. It may be dead already.
pub fn terminate(child: &mut Child) {
    platform::terminate(child);
}

/// Shows a folder in the system's own program for that.
///
/// # Errors
/// When there is none, or it can't be started.
pub fn open_folder(folder: &Path) -> io::Result<()> {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    detach_from_terminal(&mut command);
    let cannot = |error| io::Error::other(format!("can't start {program}: {error}"));
    let ended = command.spawn().map_err(cannot)?.wait()?;
    // Windows' Explorer ends with 1 whatever came of it.
    if ended.success() || cfg!(windows) { Ok(()) } else { Err(io::Error::other(format!("{program} can't show it"))) }
}

/// A command that has the system's shell run `line`, in which each `hole` stands for `item` as one word; `None` if the shell has no way
/// to write that word.
#[must_use]
pub fn shell_command(line: &str, hole: &str, item: &OsStr) -> Option<Command> {
    platform::shell_command(line, hole, item)
}

/// What an ordinary new file may be used for by whom, before the user's own mask is taken off; `None` = the system has no such thing.
#[must_use]
pub fn ordinary_file() -> Option<std::fs::Permissions> {
    platform::ordinary_file()
}

/// The standard output or error of this program, if that is the file: whoever replaced it would leave this program without.
#[must_use]
pub fn standard_stream(file: &std::fs::Metadata) -> Option<Box<dyn io::Write>> {
    platform::standard_stream(file)
}

/// Waits until a child has ended, without forgetting it: until somebody waits for it again, its number is its own. Where the system
/// can't do that, it is forgotten, and its status kept.
///
/// # Errors
/// When it is no child of this process.
pub fn wait_unreaped(child: &mut Child) -> io::Result<()> {
    platform::wait_unreaped(child)
}

/// Reaps a child that has ended: how it ended, and how long it and what it waited for were on a core.
///
/// # Errors
/// When it is no child of this process.
pub fn reap(child: Child) -> io::Result<(ExitStatus, Duration)> {
    use wait4::Wait4;
    let ended = child.wait4()?;
    Ok((ended.status, ended.rusage.utime + ended.rusage.stime))
}

/// How long a process that runs, and those of its children that it has waited for, were on a core so far, if the system tells: Linux
/// does, in steps of some milliseconds.
#[must_use]
pub fn process_cpu_nanos(pid: u32) -> Option<u64> {
    #[cfg(target_os = "linux")]
    return process_tree::process_cpu_nanos(pid);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = pid;
        None
    }
}

/// How long all cores were busy since the system started, added up, in nanoseconds, and how long other machines on the same host had
/// them instead; if the system tells: Linux does, in steps of some milliseconds.
#[must_use]
pub fn machine_busy_nanos() -> Option<u64> {
    #[cfg(target_os = "linux")]
    return process_tree::machine_busy_nanos();
    #[cfg(not(target_os = "linux"))]
    None
}

/// Makes sure that this process learns how its children end. Call it first.
pub fn heed_children() {
    platform::heed_children();
}

/// Has `on_end` called, with the exit status that goes with the signal (130 for Ctrl-C), whenever this program is asked to end. From
/// then on it is suspended together with its children.
///
/// # Errors
/// When the system does not let us.
pub fn handle_signals(on_end: impl Fn(u8) + Send + 'static) -> io::Result<()> {
    platform::handle_signals(on_end)
}

/// From now on this program is suspended together with its children, and ends as ever.
///
/// # Errors
/// When the system does not let us.
pub fn follow_suspension() -> io::Result<()> {
    platform::follow_suspension()
}

/// A worker process that is suspended whenever this program is, as long as the value lives.
#[must_use]
pub fn suspend_worker_with_this(pid: u32) -> Option<Suspendable> {
    platform::suspend_worker_with_this(pid)
}

/// A tree of processes that is suspended whenever this program is, as long as the value lives.
#[must_use]
pub fn suspend_with_this(tree: ProcessTree) -> Option<Suspendable> {
    platform::suspend_with_this(tree)
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

/// How a process ended, as Python's `subprocess` has it: its exit code, or the signal, negative.
#[must_use]
pub fn exit_number(status: ExitStatus) -> i32 {
    platform::exit_number(status)
}

/// A temporary file that will stay is to be like any other: readable by whom the user's settings allow, where temporary
/// files are otherwise the user's alone.
pub fn make_like_other_files(builder: &mut tempfile::Builder<'_, '_>) {
    platform::make_like_other_files(builder);
}

/// How long the calling thread was on a core so far, in nanoseconds, if the system tells. A system call.
#[must_use]
pub fn thread_cpu_nanos() -> Option<u64> {
    platform::thread_cpu_nanos()
}

/// Timed waits of the calling thread are to end on time, where the system would otherwise take its time to save energy. Only Linux
/// can be asked for that; elsewhere nothing happens.
pub fn wake_this_thread_on_time() {
    #[cfg(target_os = "linux")]
    // Where it does not work, waits are some tens of microseconds longer.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
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
