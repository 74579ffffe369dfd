//! The receive ring that the kernel shares with us (TPACKET_V3, Documentation/networking/packet_mmap.rst).
//!
//! The ring is an array of blocks. The kernel fills one, hands it over by setting `TP_STATUS_USER` in its
//! status word, and does not touch it again until we give it back by writing `TP_STATUS_KERNEL`.

use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::model::{Gso, Heading, LinkType, Timestamp, VlanTag};

use super::packet::{Instruction, PacketSocket};
use super::prefetch::prefetch;

/// Bytes of one block: large enough that one hand-over serves thousands of small frames.
const BLOCK: usize = 1 << 20;

/// How large a ring is, and how long a block may wait to be full before it is handed over anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize {
    /// Blocks of 1 MiB.
    pub blocks: u32,
    pub retire: Duration,
}

/// A packet socket with its ring.
#[derive(Debug)]
pub struct Ring {
    socket: PacketSocket,
    map: Map,
    blocks: usize,
    next: usize,
    has_virtio: bool,
}

impl Ring {
    /// Opens a ring that hears nothing before its socket is bound. The order is the kernel's demand: version,
    /// virtio header, then the ring; and the filter before the first frame can come.
    pub fn open(size: RingSize, filter: &[Instruction]) -> io::Result<Self> {
        let socket = PacketSocket::open()?;
        socket.set_number(libc::PACKET_VERSION, libc::tpacket_versions::TPACKET_V3 as libc::c_int)?;
        // Without it super-packets are seen all the same, only not how they will be cut.
        let has_virtio = socket.set_number(libc::PACKET_VNET_HDR, 1).is_ok();
        socket.attach(filter)?;
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK as u32,
            tp_block_nr: size.blocks,
            // V3 packs frames of any size; the kernel only checks that these two agree with the blocks.
            tp_frame_size: FRAME as u32,
            tp_frame_nr: size.blocks.saturating_mul((BLOCK / FRAME) as u32),
            tp_retire_blk_tov: u32::try_from(size.retire.as_millis()).unwrap_or(u32::MAX),
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        socket.set(libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let blocks = size.blocks as usize;
        let map = Map::new(&socket, blocks * BLOCK)?;
        Ok(Self { socket, map, blocks, next: 0, has_virtio })
    }

    pub const fn socket(&self) -> &PacketSocket {
        &self.socket
    }

    /// Bytes of memory that the ring takes.
    pub const fn bytes(&self) -> usize {
        self.map.len
    }

    /// The next block that the kernel has handed over, if there is one. Dropping it gives it back.
    pub fn next_block(&mut self) -> Option<Block<'_>> {
        let owner = self.status(self.next).load(Ordering::Acquire);
        if owner & libc::TP_STATUS_USER == 0 {
            return None;
        }
        Some(Block { ring: self })
    }

    /// The word that says whose a block is.
    fn status(&self, block: usize) -> &AtomicU32 {
        let at = block * BLOCK + STATUS;
        // SAFETY: `block < self.blocks`, so the word is inside the map, which lives as long as `self`; blocks are
        // page-aligned and the word's offset is a multiple of four. Kernel and we write it only as an atomic.
        unsafe { AtomicU32::from_ptr(self.map.base.as_ptr().add(at).cast()) }
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

const FRAME: usize = 4096;
const HEADER: usize = offset_of!(libc::tpacket_block_desc, hdr);
const STATUS: usize = HEADER + offset_of!(libc::tpacket_hdr_v1, block_status);
const COUNT: usize = HEADER + offset_of!(libc::tpacket_hdr_v1, num_pkts);
const FIRST: usize = HEADER + offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt);
const LENGTH: usize = HEADER + offset_of!(libc::tpacket_hdr_v1, blk_len);

/// A block that is ours until it is dropped.
pub struct Block<'a> {
    ring: &'a mut Ring,
}

impl Block<'_> {
    /// The frames in it, in the order they came.
    pub fn frames(&self) -> Frames<'_> {
        let start = self.ring.next * BLOCK;
        // SAFETY: the block lies inside the map and stays mapped while `self` borrows the ring. The kernel does not
        // write to it before `drop` gives it back, and by then this slice is gone: it borrows `self`.
        let block = unsafe { std::slice::from_raw_parts(self.ring.map.base.as_ptr().add(start), BLOCK) };
        let word =
            |at: usize| block.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_ne_bytes(*word));
        let end = (word(LENGTH) as usize).min(BLOCK);
        Frames {
            bytes: block.get(..end).unwrap_or_default(),
            at: word(FIRST) as usize,
            left: word(COUNT),
            has_virtio: self.ring.has_virtio,
        }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.ring.status(self.ring.next).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.ring.next = (self.ring.next + 1) % self.ring.blocks;
    }
}

/// A frame in a ring, as the kernel described it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    pub at: Timestamp,
    pub ifindex: u32,
    pub link: LinkType,
    pub heading: Heading,
    /// True length on the link in bytes; a tag that the kernel took off is counted.
    pub wire_len: u32,
    pub data: &'a [u8],
    pub vlan: Option<VlanTag>,
    pub gso: Option<Gso>,
}

/// The frames of a block. Ends early at a header that makes no sense.
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
    has_virtio: bool,
}

/// Bytes that an 802.1Q tag takes on the link.
const TAG: u32 = 4;
/// `struct virtio_net_hdr` (linux/virtio_net.h), which stands right before the frame.
const VIRTIO: usize = 10;
/// Where `struct sockaddr_ll` follows the header.
const ADDRESS: usize = size_of::<libc::tpacket3_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);
const HEADS: usize = ADDRESS + size_of::<libc::sockaddr_ll>();

impl<'a> Iterator for Frames<'a> {
    type Item = Seen<'a>;

    #[inline]
    fn next(&mut self) -> Option<Seen<'a>> {
        self.left = self.left.checked_sub(1)?;
        let frame = self.bytes.get(self.at..)?;
        let heads: &[u8; HEADS] = frame.first_chunk()?;
        let mac = usize::from(half(heads, offset_of!(libc::tpacket3_hdr, tp_mac)));
        let kept = word(heads, offset_of!(libc::tpacket3_hdr, tp_snaplen)) as usize;
        let data = frame.get(mac..)?.get(..kept)?;
        let status = word(heads, offset_of!(libc::tpacket3_hdr, tp_status));
        let vlan = vlan(heads, status);
        let length = word(heads, offset_of!(libc::tpacket3_hdr, tp_len));
        let seen = Seen {
            at: stamp(heads),
            ifindex: word(heads, ADDRESS + offset_of!(libc::sockaddr_ll, sll_ifindex)),
            link: link_type(half(heads, ADDRESS + offset_of!(libc::sockaddr_ll, sll_hatype))),
            heading: Heading::from_packet_type(heads[ADDRESS + offset_of!(libc::sockaddr_ll, sll_pkttype)].into()),
            wire_len: if vlan.is_some() { length.saturating_add(TAG) } else { length },
            data,
            vlan,
            gso: if self.has_virtio { mac.checked_sub(VIRTIO).and_then(|at| gso(frame.get(at..)?)) } else { None },
        };
        match word(heads, offset_of!(libc::tpacket3_hdr, tp_next_offset)) {
            0 => self.left = 0,
            step => {
                self.at += step as usize;
                if step > NEAR {
                    prefetch_heads(self.bytes, self.at.saturating_add(AHEAD * step as usize));
                }
            }
        }
        Some(seen)
    }
}

/// Large frames of a bulk transfer stand at equal steps, so the place of a later one can be guessed. Steps up to
/// `NEAR` bytes the processor foresees by itself. Measured: 62 ns a frame of 1514 bytes without this, 25 with it.
const AHEAD: usize = 3;
const NEAR: u32 = 512;

/// Asks for a frame's headers before they are needed. A wrong guess does no harm.
#[inline]
fn prefetch_heads(bytes: &[u8], at: usize) {
    for line in [0, 64, 128] {
        if let Some(byte) = bytes.get(at.saturating_add(line)) {
            prefetch(byte);
        }
    }
}

#[inline]
fn word(heads: &[u8; HEADS], at: usize) -> u32 {
    u32::from_ne_bytes([heads[at], heads[at + 1], heads[at + 2], heads[at + 3]])
}

#[inline]
fn half(heads: &[u8; HEADS], at: usize) -> u16 {
    u16::from_ne_bytes([heads[at], heads[at + 1]])
}

#[inline]
fn stamp(heads: &[u8; HEADS]) -> Timestamp {
    let secs = u64::from(word(heads, offset_of!(libc::tpacket3_hdr, tp_sec)));
    let nanos = u64::from(word(heads, offset_of!(libc::tpacket3_hdr, tp_nsec)));
    Timestamp::from_nanos(secs * 1_000_000_000 + nanos)
}

#[inline]
fn vlan(heads: &[u8; HEADS], status: u32) -> Option<VlanTag> {
    const TAGS: usize = offset_of!(libc::tpacket3_hdr, hv1);
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let tpid = if status & libc::TP_STATUS_VLAN_TPID_VALID == 0 {
        libc::ETH_P_8021Q as u16
    } else {
        half(heads, TAGS + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tpid))
    };
    Some(VlanTag { tpid, tci: word(heads, TAGS + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tci)) as u16 })
}

/// From `gso_type` (0 is none) and `gso_size` of the virtio header.
#[inline]
fn gso(virtio: &[u8]) -> Option<Gso> {
    let &[_, kind, _, _, low, high, ..] = virtio else { return None };
    let size = u16::from_ne_bytes([low, high]);
    (kind != 0 && size != 0).then_some(Gso { size })
}

/// What a frame begins with, from the interface's `ARPHRD_` number (linux/if_arp.h). Tunnels hand us bare IP.
pub const fn link_type(hardware: u16) -> LinkType {
    /// `ARPHRD_RAWIP` and `ARPHRD_IP6GRE`, which libc does not name.
    const RAWIP: u16 = 519;
    const IP6GRE: u16 = 823;
    match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => LinkType::Ethernet,
        libc::ARPHRD_NONE
        | RAWIP
        | libc::ARPHRD_PPP
        | libc::ARPHRD_TUNNEL
        | libc::ARPHRD_TUNNEL6
        | libc::ARPHRD_SIT
        | libc::ARPHRD_IPGRE
        | IP6GRE => LinkType::Raw,
        other => LinkType::Other(other),
    }
}

/// The mapped memory of a ring.
#[derive(Debug)]
struct Map {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory belongs to the map alone and has no tie to a thread.
unsafe impl Send for Map {}

impl Map {
    fn new(socket: &PacketSocket, len: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let fd = socket.as_fd().as_raw_fd();
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), len, access, libc::MAP_SHARED, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(base.cast()).map(|base| Self { base, len }).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped, once; every slice of it borrowed the ring and is gone.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as the kernel lays it out: header, address, virtio header, bytes.
    fn laid_out(status: u32, next: u32, kept: u32) -> Vec<u8> {
        let mac = (HEADS + VIRTIO) as u16;
        let mut bytes = Vec::new();
        for word in [next, 5, 7, kept, 1514, status] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend([mac.to_ne_bytes(), [0; 2]].concat());
        bytes.extend([[0; 4], 0x2064_u32.to_ne_bytes()].concat());
        bytes.extend([0x88a8_u16.to_ne_bytes(), [0; 2]].concat());
        bytes.resize(ADDRESS, 0);
        bytes.extend([0; 4]);
        bytes.extend(3_i32.to_ne_bytes());
        bytes.extend(libc::ARPHRD_ETHER.to_ne_bytes());
        bytes.extend([4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([0, 1, 0, 0]);
        bytes.extend(1448_u16.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend([0xab; 60]);
        bytes
    }

    fn frames(bytes: &[u8]) -> Frames<'_> {
        Frames { bytes, at: 0, left: 2, has_virtio: true }
    }

    #[test]
    fn reads_what_the_kernel_wrote() {
        let bytes = laid_out(libc::TP_STATUS_USER, 0, 60);
        let seen: Vec<_> = frames(&bytes).collect();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].at, Timestamp::from_nanos(5_000_000_007));
        assert_eq!((seen[0].ifindex, seen[0].link, seen[0].heading), (3, LinkType::Ethernet, Heading::Outgoing));
        assert_eq!((seen[0].wire_len, seen[0].vlan), (1514, None));
        assert_eq!(seen[0].gso, Some(Gso { size: 1448 }));
        assert_eq!(seen[0].data, [0xab; 60]);
    }

    #[test]
    fn counts_the_tag_the_kernel_took_off() {
        for (flags, tpid) in [(0, 0x8100), (libc::TP_STATUS_VLAN_TPID_VALID, 0x88a8)] {
            let bytes = laid_out(libc::TP_STATUS_VLAN_VALID | flags, 0, 60);
            let seen = frames(&bytes).next().unwrap();
            assert_eq!(seen.vlan, Some(VlanTag { tpid, tci: 0x2064 }));
            assert_eq!(seen.wire_len, 1518);
        }
    }

    #[test]
    fn stops_at_what_makes_no_sense() {
        let whole = laid_out(0, 0, 60);
        for cut in 0..whole.len() {
            assert_eq!(frames(&whole[..cut]).count(), 0, "cut at {cut}");
        }
        assert_eq!(frames(&laid_out(0, 0, u32::MAX)).count(), 0);
        assert_eq!(frames(&laid_out(0, u32::MAX, 60)).count(), 1);
    }

    #[test]
    fn knows_what_frames_begin_with() {
        for (hardware, link) in [
            (1, LinkType::Ethernet),
            (772, LinkType::Ethernet),
            (0xfffe, LinkType::Raw),
            (776, LinkType::Raw),
            (803, LinkType::Other(803)),
        ] {
            assert_eq!(link_type(hardware), link);
        }
    }
}
