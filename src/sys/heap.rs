//! Memory that was freed, given back to the system.
//!
//! One of three files with unsafe code. What makes it sound: `malloc_trim` takes no pointer and gives back only pages that nobody
//! has; glibc's manual page `malloc_trim(3)` calls it safe to use from several threads.
#![expect(unsafe_code, reason = "glibc offers it as a C function only")]

/// glibc keeps what was freed between blocks that are still in use: hundreds of megabytes after a run of a million items.
pub(super) fn give_back() {
    // SAFETY: see the module.
    unsafe { libc::malloc_trim(0) };
}
