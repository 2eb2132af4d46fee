//! What tasks print, line by line, as events of the task that printed it: never in the protocol, never in another task's
//! name.
//!
//! Standard output and error of a worker process are pipes that end in the same process. A thread waits for what comes, so
//! that the lines of a long task are seen while it runs. Whatever is still in the pipes when a task ends is read before its
//! end is told; that costs two system calls, so it is done only for tasks that took long enough to have made one.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::executor::event::{Event, EventKind, Printed, Stream, WorkId, WorkerId};
use crate::sys::{self, CapturedOutput};

/// A task that took less has not written to a pipe: the system call alone takes longer.
const SHORTEST_PRINT: i64 = 200;

/// So many lines of one task are told; how many more there were is told when it ends.
const LINES_PER_TASK: usize = 1_000;

/// A line is cut after so many bytes.
const LINE_LIMIT: usize = 4_096;

/// Turns what comes out of the pipes into events.
pub(super) struct Prints {
    worker: WorkerId,
    current: Current,
    reader: Mutex<Reader>,
}

/// The task that runs now. Written by the thread that runs tasks, and read by the one that waits for lines; as no task runs
/// twice, that one knows that nothing changed in between when it reads the same again.
#[derive(Default)]
struct Current {
    call: AtomicU64,
    /// 0 = no task runs; else the number of the item and 1.
    item: AtomicU64,
}

struct Reader {
    output: CapturedOutput,
    /// What came after the last end of a line, of either stream.
    unfinished: [Vec<u8>; 2],
    task: Option<(WorkId, u32)>,
    /// Lines of that task.
    lines: usize,
}

const STREAMS: [Stream; 2] = [Stream::Stdout, Stream::Stderr];

impl Current {
    fn set(&self, task: Option<(WorkId, u32)>) {
        if let Some((call, _)) = task {
            self.call.store(call, Ordering::Release);
        }
        self.item.store(task.map_or(0, |(_, item)| u64::from(item) + 1), Ordering::Release);
    }

    fn get(&self) -> Option<(WorkId, u32)> {
        let item = self.item.load(Ordering::Acquire).checked_sub(1)?;
        Some((self.call.load(Ordering::Acquire), item as u32))
    }
}

impl Prints {
    /// Takes over standard output and error of this process, if the system lets us.
    pub(super) fn capture(worker: WorkerId) -> Option<Arc<Self>> {
        let output = sys::capture_output().ok()?;
        let reader = Reader { output, unfinished: [Vec::new(), Vec::new()], task: None, lines: 0 };
        Some(Arc::new(Self { worker, current: Current::default(), reader: Mutex::new(reader) }))
    }

    /// Waits for lines and tells them, forever.
    pub(super) fn run(&self, tell: impl Fn(Event)) {
        let Ok(mut waiter) = self.reader.lock().output.try_clone() else { return };
        while waiter.wait_readable().is_ok_and(|is_open| is_open) {
            let mut reader = self.reader.lock();
            let task = self.current.get();
            let readable = reader.output.readable();
            // What was there while one and the same task ran is that task's: what others left was read at their end.
            if readable != [0, 0] && self.current.get() == task {
                reader.read(self.worker, task, readable, &tell);
            }
            // The end of a task does not wait for as long as others print.
            MutexGuard::unlock_fair(reader);
        }
    }

    /// `task` begins.
    pub(super) fn begin(&self, task: (WorkId, u32)) {
        self.current.set(Some(task));
    }

    /// The task that runs has ended after `nanos`: tells what it printed and was not told. Returns whether it had to look.
    pub(super) fn end(&self, nanos: i64, tell: impl Fn(Event)) -> bool {
        let may_have_printed = nanos >= SHORTEST_PRINT;
        if may_have_printed {
            let _ = std::io::stdout().flush();
            let mut reader = self.reader.lock();
            let task = self.current.get();
            // What is there now: whoever else writes, such as a program that the task left running, may go on forever.
            let readable = reader.output.readable();
            if readable != [0, 0] {
                reader.read(self.worker, task, readable, &tell);
            }
            reader.end_of_task(self.worker, &tell);
        }
        self.current.set(None);
        may_have_printed
    }
}

impl Reader {
    fn read(&mut self, worker: WorkerId, task: Option<(WorkId, u32)>, readable: [usize; 2], tell: &impl Fn(Event)) {
        if self.task != task {
            self.end_of_task(worker, tell);
            self.task = task;
        }
        for (index, stream) in STREAMS.into_iter().enumerate() {
            let mut bytes = vec![0; readable[index]];
            if self.output.stream(index).read_exact(&mut bytes).is_err() {
                continue;
            }
            let mut unfinished = std::mem::take(&mut self.unfinished[index]);
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                unfinished.extend_from_slice(part);
                if unfinished.pop_if(|last| *last == b'\n').is_some() {
                    self.tell_line(worker, stream, &unfinished, tell);
                    unfinished.clear();
                }
            }
            self.unfinished[index] = unfinished;
            // A task that never ends its line does not get all memory for it.
            if self.unfinished[index].len() > LINE_LIMIT {
                let line = std::mem::take(&mut self.unfinished[index]);
                self.tell_line(worker, stream, &line, tell);
            }
        }
    }

    fn tell_line(&mut self, worker: WorkerId, stream: Stream, line: &[u8], tell: &impl Fn(Event)) {
        self.lines += 1;
        if self.lines <= LINES_PER_TASK {
            let line = String::from_utf8_lossy(&line[..line.len().min(LINE_LIMIT)]).into_owned();
            self.tell(worker, stream, line, tell);
        }
    }

    fn tell(&self, worker: WorkerId, stream: Stream, line: String, tell: &impl Fn(Event)) {
        let printed = Box::new(Printed { task: self.task, stream, line });
        tell(Event::now(EventKind::Printed { worker, printed }));
    }

    /// Tells lines that were never ended, and how many were not told.
    fn end_of_task(&mut self, worker: WorkerId, tell: &impl Fn(Event)) {
        for (index, stream) in STREAMS.into_iter().enumerate() {
            let line = std::mem::take(&mut self.unfinished[index]);
            if !line.is_empty() {
                self.tell_line(worker, stream, &line, tell);
            }
        }
        if let Some(more) = self.lines.checked_sub(LINES_PER_TASK).filter(|more| *more > 0) {
            let line = format!("({more} more lines were not kept)");
            self.tell(worker, Stream::Stderr, line, tell);
        }
        self.lines = 0;
    }
}
