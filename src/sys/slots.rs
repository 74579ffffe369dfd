//! Memory that a program in the kernel and this process share: the slots of `assets/ebpf/counts.c`.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// One direction of a flow, as the kernel's program compares and counts it: `struct slot`. One cache line.
#[repr(C, align(64))]
struct Slot {
    /// The first word of the name; 0 is nobody's.
    head: AtomicU64,
    addresses: [AtomicU64; NAME - 1],
    counts: [AtomicU64; COUNTS],
}

/// Words that name a flow's direction: what it is and its ports, source (two), destination (two).
pub const NAME: usize = 5;
/// Words that count: packets, link-layer bytes, payload bytes.
pub const COUNTS: usize = 3;

const _: () = assert!(size_of::<Slot>() == 64, "struct slot of counts.c");

/// The mapped array of slots.
#[derive(Debug)]
pub struct Slots {
    base: NonNull<Slot>,
    len: usize,
}

// SAFETY: the memory belongs to the map alone and has no tie to a thread; all of it is atomic.
unsafe impl Send for Slots {}

impl Slots {
    /// Maps the `len` slots of an array map (`BPF_F_MMAPABLE`, Linux 5.5).
    pub fn map(array: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let bytes = len * size_of::<Slot>();
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, libc::MAP_SHARED, array.as_raw_fd(), 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(base.cast()).map(|base| Self { base, len }).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn slot(&self, at: usize) -> Option<&Slot> {
        // SAFETY: inside the mapping, which lives as long as `self` and is aligned to pages; everything in a slot is
        // an atomic, for which any bits are valid, and which the kernel writes as such.
        (at < self.len).then(|| unsafe { self.base.add(at).as_ref() })
    }

    /// Gives a slot to a flow's direction. Nothing may hold it, and nothing may have for the time a packet takes
    /// through the kernel.
    pub fn give(&self, at: usize, name: &[u64; NAME]) {
        let Some(slot) = self.slot(at) else { return };
        let [head, addresses @ ..] = name;
        for (word, value) in slot.addresses.iter().zip(addresses) {
            word.store(*value, Ordering::Relaxed);
        }
        slot.head.store(*head, Ordering::Release);
    }

    /// Takes a slot back. Packets that are in the kernel at this moment may still be counted in it.
    pub fn take_back(&self, at: usize) {
        if let Some(slot) = self.slot(at) {
            slot.head.store(0, Ordering::Release);
        }
    }

    /// What was counted in a slot since the map was made, whoever held it. Zero outside the map.
    ///
    /// A packet that is being counted meanwhile may be in some of the words and in others not.
    pub fn counts(&self, at: usize) -> [u64; COUNTS] {
        self.slot(at).map_or([0; COUNTS], |slot| slot.counts.each_ref().map(|word| word.load(Ordering::Acquire)))
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: exactly what `map` mapped, once; nothing borrowed from it outlives `self`.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len * size_of::<Slot>()) };
    }
}
