//! One run of a command: its output, its end, and that nothing of it is left.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use parking_lot::Mutex;

use super::warden;
use crate::executor::{Stream, TaskContext, TaskError};
use crate::sys;
use crate::workload::unattended::LOOK_AGAIN;

/// Of what a command says on a stream, so many bytes are told, and so many are kept: the first of standard output, the last of standard
/// error. However much it says, it is read, so that nobody waits for a reader.
const KEPT: usize = 4096;

/// Nothing takes longer to die when it is killed.
const DEATH: Duration = Duration::from_secs(5);

/// Whoever keeps the pipes open after all of the command's own processes are gone has left its group on purpose.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// Why a command gave no result.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error("there is no program `{0}`")]
    NoSuchProgram(String),
    #[error("`{program}` can't be executed")]
    NotExecutable {
        program: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("`{program}` ended with {exit}")]
    Failed {
        program: String,
        exit: String,
        #[source]
        said: Option<Said>,
    },
    #[error("`{program}` did not end within {} s, and was killed", .timeout.as_secs_f64())]
    TimedOut { program: String, timeout: Duration },
    #[error(transparent)]
    Stopped(TaskError),
    #[error("`{program}` can't be watched")]
    System {
        program: String,
        #[source]
        cause: std::io::Error,
    },
}

/// The last words of a command.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

/// Runs it to its end. The result is the first line that it writes to standard output. The task says what it says, as it comes: of each
/// stream the first bytes, and of standard error the last too.
///
/// # Errors
/// When it can't be started, does not end in time, or says by its exit status that it failed; [`TaskError::Interrupted`] as soon as the
/// task is asked to stop. In each case no process of it is left.
pub(super) fn run(command: Command, timeout: Option<Duration>, context: &TaskContext) -> Result<String, TaskError> {
    let program = command.get_program().display().to_string();
    context.blocking(|| start_and_wait(command, &program, timeout, context)).map_err(|error| match error {
        CommandError::Stopped(error) => error,
        error => TaskError::from_error(&error),
    })
}

/// Returns as soon as it may when the task was asked to stop.
fn start_and_wait(
    mut command: Command,
    program: &str,
    timeout: Option<Duration>,
    context: &TaskContext,
) -> Result<String, CommandError> {
    let program = program.to_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that all of it can be killed; and Ctrl-C is for this program.
    sys::detach_from_terminal(&mut command);
    warden::mark(&mut command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(CommandError::NoSuchProgram(program)),
        Err(cause) => return Err(CommandError::NotExecutable { program, cause }),
    };
    warden::watch(child.id());
    let (says, said) = unbounded();
    let output = Kept::of(child.stdout.take(), Stream::Stdout, &says);
    let errors = Kept::of(child.stderr.take(), Stream::Stderr, &says);
    drop(says);
    let tree = Arc::new(Tree { pid: child.id(), reaped: Mutex::new(false) });
    let ended = tree.reap_when_it_ends(child);
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let (mut killed_at, mut timed_out, mut stopped, mut is_silent) = (None, false, Ok(()), false);
    let status = loop {
        // Lines are said as they come.
        let nothing = never();
        select! {
            recv(if is_silent { &nothing } else { &said }) -> line => match line {
                Ok((stream, line)) => {
                    context.print(stream, line);
                    continue;
                }
                Err(_) => is_silent = true,
            },
            recv(ended) -> status => if let Ok(status) = status {
                break status;
            } else {
                tree.kill();
                break Err(std::io::Error::other("its end was not seen"));
            },
            default(LOOK_AGAIN) => {}
        }
        match killed_at {
            // It may be another user's, by now.
            Some(at) if Instant::elapsed(&at) > DEATH => break Err(std::io::Error::other("it can't be killed")),
            Some(_) => {}
            None => {
                timed_out = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                stopped = context.may_go_on();
                if timed_out || stopped.is_err() {
                    tree.kill();
                    killed_at = Some(Instant::now());
                }
            }
        }
    };
    warden::forget(tree.pid);
    stopped.map_err(CommandError::Stopped)?;
    let status = status.map_err(|cause| CommandError::System { program: program.clone(), cause })?;
    let (output, errors) = (output.finish(), errors.finish());
    said.try_iter().for_each(|(stream, line)| context.print(stream, line));
    // Of more than it was worth to tell, the last words.
    errors.untold.lines().for_each(|line| context.print(Stream::Stderr, line));
    let (output, errors) = (output.text, errors.text);
    match timeout {
        Some(timeout) if timed_out => Err(CommandError::TimedOut { program, timeout }),
        _ if status.success() => {
            let line = output.lines().next().unwrap_or_default();
            Ok(if line.is_empty() { "exit code 0".to_owned() } else { line.to_owned() })
        }
        _ => {
            let said = Some(errors).filter(|said| !said.is_empty()).map(Said);
            Err(CommandError::Failed { program, exit: sys::describe_exit(status), said })
        }
    }
}

/// The processes of a command.
struct Tree {
    pid: u32,
    /// Its first process is no more: the number may be another's.
    reaped: Mutex<bool>,
}

impl Tree {
    fn kill(&self) {
        let reaped = self.reaped.lock();
        if !*reaped {
            sys::kill_tree(self.pid);
        }
    }

    /// Whatever the first process has left behind when it ends is killed.
    fn reap_when_it_ends(self: &Arc<Self>, mut child: std::process::Child) -> Receiver<std::io::Result<ExitStatus>> {
        let (say, said) = bounded(1);
        let tree = Arc::clone(self);
        // Without the thread, the receiver hears that nobody is there.
        let _ = thread::Builder::new().name("command".to_owned()).spawn(move || {
            let ended = sys::wait_unreaped(&mut child);
            tree.kill();
            let mut reaped = tree.reaped.lock();
            let status = child.wait();
            *reaped = true;
            drop(reaped);
            let _ = say.send(ended.and(status));
        });
        said
    }
}

/// What is kept of a stream, while it is read.
struct Kept {
    bytes: Arc<Mutex<Bytes>>,
    /// Closes when the stream does.
    open: Receiver<()>,
}

#[derive(Default)]
struct Bytes {
    kept: Vec<u8>,
    /// How many were kept, or were let go for later ones, since the last line was told.
    untold: usize,
}

/// All that was kept, as text.
struct Finished {
    text: String,
    /// What of it was not told.
    untold: String,
}

impl Kept {
    /// Reads it to its end. Lines are told to `says`, as long as they are not too many.
    fn of(stream: Option<impl Read + Send + 'static>, which: Stream, says: &Sender<(Stream, String)>) -> Self {
        let bytes = Arc::<Mutex<Bytes>>::default();
        let (open_in, open) = bounded(0);
        let (into, says) = (Arc::clone(&bytes), says.clone());
        if let Some(stream) = stream {
            // Without the thread the pipe is closed, and nothing is kept.
            let reading = move || read(stream, which, &into, &says, open_in);
            let _ = thread::Builder::new().name("output".to_owned()).spawn(reading);
        }
        Self { bytes, open }
    }

    fn finish(self) -> Finished {
        let _ = self.open.recv_timeout(STRAGGLERS);
        let bytes = self.bytes.lock();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let told = bytes.kept.len().saturating_sub(bytes.untold);
        Finished { text: text(&bytes.kept), untold: text(&bytes.kept[told..]) }
    }
}

/// Of standard output the first bytes are kept and told; of standard error the last are kept, and the first told.
fn read(mut stream: impl Read, which: Stream, kept: &Mutex<Bytes>, says: &Sender<(Stream, String)>, open: Sender<()>) {
    let mut buffer = vec![0; 1 << 16];
    let (mut line, mut told) = (Vec::new(), 0);
    loop {
        let read = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let mut bytes = kept.lock();
        if which == Stream::Stdout {
            let room = KEPT.saturating_sub(bytes.kept.len());
            bytes.kept.extend_from_slice(&buffer[..read.min(room)]);
        } else {
            bytes.kept.extend_from_slice(&buffer[read.saturating_sub(KEPT)..read]);
            let surplus = bytes.kept.len().saturating_sub(KEPT);
            bytes.kept.drain(..surplus);
            bytes.untold += read;
        }
        for part in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
            if told + line.len() >= KEPT {
                break;
            }
            let room = KEPT - told - line.len();
            line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") || told + line.len() >= KEPT {
                told += line.len();
                bytes.untold = bytes.untold.saturating_sub(line.len());
                tell(&mut line, which, says);
            }
        }
    }
    if !line.is_empty() {
        let mut bytes = kept.lock();
        bytes.untold = bytes.untold.saturating_sub(line.len());
        tell(&mut line, which, says);
    }
    drop(open);
}

/// Says a line, unless there is nothing in it.
fn tell(line: &mut Vec<u8>, which: Stream, says: &Sender<(Stream, String)>) {
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    line.clear();
    if !text.is_empty() {
        let _ = says.send((which, text));
    }
}
