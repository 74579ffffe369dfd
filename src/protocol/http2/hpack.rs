//! The first header block of a connection, unpacked (HPACK, RFC 7541). No table of an earlier block is needed.

use super::super::reader::Reader;
use super::huffman;

pub(super) type Field = (Vec<u8>, Vec<u8>);

/// Fields of one block, and bytes of one text; a block that has more is read as far.
const MOST_FIELDS: usize = 64;
const LONGEST_TEXT: usize = 4096;

/// The fields, as many as can be read.
pub(super) fn read(block: &[u8]) -> Vec<Field> {
    let mut reader = Reader::new(block);
    let mut fields = Vec::new();
    // What this block itself adds to the table, the newest last.
    let mut added: Vec<Field> = Vec::new();
    while !reader.is_empty() && fields.len() < MOST_FIELDS {
        match field(&mut reader, &added) {
            Some(Step::Field(field, is_kept)) => {
                if is_kept {
                    added.push(field.clone());
                }
                fields.push(field);
            }
            Some(Step::Nothing) => {}
            None => break,
        }
    }
    fields
}

enum Step {
    /// A field, and whether it goes into the table.
    Field(Field, bool),
    /// The table changes its size.
    Nothing,
}

fn field(reader: &mut Reader<'_>, added: &[Field]) -> Option<Step> {
    let first = reader.u8()?;
    if first & 0x80 != 0 {
        return Some(Step::Field(entry(number(reader, first, 7)?, added)?, false));
    }
    if first & 0xe0 == 0x20 {
        number(reader, first, 5)?;
        return Some(Step::Nothing);
    }
    let is_kept = first & 0x40 != 0;
    let name = match number(reader, first, if is_kept { 6 } else { 4 })? {
        0 => text(reader)?,
        index => entry(index, added)?.0,
    };
    Some(Step::Field((name, text(reader)?), is_kept))
}

/// An integer whose first bits are the low ones of `first` (RFC 7541 §5.1).
fn number(reader: &mut Reader<'_>, first: u8, bits: u32) -> Option<usize> {
    let most = (1_usize << bits) - 1;
    let mut value = usize::from(first) & most;
    if value < most {
        return Some(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = reader.u8()?;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn text(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let first = reader.u8()?;
    let length = number(reader, first, 7).filter(|&length| length <= LONGEST_TEXT)?;
    let bytes = reader.take(length)?;
    if first & 0x80 == 0 { Some(bytes.to_vec()) } else { huffman::read(bytes, LONGEST_TEXT) }
}

fn entry(index: usize, added: &[Field]) -> Option<Field> {
    let at = index.checked_sub(1)?;
    if let Some((name, value)) = STATIC.get(at) {
        return Some((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    }
    added.iter().rev().nth(at - STATIC.len()).cloned()
}

/// RFC 7541 appendix A.
const STATIC: &[(&str, &str)] = &[
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(fields: &[Field]) -> Vec<String> {
        fields.iter().map(|(k, v)| format!("{}={}", String::from_utf8_lossy(k), String::from_utf8_lossy(v))).collect()
    }

    /// RFC 7541 appendices C.3.1 and C.4.1: the same request with and without Huffman coding.
    #[test]
    fn reads_the_examples_of_the_standard() {
        let expected = [":method=GET", ":scheme=http", ":path=/", ":authority=www.example.com"];
        let bare = [&[0x82, 0x86, 0x84, 0x41, 0x0f][..], b"www.example.com"].concat();
        let coded =
            [0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(plain(&read(&bare)), expected);
        assert_eq!(plain(&read(&coded)), expected);
        assert_eq!(plain(&read(&[0x40, 1, b'a', 1, b'b', 0xbe])), ["a=b", "a=b"], "what the block itself added");
    }

    #[test]
    fn what_is_wrong_ends_the_reading() {
        assert_eq!(plain(&read(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])), [":method=GET"]);
        assert!(read(&[0x80]).is_empty() && read(&[0xbe]).is_empty() && read(&[0x40, 0x7f]).is_empty());
    }
}
