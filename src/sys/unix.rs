//! The Unix half of [`crate::sys`].

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use rustix::event::{PollFd, PollFlags};

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

pub(super) struct CapturedOutput([File; 2]);

pub(super) fn capture_output() -> io::Result<CapturedOutput> {
    // All ends are close-on-exec but the two that become standard output and error.
    let ((output, output_in), (error, error_in)) = (io::pipe()?, io::pipe()?);
    rustix::stdio::dup2_stdout(&output_in)?;
    rustix::stdio::dup2_stderr(&error_in)?;
    Ok(CapturedOutput([OwnedFd::from(output).into(), OwnedFd::from(error).into()]))
}

impl CapturedOutput {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self([self.0[0].try_clone()?, self.0[1].try_clone()?]))
    }

    pub(super) fn wait_readable(&self) -> io::Result<()> {
        let mut polled = self.0.each_ref().map(|file| PollFd::new(file, PollFlags::IN));
        loop {
            match rustix::event::poll(&mut polled, None) {
                Err(rustix::io::Errno::INTR) => {}
                result => return result.map(drop).map_err(io::Error::from),
            }
        }
    }

    pub(super) fn readable(&self) -> [usize; 2] {
        self.0.each_ref().map(|file| rustix::io::ioctl_fionread(file).map_or(0, |bytes| bytes as usize))
    }

    pub(super) fn stream(&mut self, index: usize) -> &mut File {
        &mut self.0[index]
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
