//! How the C library hands out memory.

/// Blocks of this many bytes and more are given back to the system when they are freed.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 256 * 1_024;

/// One heap for all threads: one is busy, the others wait for kernels and disks most of the time.
#[cfg(target_env = "gnu")]
const HEAPS: libc::c_int = 1;

/// Has large blocks returned to the system as soon as they are freed, and all threads share one heap.
///
/// By itself glibc raises that border to the size of the largest block that was ever freed (mallopt(3),
/// `M_MMAP_THRESHOLD`), so that one busy second's lists would stay in the heap, with holes, for ever.
pub fn return_large_blocks() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) takes numbers; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Gives freed memory back to the system, after something large was done once (malloc_trim(3)).
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) takes a number, and may be called at any time by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
