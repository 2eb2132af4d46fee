//! What a command writes. However much that is, all of it is read, so that the command never waits for a reader; a part is kept.
//!
//! Lines are kept whole. Of each stream the first are told as they come; of standard error the last are told at its end too, as that
//! is where programs say why they failed. How much was left out in between is told with them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, PipeReader, Read};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::Mutex;

use crate::executor::Stream;
use crate::sys;

/// So many bytes of the first lines, and as many of the last.
const KEPT: usize = 4096;

/// What a command has to say, as it comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A line without its end. Empty ones are not told.
    Line(String),
    /// After the line before, so much was left out; no line = the rest of that one.
    Omitted { lines: u64, bytes: u64 },
}

/// A stream that is read in a thread of its own.
pub(super) struct Output {
    state: Arc<Mutex<State>>,
    /// Closes when the stream does.
    open: Receiver<()>,
    /// The stream once more, for whoever reads on when nobody here does any more.
    stream: Option<PipeReader>,
}

impl Output {
    /// Reads `stream` to its end.
    pub(super) fn of(stream: PipeReader, which: Stream, says: &Sender<(Stream, Said)>) -> Self {
        let tail = if which == Stream::Stderr { KEPT } else { 0 };
        let state = Arc::new(Mutex::new(State::new(tail)));
        let (open_in, open) = bounded::<()>(0);
        let (into, says) = (Arc::clone(&state), says.clone());
        let again = stream.try_clone().ok();
        // Without the thread the pipe is closed, and nothing is kept.
        let _ = thread::Builder::new().name("output".to_owned()).spawn(move || {
            read(stream, &into, |said| _ = says.send((which, said)));
            drop(open_in);
        });
        Self { state, open, stream: again }
    }

    /// Waits for the stream's end until `deadline`, and takes what is left to be told. Somebody may have kept the stream open.
    ///
    /// Then it is a service, which must not die when this program has ended and nobody reads what it writes: that goes to a process of
    /// its own, which lets it go.
    pub(super) fn finish(&mut self, deadline: Instant) -> Vec<Said> {
        let is_open = matches!(self.open.recv_deadline(deadline), Err(RecvTimeoutError::Timeout));
        let mut rest = Vec::new();
        self.state.lock().end(|said| rest.push(said));
        if let Some(stream) = self.stream.take().filter(|_| is_open)
            && drain(stream).is_ok()
        {
            rest.push(Said::Line(LEFT_RUNNING.to_owned()));
        }
        rest
    }

    /// The first line, if there is one.
    pub(super) fn first_line(&self) -> Option<String> {
        self.state.lock().first.clone()
    }

    /// The last that it said, on one line. What was left out before is marked with an ellipsis.
    pub(super) fn last_words(&self) -> String {
        let state = self.state.lock();
        let ellipsis = if state.words_cut { "… " } else { "" };
        let words: Vec<_> = state.words.iter().map(String::as_str).collect();
        format!("{ellipsis}{}", words.join("\n"))
    }
}

/// In place of what is not kept.
const LEFT_RUNNING: &str = "(left a program running; what it writes from here on is not kept)";

/// The argument with which this program reads and forgets what comes in.
const DRAIN: &str = "drain";

fn drain(stream: PipeReader) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(DRAIN).stdin(stream).stdout(Stdio::null()).stderr(Stdio::null());
    sys::detach_from_terminal(&mut command);
    // It ends when the service does; nobody waits for it.
    command.spawn().map(drop)
}

/// The life of such a process: until nobody can write any more.
pub fn forget_input() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
}

fn read(mut stream: impl Read, state: &Mutex<State>, mut say: impl FnMut(Said)) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => state.lock().take(&buffer[..read], &mut say),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    state.lock().end(&mut say);
}

/// How far a stream is read.
struct State {
    /// The line that has not ended, as far as it can be kept, and how long it really is.
    line: Vec<u8>,
    length: usize,
    /// Bytes of the lines that were told.
    told: usize,
    /// Left out since.
    lines: u64,
    bytes: u64,
    /// The last lines that were left out, in case they are the last of all; no more bytes of them than this.
    tail: VecDeque<String>,
    tail_limit: usize,
    first: Option<String>,
    /// The last lines, told or not.
    words: VecDeque<String>,
    words_cut: bool,
    ended: bool,
}

impl State {
    fn new(tail_limit: usize) -> Self {
        Self {
            line: Vec::new(),
            length: 0,
            told: 0,
            lines: 0,
            bytes: 0,
            tail: VecDeque::new(),
            tail_limit,
            first: None,
            words: VecDeque::new(),
            words_cut: false,
            ended: false,
        }
    }

    fn take(&mut self, bytes: &[u8], mut say: impl FnMut(Said)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let content = part.strip_suffix(b"\n").unwrap_or(part);
            let room = KEPT.saturating_sub(self.line.len());
            self.line.extend_from_slice(&content[..content.len().min(room)]);
            self.length += content.len();
            if content.len() < part.len() {
                self.end_line(&mut say);
            }
        }
    }

    /// The line has ended, or all of it.
    fn end_line(&mut self, mut say: impl FnMut(Said)) {
        let text = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        let cut = self.length - self.line.len();
        let length = std::mem::take(&mut self.length);
        self.line.clear();
        if text.is_empty() && cut == 0 {
            return;
        }
        let marked = if cut > 0 { format!("{text}…") } else { text.clone() };
        self.first.get_or_insert_with(|| marked.clone());
        self.keep_words(marked);
        let is_first_told = self.told == 0;
        if self.lines == 0 && (self.told + length <= KEPT || is_first_told) {
            self.told += length;
            say(Said::Line(text));
            if cut > 0 {
                say(Said::Omitted { lines: 0, bytes: cut as u64 });
            }
            return;
        }
        self.lines += 1;
        self.bytes += length as u64;
        if cut == 0 {
            self.tail.push_back(text);
        } else {
            // What comes before a line that can't be told whole would not be the last words.
            self.tail.clear();
        }
        while self.tail.iter().map(String::len).sum::<usize>() > self.tail_limit {
            self.tail.pop_front();
        }
    }

    fn keep_words(&mut self, line: String) {
        self.words.push_back(line);
        while self.words.len() > 1 && self.words.iter().map(String::len).sum::<usize>() > KEPT {
            self.words.pop_front();
            self.words_cut = true;
        }
    }

    /// Nothing more is told after this.
    fn end(&mut self, mut say: impl FnMut(Said)) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if self.length > 0 {
            self.end_line(&mut say);
        }
        let told_now: usize = self.tail.iter().map(String::len).sum();
        let lines = self.lines - self.tail.len() as u64;
        if lines > 0 {
            say(Said::Omitted { lines, bytes: self.bytes.saturating_sub(told_now as u64) });
        }
        self.tail.drain(..).for_each(|line| say(Said::Line(line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8], tail: usize) -> (Vec<Said>, State) {
        let state = Mutex::new(State::new(tail));
        let mut said = Vec::new();
        // In pieces, as pipes give them.
        read(Pieces(bytes), &state, |what| said.push(what));
        (said, state.into_inner())
    }

    struct Pieces<'a>(&'a [u8]);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(7);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn line(text: &str) -> Said {
        Said::Line(text.to_owned())
    }

    #[test]
    fn lines_are_whole_and_empty_ones_are_not_told() {
        let (told, state) = said(b"one\n\n  two \r\nthree", 0);
        assert_eq!(told, [line("one"), line("  two"), line("three")]);
        assert_eq!(state.first.as_deref(), Some("one"));
    }

    #[test]
    fn of_a_flood_the_first_lines_are_told_and_of_errors_the_last_and_how_many_are_missing() {
        let numbers = (100_000..200_000).map(|number| number.to_string() + "\n").collect::<Vec<_>>().concat();
        for tail in [0, KEPT] {
            let (told, _) = said(numbers.as_bytes(), tail);
            let [lines, omitted] = told.iter().fold([0, 0], |[lines, omitted], said| match said {
                Said::Line(text) => {
                    assert_eq!(text.len(), 6);
                    [lines + 1, omitted]
                }
                Said::Omitted { lines: more, bytes } => {
                    assert_eq!(*bytes, more * 6);
                    [lines, omitted + more]
                }
            });
            assert_eq!(lines + omitted, 100_000);
            assert_eq!(told.last() == Some(&line("199999")), tail > 0, "the last words");
        }
    }

    #[test]
    fn a_line_without_end_is_cut_and_that_is_told() {
        let (told, state) = said(&b"x".repeat(10_000), 0);
        assert_eq!(told, [line(&"x".repeat(KEPT)), Said::Omitted { lines: 0, bytes: 10_000 - KEPT as u64 }]);
        assert!(state.first.unwrap().ends_with("x…"));
    }
}
