//! Which format a capture file has, and where the reading of it stands.

use std::path::Path;

use super::pcap::{self, Pcap};
use super::pcapng::{self, PcapNg};
use super::record::Parsed;
use super::window::Window;
use crate::capture::CaptureError;
use crate::model::{InterfaceInfo, Label, LinkType, Losses};

/// The format of the file, and where the reading of it stands.
#[derive(Clone, Debug)]
pub(super) enum Parser {
    Pcap(Pcap, InterfaceInfo),
    PcapNg(Box<PcapNg>),
}

impl Parser {
    pub(super) fn new(window: &mut Window, path: &Path) -> Result<Self, CaptureError> {
        while window.bytes().len() < pcap::HEADER && window.fill_up(pcap::HEADER)? {}
        let Some(magic) = window.bytes().first_chunk().copied() else { return Err(not_a_capture(window.bytes())) };
        if pcap::is(magic) {
            let Some(header) = window.bytes().first_chunk().copied() else { return Err(cut_short()) };
            let pcap = Pcap::new(header)?;
            window.consume(pcap::HEADER);
            let name = if path.as_os_str() == "-" {
                "stdin".into()
            } else {
                path.file_name().unwrap_or_default().to_string_lossy()
            };
            let is_loopback = matches!(pcap.link(), LinkType::Null | LinkType::Loop);
            let info = InterfaceInfo { name: Label::new(&name), is_up: true, is_loopback, ..InterfaceInfo::default() };
            return Ok(Self::Pcap(pcap, info));
        }
        if pcapng::is(magic) {
            let mut parser = PcapNg::new();
            loop {
                match parser.next(window.bytes()) {
                    Parsed::Other(used) => window.consume(used),
                    Parsed::More(wanted) => {
                        if !window.fill_up(wanted)? {
                            return Err(cut_short());
                        }
                        continue;
                    }
                    _ => {
                        return Err(CaptureError::Format(
                            "a pcapng file with a section header that makes no sense".to_owned(),
                        ));
                    }
                }
                return Ok(Self::PcapNg(Box::new(parser)));
            }
        }
        Err(not_a_capture(window.bytes()))
    }

    #[inline]
    pub(super) fn next<'b>(&mut self, bytes: &'b [u8]) -> Parsed<'b> {
        match self {
            Self::Pcap(pcap, _) => pcap.next(bytes),
            Self::PcapNg(pcapng) => pcapng.next(bytes),
        }
    }

    pub(super) fn interfaces(&self) -> &[InterfaceInfo] {
        match self {
            Self::Pcap(_, info) => std::slice::from_ref(info),
            Self::PcapNg(pcapng) => &pcapng.interfaces,
        }
    }

    /// What the file itself says was not seen, and what it left out of its records.
    pub(super) fn losses(&self) -> Losses {
        match self {
            Self::Pcap(..) => Losses::default(),
            Self::PcapNg(pcapng) => Losses { ring: pcapng.drops(), imprecise: pcapng.unstamped, ..Losses::default() },
        }
    }
}

fn cut_short() -> CaptureError {
    CaptureError::Format("the file ends within its header".to_owned())
}

/// What to say of a file that starts with `head`.
fn not_a_capture(head: &[u8]) -> CaptureError {
    let what = match head {
        [] => "the file is empty",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed with zstd, which is not read; try: zstd -dc FILE | egret -r -",
        [0xfd, b'7', b'z', b'X', ..] => "compressed with xz, which is not read; try: xz -dc FILE | egret -r -",
        [b'B', b'Z', b'h', ..] => "compressed with bzip2, which is not read; try: bzip2 -dc FILE | egret -r -",
        [0x04, 0x22, 0x4d, 0x18, ..] => "compressed with lz4, which is not read; try: lz4 -dc FILE | egret -r -",
        [b'P', b'K', 3, 4, ..] => "a zip archive, not a capture; try: unzip -p FILE | egret -r -",
        [b's', b'n', b'o', b'o', b'p', ..] => "a snoop capture, which is not read; try: editcap -F pcap IN OUT",
        _ => "not a pcap or pcapng file",
    };
    CaptureError::Format(what.to_owned())
}
