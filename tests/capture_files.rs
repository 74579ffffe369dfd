//! Capture files of every kind, whole and broken, through the reader.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, CaptureError, More};
use egret::model::{Event, Heading, InterfaceInfo, LinkType, Losses, Timestamp};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Writes numbers in one byte order.
#[derive(Clone, Copy)]
struct Writer(bool);

impl Writer {
    fn u16(self, number: u16) -> [u8; 2] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u32(self, number: u32) -> [u8; 4] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn words(self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| self.u32(*word)).collect()
    }

    fn pcap(self, magic: u32, link: u32, records: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut out = self.u32(magic).to_vec();
        out.extend([self.u16(2), self.u16(4)].concat());
        out.extend(self.words(&[0, 0, 262_144, link]));
        for (seconds, fraction, wire_len, data) in records {
            out.extend(self.words(&[*seconds, *fraction, data.len() as u32, *wire_len]));
            out.extend(*data);
        }
        out
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let length = body.len().next_multiple_of(4) as u32 + 12;
        let mut out = self.words(&[kind, length]);
        out.extend(body);
        out.resize(length as usize - 4, 0);
        out.extend(self.u32(length));
        out
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut out = [self.u16(code), self.u16(value.len() as u16)].concat();
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn section(self) -> Vec<u8> {
        let version = [self.u16(1), self.u16(0)].concat();
        self.block(0x0a0d_0d0a, &[self.u32(0x1a2b_3c4d).to_vec(), version, vec![0xff; 8]].concat())
    }

    fn interface(self, link: u16, options: &[Vec<u8>]) -> Vec<u8> {
        let head = [self.u16(link), self.u16(0)].concat();
        self.block(1, &[head, self.u32(65_535).to_vec(), options.concat()].concat())
    }

    fn packet(self, interface: u32, stamp: u64, wire_len: u32, data: &[u8], options: &[u8]) -> Vec<u8> {
        let mut body = self.words(&[interface, (stamp >> 32) as u32, stamp as u32, data.len() as u32, wire_len]);
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(options);
        self.block(6, &body)
    }
}

const LITTLE: Writer = Writer(false);
const BIG: Writer = Writer(true);
const MICRO: u32 = 0xa1b2_c3d4;
const NANO: u32 = 0xa1b2_3c4d;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    nanos: u64,
    interface: u16,
    link: LinkType,
    heading: Heading,
    wire_len: u32,
    data: Vec<u8>,
}

#[derive(Debug, Default)]
struct Whole {
    frames: Vec<Got>,
    interfaces: Vec<InterfaceInfo>,
    quiet: Vec<Timestamp>,
    losses: Losses,
}

fn drain(mut capture: impl Capture) -> Whole {
    let mut whole = Whole::default();
    loop {
        let more = capture
            .read(Duration::from_secs(5), &mut |event| match event {
                Event::Frames(frames) => whole.frames.extend(frames.iter().map(|frame| Got {
                    nanos: frame.at.nanos(),
                    interface: frame.interface.0,
                    link: frame.link,
                    heading: frame.heading,
                    wire_len: frame.wire_len,
                    data: frame.data.to_vec(),
                })),
                Event::Quiet(at) => whole.quiet.push(at),
                Event::Interface(_, info) => whole.interfaces.push(info),
                Event::Sockets(..) | Event::Counted(..) => panic!("a file has frames"),
            })
            .unwrap();
        if more == More::Ended {
            whole.losses = capture.losses();
            return whole;
        }
    }
}

fn read_as(bytes: &[u8], options: FileOptions) -> Result<Whole, CaptureError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    open(file.path(), options).map(drain)
}

fn read(bytes: &[u8]) -> Whole {
    read_as(bytes, FileOptions::default()).unwrap()
}

fn refused(bytes: &[u8]) -> String {
    match read_as(bytes, FileOptions::default()) {
        Ok(whole) => panic!("read: {whole:?}"),
        Err(error) => error.to_string(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn got(nanos: u64, wire_len: u32, data: &[u8]) -> Got {
    let (link, heading) = (LinkType::Ethernet, Heading::Unknown);
    Got { nanos, interface: 0, link, heading, wire_len, data: data.to_vec() }
}

#[test]
fn reads_pcap_of_both_orders_and_resolutions() {
    for writer in [LITTLE, BIG] {
        for (magic, unit) in [(MICRO, 1_000), (NANO, 1)] {
            let file = writer.pcap(magic, 1, &[(7, 9, 100, b"abc"), (8, 0, 3, b"def")]);
            for file in [gzip(&file), file] {
                let whole = read(&file);
                let first = 7_000_000_000 + 9 * unit;
                assert_eq!(whole.frames, [got(first, 100, b"abc"), got(8_000_000_000, 3, b"def")]);
                assert_eq!(whole.quiet, [Timestamp::from_secs(8)]);
                assert_eq!((whole.interfaces.len(), whole.losses), (1, Losses::default()));
            }
        }
    }
}

#[test]
fn says_why_a_file_is_no_capture() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "the file is empty"),
        (b"\xd4\xc3\xb2", "not a pcap"),
        (b"hello, world, this is text", "not a pcap or pcapng file"),
        (b"\x28\xb5\x2f\xfd\0\0\0\0", "zstd -dc FILE"),
        (b"PK\x03\x04\0\0\0\0", "zip archive"),
        (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "ends within its header"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "ends within its header"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0\0\0\0\0\0\0\0\0", "section header that makes no sense"),
        (b"\x1f\x8b\x08\0", "the file is empty"),
    ];
    for (bytes, why) in cases {
        let said = refused(bytes);
        assert!(said.contains(why), "{bytes:?}: {said}");
    }
    assert!(refused(&LITTLE.pcap(0xa1b2_cd34, 1, &[])).contains("editcap"));
    let mut version = LITTLE.pcap(MICRO, 1, &[]);
    version[4] = 3;
    assert!(refused(&version).contains("version 3"));
    assert!(matches!(open(Path::new("/nonexistent/file"), FileOptions::default()), Err(CaptureError::Io(..))));
    assert!(matches!(open(Path::new("/"), FileOptions::default()), Err(CaptureError::Io(..))));
}

#[test]
fn a_file_cut_anywhere_gives_what_is_before_the_cut() {
    let pcap = LITTLE.pcap(MICRO, 1, &[(1, 0, 5, b"first"), (2, 0, 6, b"second"), (3, 0, 5, b"third")]);
    let parts = [
        BIG.section(),
        BIG.interface(1, &[]),
        BIG.packet(0, 1_000_000, 5, b"first", &[]),
        BIG.packet(0, 2_000_000, 6, b"second", &[]),
        BIG.packet(0, 3_000_000, 5, b"third", &[]),
    ];
    for (file, header, ends) in [
        (pcap, 24, vec![24, 45, 67, 88]),
        (parts.concat(), parts[0].len(), (0..5).map(|count| parts[..=count].concat().len()).collect()),
    ] {
        let all = read(&file).frames;
        assert_eq!(all.len(), 3);
        for cut in header..file.len() {
            let whole = read(&file[..cut]);
            let is_clean = ends.contains(&cut);
            assert_eq!(whole.losses.damaged, u64::from(!is_clean), "cut at {cut}");
            let complete = ends.iter().rev().filter(|end| **end <= cut).count().saturating_sub(ends.len() - 3);
            assert_eq!(whole.frames, all[..complete], "cut at {cut}");
            assert_eq!(whole.quiet.len(), 1);
        }
    }
}

#[test]
fn damage_after_good_frames_is_counted_and_ends_the_file() {
    let good = LITTLE.pcap(MICRO, 1, &[(1, 0, 5, b"first")]);
    let absurd = [good.clone(), LITTLE.words(&[2, 0, u32::MAX, 5])].concat();
    let whole = read(&absurd);
    assert_eq!((whole.frames.len(), whole.losses.damaged), (1, 1));
    // A length that could be, but that the file does not have.
    let liar = [good.clone(), LITTLE.words(&[2, 0, 200 << 20, 5]), vec![0; 1_000]].concat();
    let whole = read(&liar);
    assert_eq!((whole.frames.len(), whole.losses.damaged), (1, 1));
    let mut packed = gzip(&good.repeat(1));
    packed.truncate(packed.len() - 6);
    let whole = read(&packed);
    assert_eq!((whole.frames.len(), whole.losses.damaged), (1, 1));
    let whole = read(&[gzip(&good), b"rubbish".to_vec()].concat());
    assert_eq!((whole.frames.len(), whole.losses.damaged), (1, 1));
    let (head, tail) = good.split_at(30);
    let whole = read(&[gzip(head), gzip(tail)].concat());
    assert_eq!((whole.frames.len(), whole.losses.damaged), (1, 0), "two members of gzip are one stream");
}

#[test]
fn a_long_file_and_long_records_pass_through_the_window() {
    let long = vec![7; 3_000_000];
    let records: Vec<(u32, u32, u32, &[u8])> = (0..40_000_u32)
        .map(|number| {
            let data = if number % 10_000 == 5 { &long[..] } else { &long[..number as usize % 1_500] };
            (number, 0, data.len() as u32, data)
        })
        .collect();
    let whole = read(&LITTLE.pcap(MICRO, 1, &records));
    assert_eq!(whole.losses.damaged, 0);
    assert_eq!(whole.frames.len(), records.len());
    assert!(
        whole.frames.iter().zip(&records).all(|(got, (seconds, _, _, data))| {
            got.data == *data && got.nanos == u64::from(*seconds) * 1_000_000_000
        })
    );
}

#[test]
fn reads_pcapng_with_many_interfaces_and_sections() {
    for (writer, other) in [(LITTLE, BIG), (BIG, LITTLE)] {
        let name = |writer: Writer, name: &str| writer.option(2, name.as_bytes());
        let nanoseconds = |writer: Writer| writer.option(9, &[9]);
        let outgoing = writer.option(2, &writer.u32(2));
        let file = [
            writer.section(),
            writer.interface(1, &[name(writer, "eth0"), nanoseconds(writer)]),
            writer.interface(113, &[name(writer, "any")]),
            writer.block(0x0bad, b"a block of a kind nobody knows"),
            writer.packet(0, 5, 60, b"one", &outgoing),
            writer.packet(1, 6, 61, b"two", &[]),
            writer.packet(9, 6, 61, b"no such interface", &[]),
            writer.block(3, &[&writer.u32(5)[..], b"three"].concat()),
            other.section(),
            other.interface(1, &[name(other, "eth0"), nanoseconds(other)]),
            other.interface(276, &[name(other, "any")]),
            other.packet(0, 7_000, 4, b"four", &[]),
            other.packet(1, 8, 4, b"five", &[]),
        ];
        let whole = read(&file.concat());
        let with = |nanos, interface, link, heading, wire_len, data: &[u8]| Got {
            nanos,
            interface,
            link,
            heading,
            wire_len,
            data: data.to_vec(),
        };
        let unknown = Heading::Unknown;
        assert_eq!(
            whole.frames,
            [
                with(5, 0, LinkType::Ethernet, Heading::Outgoing, 60, b"one"),
                with(6_000, 1, LinkType::LinuxSll, unknown, 61, b"two"),
                with(6_000, 0, LinkType::Ethernet, unknown, 5, b"three"),
                with(7_000, 0, LinkType::Ethernet, unknown, 4, b"four"),
                with(8_000, 2, LinkType::LinuxSll2, unknown, 4, b"five"),
            ]
        );
        let names: Vec<&str> = whole.interfaces.iter().map(|info| info.name.as_str()).collect();
        assert_eq!(names, ["eth0", "any", "any"], "what is described again is announced once");
        assert_eq!((whole.losses.damaged, whole.losses.imprecise), (1, 1));
    }
}

#[test]
fn reads_what_pcapng_tells_of_an_interface() {
    let w = LITTLE;
    let v6 = [&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[1, 64]].concat();
    let options = [
        w.option(3, b"the uplink"),
        w.option(15, b"some card"),
        w.option(4, &[10, 0, 0, 5, 255, 255, 255, 0]),
        w.option(5, &v6),
        w.option(14, &10_i64.to_le_bytes()),
        w.option(0, &[]),
        w.option(2, b"behind the end"),
    ];
    let statistics = [w.words(&[0, 0, 0]), w.option(5, &7_u64.to_le_bytes()), w.option(7, &2_u64.to_le_bytes())];
    let old = [w.words(&[0, 0, 1_000_000, 3, 3]), b"old".to_vec()].concat();
    let file = [w.section(), w.interface(1, &options), w.block(2, &old), w.block(5, &statistics.concat())].concat();
    let whole = read(&file);
    assert_eq!(whole.frames, [got(11_000_000_000, 3, b"old")]);
    assert_eq!(whole.interfaces[0].name.as_str(), "the uplink");
    assert_eq!(whole.interfaces[0].addresses, ["10.0.0.5", "2001:db8::1"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    assert_eq!(whole.losses.ring, 9);
}

#[test]
fn blocks_that_make_no_sense_are_counted() {
    let w = LITTLE;
    let start = [w.section(), w.interface(1, &[])].concat();
    let fine = w.packet(0, 1, 4, b"fine", &[]);
    let mut too_long = w.packet(0, 1, 4, b"long", &[]);
    too_long[20] = 200;
    let skipped = read(&[start.clone(), too_long, fine.clone()].concat());
    assert_eq!((skipped.frames.len(), skipped.losses.damaged), (1, 1), "the frame is damaged, its block is not");
    let mut torn = fine.clone();
    let last = torn.len() - 4;
    torn[last] ^= 4;
    let odd = w.words(&[6, 33]);
    for bad in [torn, odd] {
        let whole = read(&[start.clone(), fine.clone(), bad, fine.clone()].concat());
        assert_eq!((whole.frames.len(), whole.losses.damaged), (1, 1), "nothing after this can be trusted");
    }
}

#[test]
fn addresses_that_somebody_said_are_taken() {
    let us: IpAddr = "192.0.2.77".parse().unwrap();
    let file = LITTLE.pcap(MICRO, 101, &[(1, 0, 5, b"\x45")]);
    let options = FileOptions { local: Some(vec![us]), ..FileOptions::default() };
    assert_eq!(read_as(&file, options).unwrap().interfaces[0].addresses, [us]);
    assert_eq!(read(&file).interfaces[0].addresses, Vec::<IpAddr>::new());
}

/// A named pipe and the thread that writes to it: `head` at once, `tail` when told.
fn pipe(head: Vec<u8>, tail: Vec<u8>) -> (tempfile::TempDir, std::sync::mpsc::SyncSender<()>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let (tell, told) = std::sync::mpsc::sync_channel::<()>(1);
    std::thread::spawn(move || {
        let mut pipe = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        pipe.write_all(&head).unwrap();
        told.recv().unwrap();
        pipe.write_all(&tail).unwrap();
    });
    (folder, tell)
}

#[test]
fn a_pipe_does_not_make_its_reader_wait() {
    let file = LITTLE.pcap(MICRO, 1, &[(1, 0, 5, b"first"), (2, 0, 6, b"second")]);
    let (folder, tell) = pipe(file[..30].to_vec(), file[30..].to_vec());
    let mut capture = open(&folder.path().join("pipe"), FileOptions::default()).unwrap();
    let more = capture.read(Duration::from_millis(1), &mut |event| panic!("{event:?} out of nothing")).unwrap();
    assert_eq!(more, More::Coming);
    tell.send(()).unwrap();
    let whole = drain(capture);
    assert_eq!((whole.frames.len(), whole.losses.damaged), (2, 0));
}

#[test]
fn a_pipe_may_be_compressed() {
    let file = gzip(&LITTLE.pcap(MICRO, 1, &[(1, 0, 5, b"first"), (2, 0, 6, b"second")]));
    let (folder, tell) = pipe(file[..9].to_vec(), file[9..].to_vec());
    tell.send(()).unwrap();
    let whole = drain(open(&folder.path().join("pipe"), FileOptions::default()).unwrap());
    assert_eq!((whole.frames.len(), whole.losses.damaged), (2, 0));
}
