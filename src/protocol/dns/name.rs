//! Domain names as DNS messages carry them (RFC 1035 §4.1.4), turned into text that means one thing only.

use std::fmt::Write as _;

/// The longest name in its wire form (RFC 1035 §3.1).
const LONGEST: usize = 255;
/// Compression pointers that are followed for one name.
const MOST_POINTERS: usize = 32;

/// The name at `at`, and where it ends within the message.
///
/// Pointers must lead backwards, as RFC 1035 has them ("a prior occurrence"), so there is no loop.
/// Dots and backslashes within a label become `\.` and `\\`, odd bytes `\DDD` (RFC 1035 §5.1): a label
/// `a.b` and two labels `a`, `b` are different names. Letters become small. The root is `.`.
pub(super) fn read(message: &[u8], at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut end = None;
    let (mut at, mut limit, mut wire, mut pointers) = (at, message.len(), 0, 0);
    loop {
        let length = *message.get(..limit)?.get(at)?;
        match length {
            0 => break,
            1..=63 => {
                let label = message.get(at + 1..at + 1 + usize::from(length))?;
                wire += label.len() + 1;
                if wire >= LONGEST {
                    return None;
                }
                push_label(&mut text, label);
                at += 1 + label.len();
            }
            0xc0..=0xff => {
                let low = *message.get(at + 1)?;
                end.get_or_insert(at + 2);
                let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                pointers += 1;
                if target >= at || pointers > MOST_POINTERS {
                    return None;
                }
                // What a pointer leads to stands before the pointer, all of it.
                limit = at;
                at = target;
            }
            _ => return None,
        }
    }
    if text.is_empty() {
        text.push('.');
    }
    Some((text, end.unwrap_or(at + 1)))
}

fn push_label(text: &mut String, label: &[u8]) {
    if !text.is_empty() {
        text.push('.');
    }
    for &byte in label {
        match byte {
            b'.' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            0x21..=0x7e => text.push(char::from(byte.to_ascii_lowercase())),
            _ => {
                let _ = write!(text, "\\{byte:03}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_labels_and_pointers() {
        let message = b"\x03WWW\x07example\x03com\x00\x04mail\xc0\x04\xc0\x11";
        assert_eq!(read(message, 0), Some(("www.example.com".to_owned(), 17)));
        assert_eq!(read(message, 17), Some(("mail.example.com".to_owned(), 24)));
        assert_eq!(read(message, 24), Some(("mail.example.com".to_owned(), 26)));
    }

    #[test]
    fn a_pointer_to_itself_or_forward_or_in_a_circle_is_no_name() {
        assert_eq!(read(b"\xc0\x00", 0), None);
        assert_eq!(read(b"\xc0\x02\x01a\x00", 0), None);
        assert_eq!(read(b"\x01a\xc0\x00", 0), None);
        // A thousand pointers, each to the one before: every hop is backwards, but there are too many.
        let mut message = b"\x01a\x00".to_vec();
        for n in 0..1000_u16 {
            let target = if n == 0 { 0 } else { 1 + n * 2 };
            message.extend_from_slice(&(0xc000 | target).to_be_bytes());
        }
        assert_eq!(read(&message, message.len() - 2), None);
    }

    #[test]
    fn odd_bytes_are_spelt_out() {
        let (name, _) = read(b"\x03a.b\x04\x00\x1b\n\xff\x00", 0).unwrap();
        assert_eq!(name, "a\\.b.\\000\\027\\010\\255");
        assert_eq!(read(b"\x00", 0), Some((".".to_owned(), 1)));
    }

    #[test]
    fn a_name_of_more_than_255_bytes_is_no_name() {
        let long: Vec<u8> = [63].iter().chain([b'x'; 63].iter()).copied().collect();
        assert!(read(&[long.repeat(3), vec![0]].concat(), 0).is_some());
        assert_eq!(read(&[long.repeat(4), vec![0]].concat(), 0), None);
    }
}
