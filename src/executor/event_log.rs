//! Events, packed: most take six to nine bytes instead of forty, as stamps and calls are told by how far they are from those
//! before. What keeps a run's events in memory keeps them like this, and so they travel from worker processes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::{Activity, Event, EventKind, Outcome, WorkId};

/// Events in the order in which they were pushed.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    bytes: Vec<u8>,
    /// Those that carry text or errors, whole.
    others: Vec<Event>,
    length: usize,
    last: Last,
}

/// What the next event is told by.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    at: i64,
    call: WorkId,
}

/// What is not a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packed event could not be read")]
pub(super) struct EventLogError;

/// The worker and what it is at are packed as one number.
const ACTIVITIES: usize = Activity::ALL.len();

/// First byte of an event.
#[repr(u8)]
#[derive(Clone, Copy)]
enum Tag {
    Other,
    Submitted,
    EnteredCallQueue,
    Taken,
    Started,
    Skipped,
    Returned,
    EnteredResultQueue,
    ResultReceived,
    Cancelled,
    Withdrawn,
    Turned,
    /// Two events of the same moment: an item that is the first to begin in a call that was taken.
    TakenStarted,
    /// The end of an item and the beginning of the next.
    ReturnedStarted,
    /// The end of an item and of its call, in a pool of threads.
    ReturnedReceived,
    /// The end of an item and of its call, in a worker process.
    ReturnedEntered,
}

impl Tag {
    const ALL: [Self; 16] = [
        Self::Other,
        Self::Submitted,
        Self::EnteredCallQueue,
        Self::Taken,
        Self::Started,
        Self::Skipped,
        Self::Returned,
        Self::EnteredResultQueue,
        Self::ResultReceived,
        Self::Cancelled,
        Self::Withdrawn,
        Self::Turned,
        Self::TakenStarted,
        Self::ReturnedStarted,
        Self::ReturnedReceived,
        Self::ReturnedEntered,
    ];
}

impl Tag {
    /// How many numbers follow the stamp and the call.
    const fn numbers(self) -> usize {
        match self {
            Self::Other
            | Self::EnteredCallQueue
            | Self::EnteredResultQueue
            | Self::ResultReceived
            | Self::Cancelled
            | Self::Withdrawn => 0,
            Self::Taken | Self::Skipped => 1,
            Self::Submitted
            | Self::Started
            | Self::Returned
            | Self::Turned
            | Self::TakenStarted
            | Self::ReturnedStarted
            | Self::ReturnedReceived
            | Self::ReturnedEntered => 2,
        }
    }

    const fn is_pair(self) -> bool {
        matches!(self, Self::TakenStarted | Self::ReturnedStarted | Self::ReturnedReceived | Self::ReturnedEntered)
    }
}

impl Fields {
    /// The event that these are, and the second of a pair. `None` for one that is not packed.
    fn events(self, tag: Tag) -> Option<(Event, Option<Event>)> {
        let Self { at, call, numbers: [first, second] } = self;
        let returned = EventKind::Finished { call, item: first, worker: second, outcome: Outcome::Returned };
        let started = |item| EventKind::Started { call, item, worker: second };
        let (kind, then) = match tag {
            Tag::Other => return None,
            Tag::Submitted => (EventKind::Submitted { call, first_item: first, items: second }, None),
            Tag::EnteredCallQueue => (EventKind::EnteredCallQueue { call }, None),
            Tag::Taken => (EventKind::Taken { call, worker: first }, None),
            Tag::Started => (started(first), None),
            Tag::Skipped => (EventKind::Skipped { call, item: first }, None),
            Tag::Returned => (returned, None),
            Tag::EnteredResultQueue => (EventKind::EnteredResultQueue { call }, None),
            Tag::ResultReceived => (EventKind::ResultReceived { call }, None),
            Tag::Cancelled => (EventKind::Cancelled { call }, None),
            Tag::Withdrawn => (EventKind::Withdrawn { call }, None),
            Tag::Turned => {
                let to = *Activity::ALL.get(second as usize % ACTIVITIES)?;
                (EventKind::Turned { call, item: first, worker: second / ACTIVITIES as u32, to }, None)
            }
            Tag::TakenStarted => (EventKind::Taken { call, worker: second }, Some(started(first))),
            Tag::ReturnedStarted => (returned, Some(started(first.wrapping_add(1)))),
            Tag::ReturnedReceived => (returned, Some(EventKind::ResultReceived { call })),
            Tag::ReturnedEntered => (returned, Some(EventKind::EnteredResultQueue { call })),
        };
        Some((Event { at, kind }, then.map(|kind| Event { at, kind })))
    }
}

impl EventLog {
    /// Empty, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// From what [`Self::packed`] and [`Self::take_others`] gave, which may have come from elsewhere.
    ///
    /// # Errors
    /// When it is no log.
    pub(super) fn from_parts(bytes: Vec<u8>, others: Vec<Event>) -> Result<Self, EventLogError> {
        let mut reader = Reader::new(&bytes);
        let (mut length, mut whole) = (0, 0);
        while reader.next < bytes.len() {
            let tag = reader.tag().ok_or(EventLogError)?;
            length += 1 + usize::from(tag.is_pair());
            if matches!(tag, Tag::Other) {
                whole += 1;
            } else {
                reader.fields(tag).ok_or(EventLogError)?;
            }
        }
        let last = reader.last;
        if whole == others.len() { Ok(Self { bytes, others, length, last }) } else { Err(EventLogError) }
    }

    /// The packed events, and where among them the others are.
    pub(super) fn packed(&self) -> &[u8] {
        &self.bytes
    }

    /// Those that carry text or errors, before the log is cleared.
    pub(super) fn take_others(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.others)
    }

    /// How many events were pushed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether none was pushed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many bytes the packed events take.
    #[must_use]
    pub const fn packed_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Those events that carry text or errors.
    pub fn whole_events(&self) -> impl Iterator<Item = &Event> {
        self.others.iter()
    }

    /// Appends an event.
    #[inline]
    pub fn push(&mut self, event: Event) {
        self.length += 1;
        match event.kind {
            EventKind::Submitted { call, first_item, items } => {
                self.pack(Tag::Submitted, event.at, call, [first_item, items]);
            }
            EventKind::EnteredCallQueue { call } => self.pack(Tag::EnteredCallQueue, event.at, call, []),
            EventKind::Taken { call, worker } => self.pack(Tag::Taken, event.at, call, [worker]),
            EventKind::Started { call, item, worker } => self.pack(Tag::Started, event.at, call, [item, worker]),
            EventKind::Skipped { call, item } => self.pack(Tag::Skipped, event.at, call, [item]),
            EventKind::Finished { call, item, worker, outcome: Outcome::Returned } => {
                self.pack(Tag::Returned, event.at, call, [item, worker]);
            }
            EventKind::EnteredResultQueue { call } => self.pack(Tag::EnteredResultQueue, event.at, call, []),
            EventKind::ResultReceived { call } => self.pack(Tag::ResultReceived, event.at, call, []),
            EventKind::Cancelled { call } => self.pack(Tag::Cancelled, event.at, call, []),
            EventKind::Withdrawn { call } => self.pack(Tag::Withdrawn, event.at, call, []),
            EventKind::Turned { call, item, worker, to } if worker < u32::MAX / ACTIVITIES as u32 => {
                self.pack(Tag::Turned, event.at, call, [item, worker * ACTIVITIES as u32 + to as u32]);
            }
            _ => {
                self.bytes.push(Tag::Other as u8);
                self.others.push(event);
            }
        }
    }

    /// Appends two events: those that often come together, at the same moment, are packed as one.
    #[inline]
    pub fn push_both(&mut self, first: Event, second: Event) {
        let tag_and_item = match (&first.kind, &second.kind) {
            _ if first.at != second.at => None,
            (&EventKind::Taken { call, worker }, &EventKind::Started { call: same, item, worker: too })
                if (call, worker) == (same, too) =>
            {
                Some((Tag::TakenStarted, call, item, worker))
            }
            (&EventKind::Finished { call, item, worker, outcome: Outcome::Returned }, second) => match *second {
                EventKind::Started { call: same, item: next, worker: too }
                    if (call, worker) == (same, too) && next == item.wrapping_add(1) =>
                {
                    Some((Tag::ReturnedStarted, call, item, worker))
                }
                EventKind::ResultReceived { call: same } if call == same => {
                    Some((Tag::ReturnedReceived, call, item, worker))
                }
                EventKind::EnteredResultQueue { call: same } if call == same => {
                    Some((Tag::ReturnedEntered, call, item, worker))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((tag, call, item, worker)) = tag_and_item {
            self.length += 2;
            self.pack(tag, first.at, call, [item, worker]);
        } else {
            self.push(first);
            self.push(second);
        }
    }

    #[inline]
    fn pack<const N: usize>(&mut self, tag: Tag, at: i64, call: WorkId, numbers: [u32; N]) {
        // At most 1 + 10 + 10 + 2 × 5: put together here, as a vector looks at its capacity at each push.
        let mut packed = [0; 32];
        packed[0] = tag as u8;
        let mut length = 1;
        let mut put = |mut number: u64| {
            while number >= 0x80 {
                packed[length] = number as u8 | 0x80;
                length += 1;
                number >>= 7;
            }
            packed[length] = number as u8;
            length += 1;
        };
        put(zigzag(at.wrapping_sub(self.last.at)));
        put(zigzag(call.wrapping_sub(self.last.call) as i64));
        for number in numbers {
            put(u64::from(number));
        }
        // A copy of fixed size is a few instructions; one of another size is a call.
        self.bytes.extend_from_slice(&packed);
        self.bytes.truncate(self.bytes.len() - (packed.len() - length));
        self.last = Last { at, call };
    }

    /// Appends what `other` holds, which costs little more than copying it.
    pub fn append(&mut self, mut other: Self) {
        let mut reader = Reader::new(&other.bytes);
        // What is told by how far it is from the event before is told anew; that is the first that is packed.
        while let Some(tag) = reader.tag() {
            if matches!(tag, Tag::Other) {
                self.bytes.push(tag as u8);
                continue;
            }
            let Some(Fields { at, call, numbers }) = reader.fields(tag) else { break };
            match numbers[..tag.numbers()] {
                [] => self.pack(tag, at, call, []),
                [number] => self.pack(tag, at, call, [number]),
                _ => self.pack(tag, at, call, numbers),
            }
            self.bytes.extend_from_slice(&other.bytes[reader.next..]);
            self.last = other.last;
            break;
        }
        self.others.append(&mut other.others);
        self.length += other.length;
    }

    /// Empties it and keeps its memory, unless that is large.
    pub fn clear(&mut self) {
        const KEPT: usize = 1 << 16;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.others.clear();
        (self.length, self.last) = (0, Last::default());
    }

    /// All events, in order.
    pub fn into_events(self) -> impl Iterator<Item = Event> {
        let Self { bytes, others, .. } = self;
        let mut others = others.into_iter();
        let mut unpack = Unpack::default();
        std::iter::from_fn(move || unpack.next(&bytes, || others.next()))
    }

    /// Copies of all events, in order.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        let mut others = self.others.iter();
        let mut unpack = Unpack::default();
        std::iter::from_fn(move || unpack.next(&self.bytes, || others.next().cloned()))
    }
}

/// How far the reading of a log is.
#[derive(Default)]
struct Unpack {
    next: usize,
    last: Last,
    /// Of a pair.
    second: Option<Event>,
}

impl Unpack {
    fn next(&mut self, bytes: &[u8], other: impl FnOnce() -> Option<Event>) -> Option<Event> {
        if let Some(second) = self.second.take() {
            return Some(second);
        }
        let mut reader = Reader { bytes, next: self.next, last: self.last };
        let event = match reader.tag()? {
            Tag::Other => other(),
            // What was pushed, or looked at when it came from elsewhere, can be read.
            tag => reader.fields(tag)?.events(tag).map(|(first, then)| {
                self.second = then;
                first
            }),
        };
        (self.next, self.last) = (reader.next, reader.last);
        event
    }
}

impl Serialize for EventLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.bytes, &self.others).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EventLog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (bytes, others) = Deserialize::deserialize(deserializer)?;
        Self::from_parts(bytes, others).map_err(serde::de::Error::custom)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    next: usize,
    last: Last,
}

/// The numbers of an event that is packed.
struct Fields {
    at: i64,
    call: WorkId,
    numbers: [u32; 2],
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, last: Last::default() }
    }

    fn tag(&mut self) -> Option<Tag> {
        Tag::ALL.get(usize::from(self.byte()?)).copied()
    }

    /// What follows the tag; `None` if it makes no sense.
    #[inline]
    fn fields(&mut self, tag: Tag) -> Option<Fields> {
        let at = self.last.at.wrapping_add(unzigzag(self.number()?));
        let call = self.last.call.wrapping_add(unzigzag(self.number()?) as u64);
        self.last = Last { at, call };
        let mut numbers = [0; 2];
        for number in &mut numbers[..tag.numbers()] {
            *number = self.small()?;
        }
        Some(Fields { at, call, numbers })
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.next).copied();
        self.next += 1;
        byte
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    #[inline]
    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }
}

/// Small numbers of either sign as small numbers.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::error::TaskError;
    use super::*;

    fn any_event() -> impl Strategy<Value = Event> {
        let numbers = (any::<u64>(), any::<u32>(), any::<u32>());
        let kind = (0..14_u8, numbers).prop_map(|(kind, (call, item, worker))| match kind {
            0 => EventKind::Submitted { call, first_item: item, items: worker },
            1 => EventKind::EnteredCallQueue { call },
            2 => EventKind::Taken { call, worker },
            3 => EventKind::Started { call, item, worker },
            4 => EventKind::Skipped { call, item },
            5 => EventKind::Finished { call, item, worker, outcome: Outcome::Returned },
            6 => {
                let outcome = Outcome::Raised(Box::new(TaskError::message("no")));
                EventKind::Finished { call, item, worker, outcome }
            }
            7 => EventKind::EnteredResultQueue { call },
            8 => EventKind::ResultReceived { call },
            9 => EventKind::Cancelled { call },
            10 => EventKind::Withdrawn { call },
            12 => EventKind::Turned { call, item, worker, to: Activity::ALL[item as usize % ACTIVITIES] },
            11 => EventKind::Lost { call, error: Box::new(TaskError::Skipped) },
            _ => EventKind::WorkerExited { worker, cause: "shutdown".into() },
        });
        (any::<i64>(), kind).prop_map(|(at, kind)| Event { at, kind })
    }

    /// Two events that may be packed as one, or just not.
    fn any_pair() -> impl Strategy<Value = (Event, Event)> {
        let numbers = (0..2_u64, 0..3_u32, 0..2_u32);
        let kind = || {
            (0..5_u8, numbers.clone()).prop_map(|(kind, (call, item, worker))| match kind {
                0 => EventKind::Taken { call, worker },
                1 => EventKind::Started { call, item, worker },
                2 => EventKind::Finished { call, item, worker, outcome: Outcome::Returned },
                3 => EventKind::EnteredResultQueue { call },
                _ => EventKind::ResultReceived { call },
            })
        };
        (0..2_i64, kind(), 0..2_i64, kind())
            .prop_map(|(at, first, later, second)| (Event { at, kind: first }, Event { at: later, kind: second }))
    }

    proptest! {
        #[test]
        fn pairs_come_out_as_they_went_in(pairs in prop::collection::vec(any_pair(), 0..200)) {
            let mut log = EventLog::default();
            pairs.iter().cloned().for_each(|(first, second)| log.push_both(first, second));
            prop_assert_eq!(log.len(), 2 * pairs.len());
            let back: Vec<_> = log.into_events().collect();
            prop_assert_eq!(back, pairs.into_iter().flat_map(|(first, second)| [first, second]).collect::<Vec<_>>());
        }

        #[test]
        fn what_goes_in_comes_out(events in prop::collection::vec(any_event(), 0..100)) {
            let mut log = EventLog::default();
            events.iter().cloned().for_each(|event| log.push(event));
            prop_assert_eq!(log.len(), events.len());
            let others = log.take_others();
            let back = EventLog::from_parts(log.packed().to_vec(), others).unwrap();
            prop_assert_eq!(back.len(), events.len());
            prop_assert_eq!(back.into_events().collect::<Vec<_>>(), events);
        }

        #[test]
        fn logs_are_joined(logs in prop::collection::vec(prop::collection::vec((any_event(), any_event()), 0..20), 0..6)) {
            let mut joined = EventLog::default();
            for pairs in &logs {
                let mut log = EventLog::default();
                pairs.iter().cloned().for_each(|(first, second)| log.push_both(first, second));
                joined.append(log);
            }
            let events: Vec<_> = logs.into_iter().flatten().flat_map(|(first, second)| [first, second]).collect();
            prop_assert_eq!(joined.len(), events.len());
            prop_assert_eq!(joined.into_events().collect::<Vec<_>>(), events);
        }

        #[test]
        fn what_is_no_log_is_an_error_and_no_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(log) = EventLog::from_parts(bytes, Vec::new()) {
                let length = log.len();
                prop_assert_eq!(log.into_events().count(), length);
            }
        }
    }

    #[test]
    fn an_ordinary_event_is_small() {
        let mut log = EventLog::default();
        for call in 0..1000 {
            let at = 3_000_000_000_000 + call as i64 * 2_000;
            log.push(Event { at, kind: EventKind::Started { call, item: 0, worker: 1 } });
            let outcome = Outcome::Returned;
            log.push(Event { at: at + 900, kind: EventKind::Finished { call, item: 0, worker: 1, outcome } });
        }
        assert!(log.packed_bytes() <= 2000 * 6 + 10, "{}", log.packed_bytes());
    }
}
