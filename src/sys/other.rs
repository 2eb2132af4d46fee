//! The half of [`crate::sys`] for platforms that are not Unix, which means Windows.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

pub(super) fn take_worker_pipes() -> io::Result<(File, File)> {
    // The standard handles can't be replaced without unsafe code here: a task must not print to standard output.
    use std::os::windows::io::AsHandle;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((File::from(input), File::from(output)))
}

/// Can't be had without unsafe code here.
pub(super) const fn thread_cpu_nanos() -> Option<u64> {
    None
}

/// The child's end comes with the child.
pub(super) type WorkerInput = io::PipeWriter;

pub(super) fn worker_input() -> io::Result<(Stdio, WorkerInput)> {
    let (its, own) = io::pipe()?;
    Ok((its.into(), own))
}

/// There it ends when nobody can write any more.
pub(super) struct ChildOutput;

impl ChildOutput {
    pub(super) fn of(output: ChildStdout, _pid: u32) -> ChildStdout {
        output
    }
}

pub(super) const fn parent_id() -> Option<u32> {
    None
}

/// Can't be had without unsafe code here.
pub(super) enum CapturedOutput {}

pub(super) fn capture_output() -> io::Result<CapturedOutput> {
    Err(io::ErrorKind::Unsupported.into())
}

impl CapturedOutput {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match *self {}
    }

    pub(super) fn wait_readable(&mut self) -> io::Result<bool> {
        match *self {}
    }

    pub(super) fn readable(&self) -> [usize; 2] {
        match *self {}
    }

    pub(super) fn stream(&mut self, _index: usize) -> &mut File {
        match *self {}
    }
}

pub(super) fn os_string(bytes: &[u8]) -> Option<OsString> {
    str::from_utf8(bytes).ok().map(OsString::from)
}

/// The path without links. Hard links are not recognised.
pub(super) type FileIdentity = std::path::PathBuf;

pub(super) fn file_identity(path: &std::path::Path) -> Option<FileIdentity> {
    path.canonicalize().ok()
}

pub(super) fn is_shortage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}

pub(super) fn terminate(child: &mut Child) {
    let _ = child.kill();
}

pub(super) fn shell_command(line: &str, hole: &str, item: &OsStr) -> Option<Command> {
    use std::os::windows::process::CommandExt;
    // That shell has no way to quote some letters.
    let item = item.to_str().filter(|item| !item.contains(['"', '%', '\n', '\r']))?;
    let mut command = Command::new("cmd");
    // The line is quoted as that shell has it, and not as programs do.
    command.arg("/C").raw_arg(line.replace(hole, &format!("\"{item}\"")));
    Some(command)
}

/// A program that was started, and all that it has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessTree(Option<u32>);

/// What can be done to a whole tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TreeSignal {
    Kill,
    Suspend,
    Resume,
}

impl ProcessTree {
    /// Of the process `root`; the mark is for systems that show it.
    #[must_use]
    pub fn new(root: Option<u32>, _mark: Option<(String, String)>) -> Self {
        Self(root)
    }

    /// Ends all its processes. Nothing else can be done to them here.
    pub fn signal(&self, signal: TreeSignal) {
        let (Some(pid), TreeSignal::Kill) = (self.0, signal) else { return };
        let mut command = Command::new("taskkill");
        command.args(["/T", "/F", "/PID", &pid.to_string()]);
        detach_from_terminal(&mut command);
        let _ = command.output();
    }
}

/// There is no such thing here.
#[derive(Debug)]
pub enum Suspendable {}

pub(super) fn suspend_worker_with_this(_pid: u32) -> Option<Suspendable> {
    None
}

pub(super) fn suspend_with_this(_tree: ProcessTree) -> Option<Suspendable> {
    None
}

pub(super) const fn heed_children() {}

pub(super) fn handle_signals(on_end: impl Fn(u8) + Send + 'static) -> io::Result<()> {
    /// As shells have it for Ctrl-C.
    const INTERRUPTED: u8 = 130;
    ctrlc::set_handler(move || on_end(INTERRUPTED)).map_err(io::Error::other)
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(super) const fn follow_suspension() -> io::Result<()> {
    Ok(())
}

pub(super) fn exit_number(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

pub(super) fn wait_unreaped(child: &mut Child) -> io::Result<()> {
    // As long as the handle is open, the number is the child's.
    child.wait().map(drop)
}

pub(super) fn detach_from_terminal(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
}

pub(super) fn make_like_other_files(_builder: &mut tempfile::Builder<'_, '_>) {}

pub(super) fn describe_exit(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

pub(super) const fn ordinary_file() -> Option<std::fs::Permissions> {
    None
}

pub(super) fn standard_stream(_: &std::fs::Metadata) -> Option<Box<dyn std::io::Write>> {
    None
}
