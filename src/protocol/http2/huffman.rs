//! The Huffman code of header texts (RFC 7541 §5.2 and appendix B).

use std::sync::LazyLock;

/// How many bits each byte takes. The code is canonical: that says all of it.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const LONGEST: usize = 30;

/// For each length the first code, how many there are, and where their bytes begin in `bytes`.
struct Code {
    levels: [(u32, u32, usize); LONGEST + 1],
    bytes: Vec<u8>,
}

static CODE: LazyLock<Code> = LazyLock::new(|| {
    let mut code = Code { levels: [(0, 0, 0); LONGEST + 1], bytes: Vec::with_capacity(256) };
    let mut next = 0;
    for (length, level) in code.levels.iter_mut().enumerate().skip(1) {
        let begin = code.bytes.len();
        let of_length = LENGTHS.iter().zip(0_u8..=255).filter(|(bits, _)| usize::from(**bits) == length);
        code.bytes.extend(of_length.map(|(_, byte)| byte));
        let count = u32::try_from(code.bytes.len() - begin).unwrap_or_default();
        *level = (next, count, begin);
        next = (next + count) << 1;
    }
    code
});

/// The text, if the bits are one; the last byte is filled up with ones.
pub(super) fn read(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let code = &*CODE;
    let mut out = Vec::new();
    let (mut value, mut length) = (0_u32, 0_usize);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        value = value << 1 | u32::from(bit);
        length += 1;
        let (first, count, begin) = *code.levels.get(length)?;
        if let Some(place) = value.checked_sub(first).filter(|&place| place < count) {
            out.push(*code.bytes.get(begin + place as usize)?);
            (value, length) = (0, 0);
            if out.len() > most {
                return None;
            }
        }
    }
    // Padding is shorter than a byte and a beginning of the end mark, which is all ones.
    (length < 8 && value == (1 << length) - 1).then_some(out)
}
