//! What the tests run, in threads and in worker processes alike, and the gate that they wait at.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use poolscope::executor::{Function, Registry, Stream, TaskContext, TaskError};

pub const POWER: Function<(u64, u32), u64> = Function::new("power", |(base, exponent), _| Ok(base.pow(exponent)));

/// Fails for multiples of the second number.
pub const FAIL_ON_MULTIPLES: Function<(u64, u64), u64> = Function::new("fail on multiples", |(n, of), _| {
    if n % of == 0 { Err(TaskError::message(format!("{n} is a multiple of {of}"))) } else { Ok(n) }
});

pub const PANIC: Function<String, ()> = Function::new("panic", |message, _| panic!("{message}"));

pub const ECHO: Function<Vec<u8>, Vec<u8>> = Function::new("echo", |bytes, _| Ok(bytes));

pub const EXIT: Function<i32, ()> = Function::new("exit", |code, _| std::process::exit(code));

/// Does nothing with a number, as [`EXIT`] would.
pub const PASS: Function<i32, ()> = Function::new("pass", |_, _| Ok(()));

pub const ABORT: Function<(), ()> = Function::new("abort", |(), _| std::process::abort());

pub const PID: Function<(), u32> = Function::new("pid", |(), _| Ok(std::process::id()));

pub const PRINT: Function<String, ()> = Function::new("print", |text, _| {
    println!("{text}");
    eprintln!("{text}");
    Ok(())
});

/// Parses a number, the way errors are passed on.
pub const PARSE: Function<String, u32> = Function::new("parse", |text, _| {
    text.parse()
        .map_err(|error: std::num::ParseIntError| TaskError::with_cause(format!("`{text}` is no count"), &error))
});

/// Prints so many lines, as an initializer.
pub const TALKATIVE_INITIALIZER: Function<usize, ()> = Function::new("talkative initializer", |lines, _| {
    (0..lines).for_each(|line| println!("{line} {:99}", ""));
    Ok(())
});

/// Sends standard output and error elsewhere, as a task may.
#[cfg(unix)]
pub const CLOSE_OUTPUT: Function<(), u32> = Function::new("close output", |(), _| {
    let nothing = std::fs::File::create("/dev/null").map_err(|error| TaskError::from_error(&error))?;
    rustix::stdio::dup2_stdout(&nothing).map_err(|error| TaskError::from_error(&error))?;
    rustix::stdio::dup2_stderr(&nothing).map_err(|error| TaskError::from_error(&error))?;
    Ok(std::process::id())
});

/// How long the programs of [`LEAVE_CHATTER`] go on at most.
pub const CHATTER: Duration = Duration::from_secs(40);

/// Leaves so many programs running which print without end, and returns their numbers.
pub const LEAVE_CHATTER: Function<usize, Vec<u32>> = Function::new("leave chatter", |programs, _| {
    let start = |_| {
        let mut program = std::process::Command::new("timeout");
        program.args([&CHATTER.as_secs().to_string(), "yes"]).spawn().map(|child| child.id())
    };
    (0..programs).map(start).collect::<Result<_, _>>().map_err(|error| TaskError::from_error(&error))
});

/// Two functions of one name.
const TWIN: Function<u64, u64> = Function::new("twin", |n, _| Ok(n));
const OTHER_TWIN: Function<u64, u64> = Function::new("twin", |n, _| Ok(2 * n));

/// Panics when it is dropped, except where it is [spared](Bomb::spare).
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Bomb;

thread_local! {
    static SPARED: Cell<bool> = const { Cell::new(false) };
}

impl Bomb {
    /// What this thread drops meanwhile does not panic.
    pub fn spare<T>(work: impl FnOnce() -> T) -> T {
        let before = SPARED.replace(true);
        let result = work();
        SPARED.set(before);
        result
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic while one unwinds ends a program, whatever the executor does.
        assert!(SPARED.get() || std::thread::panicking(), "in drop");
    }
}

pub const TAKE_BOMB: Function<Bomb, ()> = Function::new("take bomb", |_bomb, _| Ok(()));

pub const GIVE_BOMB: Function<(), Bomb> = Function::new("give bomb", |(), _| Ok(Bomb));

pub const THROW_BOMB: Function<(), ()> = Function::new("throw bomb", |(), _| std::panic::panic_any(Bomb));

/// What [`MARK`] was called with in this process: an initializer's work.
pub static MARKED: AtomicU64 = AtomicU64::new(0);

pub const MARK: Function<u64, ()> = Function::new("mark", |value, _| {
    MARKED.store(value, Ordering::SeqCst);
    Ok(())
});

pub const READ_MARK: Function<(), u64> = Function::new("read mark", |(), _| Ok(MARKED.load(Ordering::SeqCst)));

pub const FAILING_INITIALIZER: Function<Mishap, ()> = Function::new("failing initializer", |mishap, _| match mishap {
    Mishap::Error => Err(TaskError::message("no licence")),
    Mishap::Panic => panic!("no licence"),
    Mishap::Exit => std::process::exit(7),
});

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub enum Mishap {
    Error,
    Panic,
    Exit,
}

/// Takes what can only be decoded by a process that then is no more, or returns what ends the process that encodes it.
pub const DEADLY: Function<Deadly, Deadly> = Function::new("deadly", |deadly, _| Ok(deadly));

/// See [`DEADLY`]. Each half does no harm on the other way.
#[derive(Clone, Copy, Debug)]
pub enum Deadly {
    /// Aborts where it is decoded, but for the process that made it.
    ToDecode(u32),
    /// Aborts where it is encoded, but for the process that made it.
    ToEncode(u32),
}

impl serde::Serialize for Deadly {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::ToEncode(harmless) if *harmless != std::process::id() => std::process::abort(),
            Self::ToEncode(harmless) => (true, harmless).serialize(serializer),
            Self::ToDecode(harmless) => (false, harmless).serialize(serializer),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Deadly {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match <(bool, u32)>::deserialize(deserializer)? {
            (true, harmless) => Ok(Self::ToEncode(harmless)),
            (false, harmless) if harmless != std::process::id() => std::process::abort(),
            (false, harmless) => Ok(Self::ToDecode(harmless)),
        }
    }
}

/// Connects to a listener when it is made, and lets go when it is dropped: whoever listens knows whether it exists.
pub const HOLD: Function<Guest, u32> = Function::new("hold", |_guest, _| Ok(std::process::id()));

#[derive(Debug)]
#[expect(dead_code, reason = "the stream is held, not read")]
pub struct Guest {
    pub port: u16,
    pub stream: Option<TcpStream>,
}

impl serde::Serialize for Guest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.port.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Guest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let port = u16::deserialize(deserializer)?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(serde::de::Error::custom)?;
        Ok(Self { port, stream: Some(stream) })
    }
}

/// Sleeps, unless it is asked to stop.
pub const SLEEP: Function<Duration, ()> = Function::new("sleep", |duration, context| context.sleep(duration));

/// Goes to the gate at this port, says which process it is, and waits until it is let through.
pub const PASS_GATE: Function<u16, u32> = Function::new("pass gate", pass_gate);

/// Does not implement what it takes to be decoded from what it encodes to.
pub const UNDECODABLE: Function<Fussy, ()> = Function::new("undecodable", |_, _| Ok(()));

/// Known to no worker.
pub const UNKNOWN: Function<(), ()> = Function::new("unknown", |(), _| Ok(()));

/// Encodes as a number, and wants a text back.
#[derive(Debug)]
pub struct Fussy;

impl serde::Serialize for Fussy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::MAX)
    }
}

impl<'de> serde::Deserialize<'de> for Fussy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

/// Can't be encoded at all.
pub const UNENCODABLE: Function<Stubborn, ()> = Function::new("unencodable", |_, _| Ok(()));

#[derive(Debug, serde::Deserialize)]
pub struct Stubborn;

impl serde::Serialize for Stubborn {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

/// Panics when it is turned into bytes, or, if it is told to, only when it is turned back.
pub const BOOBY_TRAPPED: Function<Trap, Trap> = Function::new("booby trapped", |_, _| Ok(Trap::OnTheWayOut));

#[derive(Clone, Debug)]
pub enum Trap {
    OnTheWayOut,
    OnTheWayIn,
}

impl serde::Serialize for Trap {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::OnTheWayOut => panic!("out"),
            Self::OnTheWayIn => serializer.serialize_unit(),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(_deserializer: D) -> Result<Self, D::Error> {
        panic!("in")
    }
}

/// Adds up squares, each in a thread of its own; `(n, threads)`.
pub const SUM_OF_SQUARES: Function<(u64, usize), u64> = Function::new("sum of squares", |(n, threads), context| {
    context.with_thread_pool(threads, |pool| {
        let squares: Result<Vec<_>, _> = (0..n).map(|k| pool.submit_closure(move |_| Ok(k * k))).collect();
        squares?.iter().map(|square| context.result_of(square)).sum()
    })
});

/// Raises, or panics, while a thread of its own waits and another call is pending; neither may be left.
pub const FAIL_AROUND_THREADS: Function<bool, ()> = Function::new("fail around threads", |panics, context| {
    context.with_thread_pool(1, |pool| {
        let first = pool.submit_closure(|context| context.sleep(Duration::from_millis(1)))?;
        pool.submit_closure(|context| context.sleep(Duration::from_hours(1)))?;
        context.result_of(&first).ok();
        assert!(!panics, "boom");
        Err(TaskError::message("boom"))
    })
});

/// Goes to the gate in a thread of its own, and sleeps there forever, as the task does that waits for it.
pub const SLEEP_IN_A_THREAD: Function<u16, ()> = Function::new("sleep in a thread", |port, context| {
    context.with_thread_pool(1, |pool| {
        let sleeps = pool.submit_closure(move |context| {
            let gate = context.blocking(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
            let mut gate = gate.map_err(|error| TaskError::from_error(&error))?;
            gate.write_all(&[0; 4]).map_err(|error| TaskError::from_error(&error))?;
            context.sleep(Duration::from_hours(1))
        })?;
        context.result_of(&sleeps)
    })
});

/// Says a line, in a thread of its own.
pub const SAY_IN_A_THREAD: Function<String, ()> = Function::new("say in a thread", |line, context| {
    context.with_thread_pool(1, |pool| {
        let says = pool.submit_closure(move |context| {
            context.print(Stream::Stdout, line);
            Ok(())
        })?;
        context.result_of(&says)
    })
});

pub const PROGRESS: Function<(), ()> = Function::new("progress", |(), context| {
    for done in [0.1, 0.5, 0.4999, 0.5004, 0.2, 2.0] {
        context.progress(done);
    }
    Ok(())
});

pub fn registry() -> Registry {
    let registry = Registry::new();
    #[cfg(unix)]
    let registry = registry.with(CLOSE_OUTPUT);
    registry
        .with(POWER)
        .with(FAIL_ON_MULTIPLES)
        .with(PANIC)
        .with(ECHO)
        .with(EXIT)
        .with(PASS)
        .with(ABORT)
        .with(PID)
        .with(PRINT)
        .with(SLEEP)
        .with(PARSE)
        .with(MARK)
        .with(READ_MARK)
        .with(FAILING_INITIALIZER)
        .with(DEADLY)
        .with(HOLD)
        .with(PASS_GATE)
        .with(UNDECODABLE)
        .with(UNENCODABLE)
        .with(BOOBY_TRAPPED)
        .with(SUM_OF_SQUARES)
        .with(FAIL_AROUND_THREADS)
        .with(SLEEP_IN_A_THREAD)
        .with(PROGRESS)
        .with(SAY_IN_A_THREAD)
        .with(TALKATIVE_INITIALIZER)
        .with(LEAVE_CHATTER)
        .with(TWIN)
        .with(OTHER_TWIN)
        .with(TAKE_BOMB)
        .with(GIVE_BOMB)
        .with(THROW_BOMB)
}

fn pass_gate(port: u16, _context: &TaskContext) -> Result<u32, TaskError> {
    let failed = |error: std::io::Error| TaskError::from_error(&error);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream.write_all(&std::process::id().to_le_bytes()).map_err(failed)?;
    // Whether the gate opens or its keeper is gone, the stream ends.
    let _ = stream.read(&mut [0]);
    Ok(std::process::id())
}

/// Where tasks wait, so that a test knows that they execute, and decides when they end.
pub struct Gate {
    pub listener: TcpListener,
}

/// A task that waits at the gate. Dropping it lets the task through.
pub struct Waiting {
    pub pid: u32,
    stream: TcpStream,
}

impl Gate {
    pub fn new() -> Self {
        Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap() }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Waits for the next task to arrive.
    pub fn arrival(&self) -> Waiting {
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut pid = [0; 4];
        stream.read_exact(&mut pid).unwrap();
        Waiting { pid: u32::from_le_bytes(pid), stream }
    }

    pub fn arrivals(&self, count: usize) -> Vec<Waiting> {
        (0..count).map(|_| self.arrival()).collect()
    }
}

impl Waiting {
    /// Somebody who said nothing.
    pub fn new(stream: TcpStream) -> Self {
        Self { pid: 0, stream }
    }

    /// Waits until the task's process is gone, which closes its end of the stream. Fails after `patience`.
    pub fn wait_until_dead(mut self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).unwrap();
        match self.stream.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => panic!("process {} still lives: {other:?}", self.pid),
        }
    }
}
