//! Cutting what is pending into chunks of another size: all of it is submitted anew, which may take a while, so threads of their own do
//! it, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;

use crate::executor::Chunking;

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Rechunking(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The size that was asked for last.
    wanted: AtomicUsize,
    one_at_a_time: Mutex<()>,
}

impl Rechunking {
    /// Has it done soon. Of several sizes that are asked for, the last one stays.
    pub(super) fn start(&self, chunking: Chunking<'static, String>, chunksize: usize) {
        self.0.wanted.store(chunksize, Ordering::SeqCst);
        let inner = Arc::clone(&self.0);
        let changing = move || {
            let _one = inner.one_at_a_time.lock();
            // A run that is being stopped is no longer cut.
            let _ = chunking.set_chunksize(inner.wanted.load(Ordering::SeqCst));
        };
        // Without a thread, chunks stay as they are.
        let _ = thread::Builder::new().name("chunksize".to_owned()).spawn(changing);
    }
}
