//! Runs as files: what was asked for, and all that happened, event by event. A run that is opened is folded again, so it gives
//! the same picture as it did live.
//!
//! A file is the line [`MAGIC`], then, in postcard's encoding, what [`Content`], [`Additions`] and [`Selection`] have, then the CRC-32 of
//! all before, in four bytes, the least significant first. Files of earlier versions lack some of it, and can still be opened.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::results::Results;
use super::run::{Beginning, End, Run, Status};
use super::sampler::Load;
use super::settings::{OnlyItems, RunSettings};
use crate::executor::{EventKind, EventLog, SubmitError, ThreadPoolExecutor};
use crate::trace::{Deadlock, History, Series, Trace};

/// How every file begins. The number changes with the format, which is that of all types in [`Content`].
const MAGIC: &[u8] = b"poolscope run 4\n";
/// Of the third version, which has no [`Selection`].
const WITHOUT_SELECTION: &[u8] = b"poolscope run 3\n";
/// Of the second version, which has no [`Additions`].
const WITHOUT_ADDITIONS: &[u8] = b"poolscope run 2\n";
/// Of the first, which has no checksum either.
const UNCHECKED: &[u8] = b"poolscope run 1\n";

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It can't be read.
    #[error("can't open {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is something else, or of another version.
    #[error("can't open {}: not a Poolscope run file", path.display())]
    NoRun {
        /// The file.
        path: PathBuf,
    },
    /// It began well.
    #[error("can't open {}: the file is damaged ({cause})", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Content {
    settings: RunSettings,
    items: Option<usize>,
    closed: bool,
    began_with: Beginning,
    end: EndOnFile,
    /// What the items are called, by their numbers.
    labels: Vec<String>,
    yielded: Vec<(usize, Result<String, String>)>,
    load: Vec<(i64, Load)>,
    deadlock: Option<Deadlock>,
    /// Those whose stamps count from the start of the run.
    events: Vec<EventLog>,
}

/// What files have since their third version.
#[derive(Default, Serialize, Deserialize)]
struct Additions {
    notes: Vec<String>,
    others: Option<f32>,
}

/// Which of its workload's items the run had, if not all; in files since their fourth version.
type Selection = Option<OnlyItems>;

#[derive(Serialize, Deserialize)]
enum EndOnFile {
    Completed,
    Stopped,
    TimedOut,
    StoppedByError,
    Refused(SubmitError),
}

impl EndOnFile {
    /// `None` if there was no run to be kept.
    fn of(status: &Status) -> Option<Self> {
        let Status::Ended(end) = status else { return None };
        Some(match end {
            End::Completed => Self::Completed,
            End::Stopped => Self::Stopped,
            End::TimedOut => Self::TimedOut,
            End::StoppedByError => Self::StoppedByError,
            End::Refused(refused) => Self::Refused(refused.clone()),
            End::Failed(_) => return None,
        })
    }

    fn end(self) -> End {
        match self {
            Self::Completed => End::Completed,
            Self::Stopped => End::Stopped,
            Self::TimedOut => End::TimedOut,
            Self::StoppedByError => End::StoppedByError,
            Self::Refused(refused) => End::Refused(refused),
        }
    }
}

/// Nothing lasts longer, in nanoseconds: a year.
const LONGEST: i64 = 31_536_000_000_000_000;

impl Content {
    /// Whether it can be what a run was: a file may come from anywhere, and be damaged.
    fn check(&self) -> Result<(), &'static str> {
        let times = 0..=LONGEST;
        if self.items != Some(self.labels.len()) {
            return Err("it does not have as many names as items");
        }
        let most = ThreadPoolExecutor::WORKERS_LIMIT;
        if ![self.settings.workers, self.began_with.workers].iter().all(|workers| (1..=most).contains(workers)) {
            return Err("its number of workers can't be");
        }
        if self.yielded.iter().any(|(item, _)| *item >= self.labels.len()) {
            return Err("it has a result of an item that there is not");
        }
        let in_order = self.load.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        if !in_order || !self.load.iter().all(|(at, _)| times.contains(at)) {
            return Err("its load has times that can't be");
        }
        for event in self.events.iter().flat_map(EventLog::events) {
            if !times.contains(&event.at) {
                return Err("an event has a time that can't be");
            }
            if let EventKind::Submitted { first_item, items, .. } = event.kind
                && first_item as usize + items as usize > self.labels.len()
            {
                return Err("a call has items that there are not");
            }
        }
        Ok(())
    }
}

/// Hands on what is written, and sums it up. What went wrong is kept, as not everybody tells it.
struct Summing<W> {
    out: W,
    sum: crc32fast::Hasher,
    error: Option<io::Error>,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        let count = self.keep_error(written)?;
        self.sum.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.keep_error(flushed)
    }
}

impl<W> Summing<W> {
    fn keep_error<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        // Errors can't be copied, so it is one like it.
        self.error = result.as_ref().err().map(|error| {
            let same = error.raw_os_error().map(io::Error::from_raw_os_error);
            same.unwrap_or_else(|| io::Error::new(error.kind(), error.to_string()))
        });
        result
    }
}

fn owned(yielded: Result<&str, &str>) -> Result<String, String> {
    yielded.map(str::to_owned).map_err(str::to_owned)
}

impl Run {
    /// Whether there is something to save: it is over, and it did start.
    #[must_use]
    pub fn can_be_saved(&self) -> bool {
        EndOnFile::of(&self.status).is_some()
    }

    /// Writes it, as [`Run::open`] reads it.
    ///
    /// # Errors
    /// When it is not over or never started, and those of `out`.
    pub fn save(&self, out: impl Write) -> io::Result<()> {
        let end =
            EndOnFile::of(&self.status).ok_or_else(|| io::Error::other("only a run that is over can be saved"))?;
        let content = Content {
            settings: self.settings.clone(),
            items: self.items,
            closed: self.closed,
            began_with: self.began_with,
            end,
            labels: (0..self.items.unwrap_or_default()).map(|item| self.label(item)).collect(),
            yielded: self.results.iter().map(|(item, yielded)| (item, owned(yielded))).collect(),
            load: self.load.points().to_vec(),
            deadlock: self.deadlock().map(|period| (*period.deadlock).clone()),
            events: self.history.logs().cloned().collect(),
        };
        let mut out = Summing { out, sum: crc32fast::Hasher::new(), error: None };
        out.write_all(MAGIC)?;
        // What it says is wrong is less than what the system said.
        let additions = Additions { notes: self.notes.clone(), others: self.others };
        if let Err(error) = postcard::to_io(&(content, additions, self.only.as_deref()), &mut out) {
            return Err(out.error.take().unwrap_or_else(|| io::Error::other(error)));
        }
        let Summing { mut out, sum, .. } = out;
        out.write_all(&sum.finalize().to_le_bytes())?;
        out.flush()
    }

    /// Reads and folds a run that was saved. It gets that number.
    ///
    /// # Errors
    /// When the file can't be read, or is no run, or is damaged.
    pub fn open(path: &Path, number: usize) -> Result<Self, OpenError> {
        let file = path.to_owned();
        let unread = |cause| OpenError::Read { path: file.clone(), cause };
        let mut reader = fs::File::open(path).map_err(unread)?;
        // What is no run is not read to its end.
        let mut begin = Vec::with_capacity(MAGIC.len());
        (&reader).take(MAGIC.len() as u64).read_to_end(&mut begin).map_err(unread)?;
        if ![MAGIC, WITHOUT_SELECTION, WITHOUT_ADDITIONS, UNCHECKED].contains(&begin.as_slice()) {
            return Err(OpenError::NoRun { path: file });
        }
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map_err(unread)?;
        let damaged = |cause: String| OpenError::Damaged { path: file.clone(), cause };
        if begin != UNCHECKED {
            let sum = content.split_off(content.len().saturating_sub(4));
            let mut expected = crc32fast::Hasher::new();
            expected.update(&begin);
            expected.update(&content);
            if sum != expected.finalize().to_le_bytes() {
                return Err(damaged("checksum mismatch".to_owned()));
            }
        }
        let undecodable = |error: postcard::Error| damaged(error.to_string());
        let (mut content, rest): (Content, _) = postcard::take_from_bytes(&content).map_err(undecodable)?;
        let (additions, selection): (_, Selection) = if begin == MAGIC {
            postcard::from_bytes(rest).map_err(undecodable)?
        } else if begin == WITHOUT_SELECTION {
            (postcard::from_bytes(rest).map_err(undecodable)?, None)
        } else {
            (Additions::default(), None)
        };
        content.check().map_err(|cause| damaged(cause.to_owned()))?;
        let logs = std::mem::take(&mut content.events);
        let history: History = logs.into_iter().flat_map(EventLog::into_events).collect();
        let mut trace = Trace::new(0);
        history.events_from(0).for_each(|event| trace.apply(&event));
        let mut load = Series::default();
        content.load.into_iter().for_each(|(at, sample)| load.push(at, sample));
        let labels = content.labels;
        let mut results = Results::default();
        content.yielded.into_iter().for_each(|(item, result)| results.push(item, result));
        Ok(Self {
            number,
            settings: content.settings,
            status: Status::Ended(content.end.end()),
            closed: content.closed,
            began_with: content.began_with,
            items: content.items,
            only: selection.map(Arc::new),
            labels: Some(Arc::new(move |item| labels.get(item).cloned().unwrap_or_default())),
            notes: additions.notes,
            trace,
            history,
            settled: i64::MAX,
            moment: None,
            load,
            others: additions.others.filter(|share| (0.0..=1.0).contains(share)),
            results,
            backlog: 0,
        })
    }
}
