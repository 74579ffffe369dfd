//! QUIC Initial packets as a client sends them (RFC 9001 §5), in every shape that a client may choose.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{self, KeyType, Prk, Salt};

use crate::exchange::hello_message;

const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const ID: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// CRYPTO bytes in one datagram, so that a hello takes several.
const IN_ONE: usize = 100;

/// How the hello is cut.
pub(crate) struct Shape {
    /// The most bytes in one CRYPTO frame.
    pub crypto_size: usize,
    /// The frames in an order of their own.
    pub shuffled: bool,
    /// Frames repeat the last byte of the one before.
    pub overlapping: bool,
    /// Added to every offset.
    pub offset: u64,
    /// The key is made of another connection id than the header shows.
    pub wrong_id: bool,
    pub alpn: &'static [u8],
}

impl Default for Shape {
    fn default() -> Self {
        Self { crypto_size: 4_000, shuffled: false, overlapping: false, offset: 0, wrong_id: false, alpn: b"h3" }
    }
}

/// The datagrams of a client that asks for a name.
pub(crate) fn initials(name: &str, shape: &Shape) -> Vec<Vec<u8>> {
    let body = hello_message([3, 3], name.as_bytes(), shape.alpn, &[]);
    let hello = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    let size = shape.crypto_size.min(hello.len());
    let mut frames: Vec<(usize, &[u8])> = (0..hello.len())
        .step_by(size)
        .map(|at| {
            let from = if shape.overlapping { at.saturating_sub(1) } else { at };
            (from, &hello[from..(at + size).min(hello.len())])
        })
        .collect();
    if shape.shuffled {
        frames.reverse();
    }
    let groups: Vec<_> =
        if size >= hello.len() { vec![&frames[..]] } else { frames.chunks((IN_ONE / size).max(1)).collect() };
    groups.iter().enumerate().map(|(number, frames)| datagram(number as u8, frames, shape)).collect()
}

fn varint(value: u64) -> Vec<u8> {
    if value < 1 << 14 {
        (value as u16 | 0x4000).to_be_bytes().to_vec()
    } else {
        (value | 3 << 62).to_be_bytes().to_vec()
    }
}

fn datagram(number: u8, frames: &[(usize, &[u8])], shape: &Shape) -> Vec<u8> {
    let mut payload = vec![1];
    for (offset, data) in frames {
        payload.push(6);
        payload.extend(varint((*offset as u64).saturating_add(shape.offset)));
        payload.extend(varint(data.len() as u64));
        payload.extend_from_slice(data);
    }
    payload.resize(1_150, 0);
    let id = if shape.wrong_id { [9; 8] } else { ID };
    let secret = Salt::new(hkdf::HKDF_SHA256, &SALT).extract(&id);
    let secret: Prk = expand(&secret, b"client in", hkdf::HKDF_SHA256, 32).into();
    let key = LessSafeKey::new(UnboundKey::from(expand(&secret, b"quic key", &aead::AES_128_GCM, 16)));
    let header_key = quic::HeaderProtectionKey::from(expand(&secret, b"quic hp", &quic::AES_128, 16));
    let mut iv = [0; 12];
    expand(&secret, b"quic iv", Length(12), 12).fill(&mut iv).unwrap();
    iv[11] ^= number;
    let mut header = [&[0xc0, 0, 0, 0, 1, 8][..], &ID, &[0, 0]].concat();
    header.extend(varint(payload.len() as u64 + 16 + 1));
    header.push(number);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(&header), &mut payload).unwrap();
    // The sample begins four bytes after the start of the number, which is one byte long.
    let mask = header_key.new_mask(&payload[3..19]).unwrap();
    header[0] ^= mask[0] & 0x0f;
    *header.last_mut().unwrap() ^= mask[1];
    [header, payload].concat()
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<'a, L: KeyType>(secret: &'a Prk, label: &'a [u8], kind: L, length: u8) -> hkdf::Okm<'a, L> {
    // HKDF-Expand-Label (RFC 8446 §7.1) with an empty context; leaked, since this is a test.
    let info = [&[0, length, label.len() as u8 + 6][..], b"tls13 ", label, &[0]].concat();
    let info: &'static [&'static [u8]] = Box::leak(vec![&*info.leak()].into_boxed_slice());
    secret.expand(info, kind).unwrap()
}
