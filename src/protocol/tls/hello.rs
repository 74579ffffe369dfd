//! ClientHello and ServerHello (RFC 8446 §4.1, RFC 5246 §7.4.1), as much as there is of them.

use super::super::reader::Reader;
use crate::model::{Application, Facts, Label};

/// What a client offers. Borrowed from its bytes.
#[derive(Debug, Default)]
pub(in crate::protocol) struct ClientHello<'a> {
    pub version: u16,
    /// Cipher suites in their order, GREASE included.
    pub ciphers: Vec<u16>,
    /// Extension types in their order, GREASE included.
    pub extensions: Vec<u16>,
    /// The versions of `supported_versions`, GREASE included.
    pub versions: Vec<u16>,
    pub signatures: Vec<u16>,
    pub alpn: Vec<&'a [u8]>,
    pub server_name: Option<&'a [u8]>,
    /// Carries the real ClientHello encrypted (RFC 9849), or its name (the older ESNI).
    pub is_encrypted: bool,
    /// Nothing of it was missing.
    pub is_whole: bool,
}

const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
pub(in crate::protocol) const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const ECH: u16 = 0xfe0d;
const ESNI: u16 = 0xffce;

/// Names that are kept of one ALPN list; more than this nobody offers.
const MOST_ALPN: usize = 16;

impl<'a> ClientHello<'a> {
    /// Reads the body behind the four bytes of the handshake header. `None`: this is not a ClientHello.
    pub(in crate::protocol) fn parse(body: &'a [u8]) -> Option<Self> {
        let mut hello = Self::default();
        let mut reader = hello.fixed_part(body)?;
        hello.is_whole = hello.lists(&mut reader);
        Some(hello)
    }

    /// The same for DTLS, which has a cookie behind the session id (RFC 6347 §4.2.1).
    pub(in crate::protocol) fn parse_dtls(body: &'a [u8]) -> Option<Self> {
        let mut hello = Self::default();
        let mut reader = hello.fixed_part(body)?;
        let cookie = reader.u8()?;
        reader.skip(usize::from(cookie))?;
        hello.is_whole = hello.lists(&mut reader);
        Some(hello)
    }

    /// Version, random and session id, which must be there and must fit.
    fn fixed_part(&mut self, body: &'a [u8]) -> Option<Reader<'a>> {
        let mut reader = Reader::new(body);
        self.version = reader.u16()?;
        let known = matches!(self.version, 0x0300..=0x0304 | 0xfeff | 0xfefd | 0xfefc | 0x0002 | 0x0100);
        reader.skip(32)?;
        let session = reader.u8().filter(|&length| known && length <= 32)?;
        reader.skip(usize::from(session))?;
        Some(reader)
    }

    /// Cipher suites, compression methods, extensions. False: cut off within them, or wrong.
    fn lists(&mut self, reader: &mut Reader<'a>) -> bool {
        let Some(length) = reader.u16() else { return false };
        // A list of an odd length is wrong, but what is before it was right.
        if length < 2 || length % 2 != 0 {
            return false;
        }
        let suites = reader.take_up_to(usize::from(length));
        self.ciphers = words(suites).collect();
        if suites.len() < usize::from(length) {
            return false;
        }
        let Some(methods) = reader.u8() else { return false };
        if methods == 0 {
            return false;
        }
        if reader.skip(usize::from(methods)).is_none() {
            return false;
        }
        // Extensions may be absent altogether before TLS 1.3.
        let Some(length) = reader.u16() else { return reader.is_empty() };
        let block = reader.take_up_to(usize::from(length));
        let whole = block.len() == usize::from(length);
        self.read_extensions(block).is_some() && whole
    }

    fn read_extensions(&mut self, block: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(block);
        while !reader.is_empty() {
            let kind = reader.u16()?;
            let length = usize::from(reader.u16()?);
            let body = reader.take(length)?;
            self.extensions.push(kind);
            // A wrong extension is not a reason to lose the others.
            let _ = self.read_extension(kind, body);
        }
        Some(())
    }

    fn read_extension(&mut self, kind: u16, body: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        match kind {
            SERVER_NAME => {
                reader.skip(2)?;
                let name_type = reader.u8()?;
                let length = reader.u16()?;
                let name = reader.take_up_to(usize::from(length));
                self.server_name = (name_type == 0 && !name.is_empty()).then_some(name);
            }
            SIGNATURE_ALGORITHMS => {
                let length = reader.u16()?;
                self.signatures = words(reader.take_up_to(usize::from(length))).collect();
            }
            ALPN => {
                reader.skip(2)?;
                while let Some(length) = reader.u8().filter(|_| self.alpn.len() < MOST_ALPN) {
                    self.alpn.push(reader.take(usize::from(length))?);
                }
            }
            SUPPORTED_VERSIONS => {
                let length = reader.u8()?;
                self.versions = words(reader.take_up_to(usize::from(length))).collect();
            }
            ECH | ESNI => self.is_encrypted = true,
            _ => {}
        }
        Some(())
    }

    /// The highest version offered, by the extension where there is one.
    pub(in crate::protocol) fn highest_version(&self) -> u16 {
        let offered = self.versions.iter().copied().filter(|&version| !is_grease(version));
        // DTLS counts downwards: 0xfefd is newer than 0xfeff.
        let newest = if self.version >= 0xfe00 { offered.min() } else { offered.max() };
        newest.unwrap_or(self.version)
    }

    pub(in crate::protocol) fn facts(&self, application: Application) -> Facts {
        Facts {
            application,
            sni: self.server_name.map(|name| Label::new(&String::from_utf8_lossy(name).to_ascii_lowercase())),
            alpn: self.alpn.iter().map(|name| Label::from_bytes(name)).collect(),
            ech: self.is_encrypted,
            detail: version_name(self.highest_version()).map(Label::new),
            ..Facts::default()
        }
    }
}

/// What a server chose.
#[derive(Debug)]
pub(in crate::protocol) struct ServerHello<'a> {
    pub version: u16,
    pub alpn: Option<&'a [u8]>,
}

impl<'a> ServerHello<'a> {
    pub(in crate::protocol) fn parse(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version = reader.u16().filter(|version| matches!(version, 0x0300..=0x0304 | 0xfefc..=0xfeff))?;
        reader.skip(32)?;
        let session = reader.u8().filter(|&length| length <= 32)?;
        reader.skip(usize::from(session) + 2)?;
        reader.u8().filter(|&compression| compression <= 1)?;
        let mut hello = Self { version, alpn: None };
        let _ = hello.read_extensions(&mut reader);
        Some(hello)
    }

    fn read_extensions(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        reader.skip(2)?;
        while !reader.is_empty() {
            let kind = reader.u16()?;
            let length = reader.u16()?;
            let mut body = Reader::new(reader.take(usize::from(length))?);
            match kind {
                SUPPORTED_VERSIONS => self.version = body.u16()?,
                ALPN => {
                    body.skip(2)?;
                    let length = body.u8()?;
                    self.alpn = body.take(usize::from(length));
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// A reserved value that clients put in to keep servers tolerant (RFC 8701).
pub(in crate::protocol) const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

pub(in crate::protocol) const fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0002 => "SSL 2",
        0x0300 => "SSL 3",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        0xfeff => "DTLS 1.0",
        0xfefd => "DTLS 1.2",
        0xfefc => "DTLS 1.3",
        _ => return None,
    })
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.as_chunks::<2>().0.iter().copied().map(u16::from_be_bytes)
}
