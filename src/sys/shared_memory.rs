//! Memory that several processes see, as nothing but atomic words, and waiting for one of them to change.
//!
//! One of three files with unsafe code. What makes it sound:
//! - The mapping is made here, is as long as it says, is page-aligned, starts as zeroes, and lives as long as its owner: every
//!   reference into it borrows the owner.
//! - All that can be reached are atomics, which any number of threads and processes may read and write at the same time;
//!   every bit pattern is a valid value of theirs. What other processes write can mislead, but not break memory safety.
//! - The file is anonymous and sealed against shrinking, so no access can fall off its end.
#![expect(unsafe_code, reason = "mapping memory is a promise that only this file has to keep")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};
use rustix::process::{Resource, getrlimit};
use rustix::thread::futex;

/// Bytes of the bells, before the words.
const BELLS_BYTES: usize = 4096;

/// See the module.
pub struct SharedMemory {
    start: NonNull<u8>,
    words: usize,
    file: File,
}

// SAFETY: it is a pointer to memory that is accessed through atomics only, and is unmapped by its one owner.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// Makes memory of so many words, all zero.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn create(words: usize) -> io::Result<Self> {
        let bytes = (BELLS_BYTES + words * size_of::<AtomicU64>()) as u64;
        // Of a file that becomes too large, a process does not hear as an error: SIGXFSZ ends it.
        if getrlimit(Resource::Fsize).current.is_some_and(|most| most < bytes) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(rustix::fs::memfd_create("poolscope", flags)?);
        file.set_len(bytes)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Self::map(file, words)
    }

    /// Maps what another process has made.
    ///
    /// # Errors
    /// When it can't be opened, or is not such memory.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        // Only a file that nobody can shorten is safe to read as memory.
        if !rustix::fs::fcntl_get_seals(&file)?.contains(SealFlags::SHRINK) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it can be shortened"));
        }
        let bytes = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        let words = bytes.saturating_sub(BELLS_BYTES) / size_of::<AtomicU64>();
        if bytes < BELLS_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is too short"));
        }
        Self::map(file, words)
    }

    fn map(file: File, words: usize) -> io::Result<Self> {
        let bytes = BELLS_BYTES + words * size_of::<AtomicU64>();
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: the system chooses the address, so nothing that exists is replaced; the file is at least that long.
        let start = unsafe { rustix::mm::mmap(std::ptr::null_mut(), bytes, access, flags, &file, 0) }?;
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at nothing"))?;
        Ok(Self { start, words, file })
    }

    /// Where other processes of the user can open it, as long as it lives here.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()).into()
    }

    /// Words that can be waited for.
    #[must_use]
    pub fn bells(&self) -> &[AtomicU32] {
        // SAFETY: the mapping begins with so many bytes, aligned to a page, and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), BELLS_BYTES / size_of::<AtomicU32>()) }
    }

    /// All other words.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: so many words follow the bells, which are a whole page, so they are aligned too.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(BELLS_BYTES).cast(), self.words) }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        let bytes = BELLS_BYTES + self.words * size_of::<AtomicU64>();
        // SAFETY: mapped by `map` with this length, and nothing borrows it any more.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), bytes) };
    }
}

/// Sleeps while `bell` is `seen`, until somebody wakes it, or for `timeout`; sometimes for less.
pub fn wait(bell: &AtomicU32, seen: u32, timeout: Option<Duration>) {
    let timeout = timeout.and_then(|timeout| timeout.try_into().ok());
    // Whatever the reason is to wake up, the caller looks again.
    let _ = futex::wait(bell, futex::Flags::empty(), seen, timeout.as_ref());
}

/// Wakes so many that sleep on `bell`.
pub fn wake(bell: &AtomicU32, count: u32) {
    let _ = futex::wake(bell, futex::Flags::empty(), count);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn what_one_writes_the_other_reads() {
        let one = SharedMemory::create(1000).unwrap();
        let other = SharedMemory::open(&one.path()).unwrap();
        assert_eq!(other.words().len(), 1000);
        one.words()[999].store(42, Ordering::Relaxed);
        one.bells()[1023].store(7, Ordering::Relaxed);
        assert_eq!(other.words()[999].load(Ordering::Relaxed), 42);
        assert_eq!(other.bells()[1023].load(Ordering::Relaxed), 7);
        drop(one);
        assert_eq!(other.words()[999].load(Ordering::Relaxed), 42, "each has its own hold of it");
    }

    #[test]
    fn an_ordinary_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(10_000).unwrap();
        assert!(SharedMemory::open(file.path()).is_err());
        assert!(SharedMemory::open(Path::new("/proc/self/fd/1000000")).is_err());
    }
}
