//! Where a capture file's bytes come from: a file or standard input, compressed or not.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;

use crate::capture::{CaptureError, Progress};
use crate::sys::Poller;

/// The first bytes of a gzip member (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes handed to the decompressor at a time.
const GZIP_BUFFER: usize = 256 * 1024;

/// A file or standard input, with a count of what was read from it.
pub(super) struct Raw {
    file: File,
    /// A pipe, a terminal or a socket: its bytes come when they come.
    is_live: bool,
    /// Bytes of the file; 0 where nobody knows.
    total: u64,
    done: u64,
}

impl Raw {
    /// Opens `path`; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let file = if path.as_os_str() == "-" {
            io::stdin().as_fd().try_clone_to_owned().map(File::from)
        } else {
            File::open(path)
        };
        let file = file.map_err(|error| CaptureError::Io("cannot open", error))?;
        let about = file.metadata().map_err(|error| CaptureError::Io("cannot open", error))?;
        Ok(Self { file, is_live: !about.is_file() && !about.is_dir(), total: about.len(), done: 0 })
    }

    const fn progress(&self) -> Option<Progress> {
        if self.total == 0 { None } else { Some(Progress { done: self.done, total: self.total }) }
    }

    /// Whether a read would not wait, after waiting at most `patience` for that.
    fn is_ready(&self, patience: Duration) -> Result<bool, CaptureError> {
        if !self.is_live {
            return Ok(true);
        }
        let mut poller = Poller::default();
        poller.add(self.file.as_fd());
        poller.wait(patience).map_err(|error| CaptureError::Io("cannot wait for data", error))
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
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

    /// Whether a read would not wait, after waiting at most `patience` for that.
    pub(super) fn is_ready(&self, patience: Duration) -> Result<bool, CaptureError> {
        match self {
            Self::Plain(raw) => raw.is_ready(patience),
            Self::Gzip(gzip) => {
                let buffer = gzip.get_ref();
                let (head, raw) = buffer.get_ref().get_ref();
                let has_head = (head.position() as usize) < head.get_ref().len();
                if has_head || !buffer.buffer().is_empty() { Ok(true) } else { raw.is_ready(patience) }
            }
        }
    }

    pub(super) fn is_live(&self) -> bool {
        match self {
            Self::Plain(raw) => raw.is_live,
            Self::Gzip(gzip) => gzip.get_ref().get_ref().get_ref().1.is_live,
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
