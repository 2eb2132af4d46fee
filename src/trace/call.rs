//! One call: where it is, and when it got there.

/// A call: its way through the queues. A time that has not come is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When it was submitted; if its items had been in other calls before, when the first of those was.
    pub submitted: i64,
    /// When it entered the call queue.
    pub queued: Option<i64>,
    /// When a worker took it.
    pub taken: Option<i64>,
    /// When its worker had answered.
    pub answered: Option<i64>,
    /// When its future was resolved.
    pub done: Option<i64>,
    /// The number of its first item in the run.
    pub first_item: u32,
    /// How many items it has.
    pub items: u32,
    /// Where it is.
    pub stage: Stage,
}

/// A [`Call`] as it is stored: half as large.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredCall {
    pub(super) submitted: i64,
    pub(super) queued: Stamp,
    pub(super) taken: Stamp,
    pub(super) answered: Stamp,
    pub(super) done: Stamp,
    pub(super) first_item: u32,
    pub(super) items: u32,
    pub(super) stage: Stage,
}

/// A time that may not have come, in eight bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp(i64);

impl Stamp {
    const NEVER: Self = Self(i64::MIN);

    pub(super) const fn at(time: i64) -> Self {
        Self(time)
    }

    fn get(self) -> Option<i64> {
        (self.0 != Self::NEVER.0).then_some(self.0)
    }
}

impl StoredCall {
    /// A call that has just been submitted.
    pub(super) const fn submitted(at: i64, first_item: u32, items: u32) -> Self {
        let never = Stamp::NEVER;
        let stage = Stage::Pending;
        Self { submitted: at, queued: never, taken: never, answered: never, done: never, first_item, items, stage }
    }

    pub(super) fn expand(&self) -> Call {
        let &Self { submitted, queued, taken, answered, done, first_item, items, stage } = self;
        let [queued, taken, answered, done] = [queued, taken, answered, done].map(Stamp::get);
        Call { submitted, queued, taken, answered, done, first_item, items, stage }
    }
}

/// Where a call is. It ends at one of the last three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In the work ids queue (process pool) or the work queue (thread pool): can be cancelled.
    Pending,
    /// In the call queue.
    CallQueue,
    /// With a worker.
    Executing,
    /// On its way back.
    ResultQueue,
    /// Its future has what its items gave.
    Done,
    /// Cancelled before it ran.
    Cancelled,
    /// Its future has an error of the executor.
    Lost,
}

impl Stage {
    /// Whether a call that is here can be there next.
    pub(super) const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::CallQueue | Self::Executing | Self::Cancelled | Self::Lost),
            Self::CallQueue => matches!(next, Self::Executing | Self::Lost),
            Self::Executing => matches!(next, Self::ResultQueue | Self::Done | Self::Lost),
            Self::ResultQueue => matches!(next, Self::Done | Self::Lost),
            Self::Done | Self::Cancelled | Self::Lost => false,
        }
    }
}
