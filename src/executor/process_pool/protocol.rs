//! What parent and worker say to each other, over two pipes: frames of a length (`u32`, little endian) and that many
//! bytes, which are a message in postcard and, after it, an opaque blob (arguments or results).
//!
//! The same messages and blobs go through [shared memory](super::shared), which keeps their length in its own way.
//!
//! A worker begins with the [`GREETING`]. Then the first frame each way is a `Hello`; nothing else is said before both have seen that they
//! are the same version.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::executor::context::Interruption;
use crate::executor::error::TaskError;
use crate::executor::event::{Event, WorkId, WorkerId};
use crate::executor::function::{Called, PAYLOAD_LIMIT};
use crate::executor::gil::GilSettings;

/// What a worker says before all else. What its program has printed before is known from it.
pub(super) const GREETING: &[u8] = b"poolscope worker\n";

/// What both sides must agree on.
pub(super) const VERSION: &str = concat!("poolscope ", env!("CARGO_PKG_VERSION"), " protocol 7");

/// A frame above this is not ours: the largest payload, and room for the message around it.
pub(super) const FRAME_LIMIT: usize = PAYLOAD_LIMIT + (1 << 20);

/// Parent to worker.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToWorker {
    /// The blob holds the arguments of the initializer, if there is one.
    Hello {
        version: String,
        worker: WorkerId,
        /// How long the parent takes a tick of the clock to be: both stamp events with the same clock.
        tick_length: u64,
        initializer: Option<Called>,
        /// Whether threads of a task in it share a lock, and which.
        gil: GilSettings,
        /// What it shares with the parent in memory, if there is such a thing: then calls and answers come and go there.
        shared: Option<SharedPlace>,
    },
    /// The blob holds the arguments.
    Call {
        call: WorkId,
        function: Called,
    },
    Interrupt,
    InterruptCall {
        call: WorkId,
        why: Interruption,
    },
    SkipRest,
}

/// A worker's place in the pool's shared memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SharedPlace {
    pub(super) path: PathBuf,
    pub(super) seat: usize,
    /// It leaves after so many calls.
    pub(super) calls: Option<usize>,
}

/// Worker to parent.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FromWorker {
    /// It is ready for its first call.
    Hello { version: String },
    /// Instead of a hello: it is not ready, and ends.
    InitializerFailed { error: TaskError },
    /// Instead of a hello: the system has no threads for it, and it ends.
    CannotStart { cause: String },
    /// Instead of a hello: it can't open the memory that it is to share, and ends.
    NoSharedMemory { cause: String },
    /// It takes no more calls and ends, as it has had as many as it may, or was told to retire.
    Leaving,
    /// What happened since the last report, and the answer to a call if there is one by now.
    Report {
        /// Events that can't be packed ([`crate::executor::EventLog`]).
        others: Vec<Event>,
        /// So many bytes of the blob hold those that can; the rest of it the results.
        packed: usize,
        answer: Option<Answer>,
    },
}

/// What came of a call.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) call: WorkId,
    /// Why there are no results.
    pub(super) error: Option<TaskError>,
}

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the pipe was closed")]
    Closed,
    #[error("the pipe was closed in the middle of a message")]
    Truncated,
    #[error("a message of {0} bytes is longer than any of ours")]
    TooLong(usize),
    #[error("a message could not be decoded: {0}")]
    Decode(#[from] postcard::Error),
    #[error(transparent)]
    Io(io::Error),
}

/// Appends a frame to `buffer`, with `blobs` one after the other as its blob.
///
/// # Errors
/// When the message can't be encoded or is longer than any of ours.
pub(super) fn append_frame<M: Serialize>(buffer: &mut Vec<u8>, message: &M, blobs: &[&[u8]]) -> io::Result<()> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    append_message(buffer, message, blobs)?;
    let length = buffer.len() - start - 4;
    if length > FRAME_LIMIT {
        buffer.truncate(start);
        return Err(io::Error::other(ReadError::TooLong(length)));
    }
    let prefix = u32::try_from(length).map_err(io::Error::other)?.to_le_bytes();
    buffer[start..start + 4].copy_from_slice(&prefix);
    Ok(())
}

/// Appends what a frame holds, without its length.
///
/// # Errors
/// When the message can't be encoded.
pub(super) fn append_message<M: Serialize>(buffer: &mut Vec<u8>, message: &M, blobs: &[&[u8]]) -> io::Result<()> {
    *buffer = postcard::to_extend(message, std::mem::take(buffer)).map_err(io::Error::other)?;
    for blob in blobs {
        buffer.extend_from_slice(blob);
    }
    Ok(())
}

/// What a frame holds: its message and its blob.
pub(super) fn read_message<M: DeserializeOwned>(bytes: &[u8]) -> Result<(M, &[u8]), ReadError> {
    Ok(postcard::take_from_bytes(bytes)?)
}

/// Writes one frame at once.
pub(super) fn write_frame<M: Serialize>(output: &mut impl Write, message: &M, blob: &[u8]) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(64 + blob.len());
    append_frame(&mut buffer, message, &[blob])?;
    output.write_all(&buffer)?;
    output.flush()
}

/// Reads one frame into `buffer`; returns its message and its blob.
pub(super) fn read_frame<'a, M: DeserializeOwned>(
    input: &mut impl Read,
    buffer: &'a mut Vec<u8>,
) -> Result<(M, &'a [u8]), ReadError> {
    let mut prefix = [0; 4];
    match input.read(&mut prefix) {
        Ok(0) => return Err(ReadError::Closed),
        Ok(read) => input.read_exact(&mut prefix[read..]).map_err(within_frame)?,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            input.read_exact(&mut prefix).map_err(within_frame)?;
        }
        Err(error) => return Err(ReadError::Io(error)),
    }
    let length = u32::from_le_bytes(prefix) as usize;
    if length > FRAME_LIMIT {
        return Err(ReadError::TooLong(length));
    }
    buffer.clear();
    let read = input.take(length as u64).read_to_end(buffer).map_err(ReadError::Io)?;
    if read < length {
        return Err(ReadError::Truncated);
    }
    read_message(buffer)
}

/// Gives the memory of a large frame back, before the wait for the next.
pub(super) fn release_if_large(buffer: &mut Vec<u8>) {
    const KEPT: usize = 1 << 20;
    buffer.clear();
    buffer.shrink_to(KEPT);
}

fn within_frame(error: io::Error) -> ReadError {
    if error.kind() == io::ErrorKind::UnexpectedEof { ReadError::Truncated } else { ReadError::Io(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_and_half_of_one_does_not() {
        let message = ToWorker::InterruptCall { call: 7, why: Interruption::Cancelled };
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &message, b"blob").unwrap();
        let mut buffer = Vec::new();
        let (back, blob) = read_frame::<ToWorker>(&mut bytes.as_slice(), &mut buffer).unwrap();
        assert_eq!((back, blob), (message, b"blob".as_slice()));
        for cut in 1..bytes.len() {
            let half = read_frame::<ToWorker>(&mut &bytes[..cut], &mut buffer);
            assert!(matches!(half, Err(ReadError::Truncated)), "cut at {cut}: {half:?}");
        }
        assert!(matches!(read_frame::<ToWorker>(&mut [].as_slice(), &mut Vec::new()), Err(ReadError::Closed)));
    }

    #[test]
    fn a_length_that_can_not_be_is_refused_before_memory_is_taken() {
        let mut buffer = Vec::new();
        let error = read_frame::<ToWorker>(&mut u32::MAX.to_le_bytes().as_slice(), &mut buffer);
        assert!(matches!(error, Err(ReadError::TooLong(_))));
    }
}
