//! What tasks have written, line by line, and what of it is missing.

use std::collections::HashMap;
use std::sync::Arc;

use super::blocks::Blocks;
use crate::executor::{Omitted, Stream};

/// A line that a task wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read, which is not before it was written and not after the task's end.
    pub at: i64,
    /// The task; `None` if it was written while none ran.
    pub item: Option<u32>,
    /// On which worker.
    pub worker: u32,
    /// Where to.
    pub stream: Stream,
    /// The line, without its end.
    pub line: Arc<str>,
    /// What is missing after it.
    pub omitted: Option<Omission>,
}

/// What was written and is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Omission {
    /// Whole lines; 0 = the rest of the line before.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
}

/// All lines, in the order in which they were heard of.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    lines: Blocks<LogLine>,
    /// The last line of each worker on each stream.
    last: HashMap<(u32, Stream), usize>,
}

impl Log {
    pub(super) fn push(&mut self, line: LogLine) {
        self.last.insert((line.worker, line.stream), self.lines.len());
        self.lines.push(line);
    }

    /// After the last line of `item`, some are missing.
    pub(super) fn omitted(&mut self, at: i64, item: Option<u32>, worker: u32, omitted: &Omitted) {
        let Omitted { stream, lines, bytes, .. } = *omitted;
        let omission = Omission { lines, bytes };
        let last = self.last.get(&(worker, stream)).and_then(|index| self.lines.get_mut(*index));
        if let Some(line) = last.filter(|line| line.item == item) {
            let before = line.omitted.unwrap_or(Omission { lines: 0, bytes: 0 });
            line.omitted = Some(Omission { lines: before.lines + lines, bytes: before.bytes + bytes });
        } else {
            self.push(LogLine { at, item, worker, stream, line: Arc::from(""), omitted: Some(omission) });
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter()
    }

    pub(super) fn iter_from(&self, start: usize) -> impl Iterator<Item = &LogLine> {
        self.lines.iter_from(start)
    }

    pub(super) const fn len(&self) -> usize {
        self.lines.len()
    }
}
