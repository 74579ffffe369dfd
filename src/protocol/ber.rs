//! Tags and lengths of ASN.1's basic encoding (X.690 §8.1), as far as recognisers need them.

use super::reader::Reader;

/// A definite length.
pub(super) fn length(reader: &mut Reader<'_>) -> Option<usize> {
    match reader.u8()? {
        short @ 0..=0x7f => Some(usize::from(short)),
        long @ 0x81..=0x84 => {
            let bytes = reader.take(usize::from(long & 0x7f))?;
            Some(bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)))
        }
        _ => None,
    }
}

/// A tag that must be the one given, and the length behind it.
pub(super) fn enter(reader: &mut Reader<'_>, tag: u8) -> Option<usize> {
    reader.u8().filter(|&found| found == tag)?;
    length(reader)
}
