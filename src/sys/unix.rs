//! The Unix half of [`crate::sys`].

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags};
use rustix::net::SendFlags;

pub use super::process_tree::{ProcessTree, TreeSignal};
pub use super::signals::Suspendable;
pub(super) use super::signals::{follow_suspension, handle as handle_signals, heed_children};

pub(super) fn wait_unreaped(child: &mut Child) -> io::Result<()> {
    super::process_tree::wait_unreaped(child)
}

pub(super) fn suspend_worker_with_this(pid: u32) -> Option<Suspendable> {
    Suspendable::worker(pid)
}

#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn suspend_with_this(tree: ProcessTree) -> Option<Suspendable> {
    Some(Suspendable::tree(tree))
}

pub(super) fn take_worker_pipes() -> io::Result<(File, File)> {
    // Duplicates are close-on-exec: a program that a task starts can't hold the protocol open.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let nothing = File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((File::from(input), File::from(output)))
}

pub(super) fn thread_cpu_nanos() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(u64::try_from(time.tv_nsec).ok()?)
}

/// What a worker hears: a socket, as only its writer can say that a reader who is gone is no reason to be killed by SIGPIPE, whatever
/// the program has made of that signal.
pub(super) struct WorkerInput(UnixStream);

pub(super) fn worker_input() -> io::Result<(Stdio, WorkerInput)> {
    let (own, its) = UnixStream::pair()?;
    #[cfg(target_vendor = "apple")]
    rustix::net::sockopt::set_socket_nosigpipe(&own, true)?;
    Ok((OwnedFd::from(its).into(), WorkerInput(own)))
}

impl io::Write for WorkerInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(target_vendor = "apple")]
        let flags = SendFlags::empty();
        #[cfg(not(target_vendor = "apple"))]
        let flags = SendFlags::NOSIGNAL;
        Ok(rustix::net::send(&self.0, bytes, flags)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a child says until it ends: also while others, which it has forked, keep its output open.
pub(super) struct ChildOutput {
    output: File,
    /// Readable once the child has ended; `None` = the system does not tell.
    ended: Option<OwnedFd>,
}

impl ChildOutput {
    pub(super) fn of(output: ChildStdout, pid: u32) -> Self {
        let output = File::from(OwnedFd::from(output));
        let ended = ends(pid).filter(|_| {
            // The child's end is another matter, and goes on to block.
            rustix::fs::fcntl_setfl(&output, rustix::fs::OFlags::NONBLOCK).is_ok()
        });
        Self { output, ended }
    }
}

#[cfg(target_os = "linux")]
fn ends(pid: u32) -> Option<OwnedFd> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn ends(_pid: u32) -> Option<OwnedFd> {
    None
}

impl Read for ChildOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(ended) = &self.ended else { return self.output.read(buffer) };
        let mut has_ended = false;
        loop {
            match self.output.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            // What it had said by then has been read.
            if has_ended {
                return Ok(0);
            }
            let mut polled = [PollFd::new(&self.output, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
            match rustix::event::poll(&mut polled, None) {
                Err(rustix::io::Errno::INTR) => {}
                polled_now => _ = polled_now?,
            }
            has_ended = !polled[1].revents().is_empty();
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
pub(super) fn parent_id() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

pub(super) struct CapturedOutput {
    streams: [File; 2],
    /// Somebody can still write to it.
    is_open: [bool; 2],
}

pub(super) fn capture_output() -> io::Result<CapturedOutput> {
    // All ends are close-on-exec but the two that become standard output and error.
    let ((output, output_in), (error, error_in)) = (io::pipe()?, io::pipe()?);
    rustix::stdio::dup2_stdout(&output_in)?;
    rustix::stdio::dup2_stderr(&error_in)?;
    Ok(CapturedOutput { streams: [OwnedFd::from(output).into(), OwnedFd::from(error).into()], is_open: [true; 2] })
}

impl CapturedOutput {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { streams: [self.streams[0].try_clone()?, self.streams[1].try_clone()?], is_open: self.is_open })
    }

    pub(super) fn wait_readable(&mut self) -> io::Result<bool> {
        while self.is_open.contains(&true) {
            let open: Vec<usize> = (0..2).filter(|&index| self.is_open[index]).collect();
            let mut polled: Vec<_> =
                open.iter().map(|&index| PollFd::new(&self.streams[index], PollFlags::IN)).collect();
            match rustix::event::poll(&mut polled, None) {
                Err(rustix::io::Errno::INTR) => continue,
                polled_now => _ = polled_now?,
            }
            let events: Vec<_> = polled.iter().map(PollFd::revents).collect();
            if events.iter().any(|events| events.contains(PollFlags::IN)) {
                return Ok(true);
            }
            // One that was closed, as by a task that sends its output elsewhere, is ready all the time, for nothing.
            for (index, events) in open.into_iter().zip(events) {
                self.is_open[index] &= events.is_empty();
            }
        }
        Ok(false)
    }

    pub(super) fn readable(&self) -> [usize; 2] {
        self.streams.each_ref().map(|file| rustix::io::ioctl_fionread(file).map_or(0, |bytes| bytes as usize))
    }

    pub(super) fn stream(&mut self, index: usize) -> &mut File {
        &mut self.streams[index]
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other systems have names that are no bytes")]
pub(super) fn os_string(bytes: &[u8]) -> Option<OsString> {
    Some(OsStr::from_bytes(bytes).to_owned())
}

/// Device and inode.
pub(super) type FileIdentity = (u64, u64);

pub(super) fn file_identity(path: &Path) -> Option<FileIdentity> {
    let there = std::fs::metadata(path).ok()?;
    Some((there.dev(), there.ino()))
}

pub(super) fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let short = [Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| short.contains(&code))
}

pub(super) fn terminate(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
        && matches!(child.try_wait(), Ok(None))
    {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other shells can't write every word")]
pub(super) fn shell_command(line: &str, hole: &str, item: &OsStr) -> Option<Command> {
    let mut command = Command::new("/bin/sh");
    // The item is no part of the line: no shell ever takes it for code.
    command.arg("-c").arg(line.replace(hole, "\"$1\"")).arg("sh").arg(item);
    Some(command)
}

pub(super) fn detach_from_terminal(command: &mut Command) {
    command.process_group(0);
}

pub(super) fn make_like_other_files(builder: &mut tempfile::Builder<'_, '_>) {
    // As `open` does; the user's umask takes off what it takes off.
    builder.permissions(Permissions::from_mode(0o666));
}

pub(super) fn describe_exit(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => match signal_hook::low_level::signal_name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        },
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => status.to_string(),
    }
}

pub(super) fn exit_number(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1)
}

pub(super) fn standard_stream(file: &Metadata) -> Option<Box<dyn io::Write>> {
    let is = |stream: &dyn AsFd| {
        let place = |stat: &rustix::fs::Stat| (stat.st_dev, stat.st_ino);
        rustix::fs::fstat(stream).is_ok_and(|stat| place(&stat) == (file.dev() as _, file.ino() as _))
    };
    if is(&io::stdout()) {
        Some(Box::new(io::stdout()))
    } else if is(&io::stderr()) {
        Some(Box::new(io::stderr()))
    } else {
        None
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn ordinary_file() -> Option<std::fs::Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}
