//! Where there is no memory that processes can share: pools use pipes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

/// There is none.
pub enum SharedMemory {}

impl SharedMemory {
    /// # Errors
    /// Always.
    pub fn create(_words: usize) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// # Errors
    /// Always.
    pub fn open(_path: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nowhere.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match *self {}
    }

    /// None.
    #[must_use]
    pub fn bells(&self) -> &[AtomicU32] {
        match *self {}
    }

    /// None.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        match *self {}
    }
}

/// Nothing to wait for.
pub fn wait(_bell: &AtomicU32, _seen: u32, _timeout: Option<Duration>) {}

/// Nobody to wake.
pub fn wake(_bell: &AtomicU32, _count: u32) {}
