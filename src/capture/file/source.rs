//! Where a capture file's bytes come from: a file or standard input, compressed or not.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::capture::{CaptureError, Progress};

/// The first bytes of a gzip member (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes handed to the decompressor at a time.
const GZIP_BUFFER: usize = 256 * 1024;

/// A file or standard input, with a count of what was read from it.
pub(super) struct Raw {
    input: Input,
    /// Bytes of the file; 0 where nobody knows.
    total: u64,
    done: u64,
}

enum Input {
    File(File),
    Standard(io::Stdin),
}

impl Raw {
    /// Opens `path`; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        if path.as_os_str() == "-" {
            return Ok(Self { input: Input::Standard(io::stdin()), total: 0, done: 0 });
        }
        let file = File::open(path).map_err(|error| CaptureError::Io("cannot open", error))?;
        let total = file.metadata().map_or(0, |about| about.len());
        Ok(Self { input: Input::File(file), total, done: 0 })
    }

    const fn progress(&self) -> Option<Progress> {
        if self.total == 0 { None } else { Some(Progress { done: self.done, total: self.total }) }
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.input {
            Input::File(file) => file.read(into)?,
            Input::Standard(stdin) => stdin.read(into)?,
        };
        self.done += count as u64;
        Ok(count)
    }
}

type Compressed = MultiGzDecoder<BufReader<Chain<Cursor<Vec<u8>>, Raw>>>;

/// The bytes of a capture, decompressed.
pub(super) enum Source {
    Plain(Raw),
    Gzip(Box<Compressed>),
}

/// What came of a read.
pub(super) enum Got {
    Bytes(usize),
    End,
    /// The compressed stream breaks off or makes no sense from here on.
    Damage,
}

impl Source {
    /// Takes a source whose first bytes are `head`. Gives `head` back where it is not compressed.
    pub(super) fn new(raw: Raw, head: Vec<u8>) -> (Self, Vec<u8>) {
        if head.starts_with(&GZIP) {
            let reader = BufReader::with_capacity(GZIP_BUFFER, Cursor::new(head).chain(raw));
            (Self::Gzip(Box::new(MultiGzDecoder::new(reader))), Vec::new())
        } else {
            (Self::Plain(raw), head)
        }
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<Got, CaptureError> {
        loop {
            let result = match self {
                Self::Plain(raw) => raw.read(into),
                Self::Gzip(gzip) => gzip.read(into),
            };
            return match result {
                Ok(0) => Ok(Got::End),
                Ok(count) => Ok(Got::Bytes(count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if self.is_damage(&error) => Ok(Got::Damage),
                Err(error) => Err(CaptureError::Io("cannot read", error)),
            };
        }
    }

    fn is_damage(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        matches!(self, Self::Gzip(_)) && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
    }

    /// Bytes of the file as it lies on disk.
    pub(super) fn progress(&self) -> Option<Progress> {
        match self {
            Self::Plain(raw) => raw.progress(),
            Self::Gzip(gzip) => gzip.get_ref().get_ref().get_ref().1.progress(),
        }
    }
}
