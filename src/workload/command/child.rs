//! One run of a command: its start, its output, its end, and what of it is killed when.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, never, select, unbounded};
use parking_lot::Mutex;

use super::output::{Output, Said};
use super::start::{StartError, explain};
use super::warden::Guarded;
use crate::executor::{Stream, TaskContext, TaskError};
use crate::sys::{self, ProcessTree, TreeSignal};
use crate::workload::unattended::LOOK_AGAIN;

/// Nothing takes longer to die when it is killed.
const DEATH: Duration = Duration::from_secs(5);

/// Whoever keeps the pipes open when the command itself has ended is a service, and not waited for.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// How often it is looked how much a command has computed.
const CPU_INTERVAL: Duration = Duration::from_millis(100);

/// Why a command gave no result.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("`{program}` failed with {exit}")]
    Failed {
        program: String,
        exit: String,
        #[source]
        said: Option<LastWords>,
    },
    #[error("`{program}` exceeded its time limit of {} s and was killed", .timeout.as_secs_f64())]
    TimedOut { program: String, timeout: Duration },
    #[error(transparent)]
    Stopped(TaskError),
    #[error("lost track of `{program}`")]
    System {
        program: String,
        #[source]
        cause: io::Error,
    },
}

/// The last words of a command.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct LastWords(String);

/// Runs it to its end. The result is the first line that it writes to standard output. What it writes goes to the log of the task, as
/// it comes.
///
/// # Errors
/// When it can't be started, does not end in time, or says by its exit status that it failed; [`TaskError::Interrupted`] as soon as the
/// task is asked to stop. When its time is over or it is stopped, all that it has started is killed with it; when it has ended by
/// itself, what it left running lives on.
pub(super) fn run(command: Command, timeout: Option<Duration>, context: &TaskContext) -> Result<String, TaskError> {
    context.blocking(|| start_and_wait(command, timeout, context)).map_err(|error| match error {
        CommandError::Stopped(error) => error,
        error => TaskError::from_error(&error),
    })
}

fn start_and_wait(
    mut command: Command,
    timeout: Option<Duration>,
    context: &TaskContext,
) -> Result<String, CommandError> {
    let program = command.get_program().display().to_string();
    let cannot = |cause| CommandError::System { program: program.clone(), cause };
    let (output, output_in) = io::pipe().map_err(cannot)?;
    let (errors, errors_in) = io::pipe().map_err(cannot)?;
    command.stdin(Stdio::null()).stdout(output_in).stderr(errors_in);
    // A group of its own, so that all of it can be killed; and Ctrl-C is for this program.
    sys::detach_from_terminal(&mut command);
    let guarded = Guarded::new(&mut command);
    let child = command.spawn().map_err(|error| explain(&command, error))?;
    // It holds the command's ends of the pipes.
    drop(command);
    let tree = guarded.started(child.id());
    let _suspendable = sys::suspend_with_this(tree.clone());
    let (says, said) = unbounded();
    let mut output = Output::of(output, Stream::Stdout, &says);
    let mut errors = Output::of(errors, Stream::Stderr, &says);
    drop(says);
    let mut process = Process::new(child, tree);
    let tell = |(stream, what): (Stream, Said)| match what {
        Said::Line(line) => context.print(stream, line),
        Said::Omitted { lines, bytes } => context.output_omitted(stream, lines, bytes),
    };
    let mut limit = Limit::new(timeout);
    let mut killed = None;
    let status = loop {
        let silence = never();
        limit.look();
        select! {
            recv(if process.is_silent { &silence } else { &said }) -> line => match line {
                Ok(line) => {
                    tell(line);
                    continue;
                }
                Err(_) => process.is_silent = true,
            },
            recv(process.ended) -> ended => if let Ok(ended) = ended {
                break ended;
            } else {
                process.kill();
                break Err(io::Error::other("its end was not seen"));
            },
            default(LOOK_AGAIN) => {}
        }
        process.tell_cpu_time(context);
        match &killed {
            Some((at, _)) if Instant::elapsed(at) > DEATH => break Err(io::Error::other("it can't be killed")),
            Some(_) => {}
            None => {
                let stopped = context.may_go_on().err().map(CommandError::Stopped);
                let timed_out =
                    || limit.is_over().map(|timeout| CommandError::TimedOut { program: program.clone(), timeout });
                if let Some(why) = stopped.or_else(timed_out) {
                    process.kill();
                    killed = Some((Instant::now(), why));
                }
            }
        }
    };
    let deadline = Instant::now() + STRAGGLERS;
    let rest = [(Stream::Stdout, output.finish(deadline)), (Stream::Stderr, errors.finish(deadline))];
    said.try_iter().for_each(tell);
    for (stream, rest) in rest {
        for what in rest {
            tell((stream, what));
        }
    }
    let status = status.map(|(status, cpu)| {
        process.tell_end(context, status, cpu);
        status
    });
    if let Some((_, why)) = killed {
        return Err(why);
    }
    let status = status.map_err(|cause| CommandError::System { program: program.clone(), cause })?;
    if status.success() {
        return Ok(output.first_line().unwrap_or_else(|| "exit code 0".to_owned()));
    }
    let said = Some(errors.last_words()).filter(|said| !said.is_empty()).map(LastWords);
    Err(CommandError::Failed { program, exit: sys::describe_exit(status), said })
}

/// When a command's time is over. Of a longer time between two looks than this, nothing more counts: this program was suspended, and the
/// command with it, or the machine slept.
struct Limit {
    timeout: Option<Duration>,
    ran: Duration,
    looked: Instant,
}

impl Limit {
    const LONGEST_LOOK: Duration = Duration::from_secs(1);

    fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, ran: Duration::ZERO, looked: Instant::now() }
    }

    /// To be called often, while the command runs.
    fn look(&mut self) {
        self.ran += self.looked.elapsed().min(Self::LONGEST_LOOK);
        self.looked = Instant::now();
    }

    /// The limit, once it is exceeded.
    fn is_over(&self) -> Option<Duration> {
        self.timeout.filter(|timeout| self.ran >= *timeout)
    }
}

/// A command that runs.
struct Process {
    pid: u32,
    tree: ProcessTree,
    /// Its first process is no more: the number may be another's.
    reaped: Arc<Mutex<bool>>,
    /// How it ended, and how long it was on a core.
    ended: Receiver<io::Result<(ExitStatus, Duration)>>,
    /// Nobody can write to its pipes any more.
    is_silent: bool,
    cpu_told: Duration,
    cpu_looked: Instant,
}

impl Process {
    fn new(mut child: Child, tree: ProcessTree) -> Self {
        let pid = child.id();
        let (say, ended) = bounded(1);
        let reaped = Arc::<Mutex<bool>>::default();
        let is_reaped = Arc::clone(&reaped);
        // Without the thread, the receiver hears that nobody is there.
        let _ = thread::Builder::new().name("command".to_owned()).spawn(move || {
            let waited = sys::wait_unreaped(&mut child);
            let mut reaped = is_reaped.lock();
            let end = sys::reap(child);
            *reaped = true;
            drop(reaped);
            let _ = say.send(waited.and(end));
        });
        Self { pid, tree, reaped, ended, is_silent: false, cpu_told: Duration::ZERO, cpu_looked: Instant::now() }
    }

    fn kill(&self) {
        let reaped = self.reaped.lock();
        if !*reaped {
            self.tree.signal(TreeSignal::Kill);
        }
    }

    /// Tells how much it has computed since that was told last, now and then.
    fn tell_cpu_time(&mut self, context: &TaskContext) {
        if self.cpu_looked.elapsed() < CPU_INTERVAL {
            return;
        }
        self.cpu_looked = Instant::now();
        let reaped = self.reaped.lock();
        let total = if *reaped { None } else { sys::process_cpu_nanos(self.pid) };
        drop(reaped);
        if let Some(total) = total {
            self.tell_cpu_total(context, Duration::from_nanos(total));
        }
    }

    fn tell_end(&mut self, context: &TaskContext, status: ExitStatus, cpu: Duration) {
        self.tell_cpu_total(context, cpu);
        context.child_exited(sys::exit_number(status));
    }

    fn tell_cpu_total(&mut self, context: &TaskContext, total: Duration) {
        let more = total.saturating_sub(self.cpu_told);
        if !more.is_zero() {
            self.cpu_told = total;
            context.child_cpu_time(more);
        }
    }
}
