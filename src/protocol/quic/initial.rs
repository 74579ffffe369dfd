//! The keys of Initial packets, which follow from the client's connection id and a published salt (RFC 9001 §5.2).

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{self, KeyType, Prk, Salt};

/// A version of QUIC whose Initials can be opened.
#[derive(Debug)]
pub(super) struct Version {
    numbers: &'static [u32],
    salt: [u8; 20],
    pub name: &'static str,
    pub is_v2: bool,
    /// Google's own handshake instead of TLS within.
    pub is_google: bool,
}

pub(super) fn version(number: u32) -> Option<&'static Version> {
    VERSIONS.iter().find(|version| version.numbers.contains(&number))
}

const fn tls(numbers: &'static [u32], salt: u128, tail: u32, name: &'static str) -> Version {
    let (front, back) = (salt.to_be_bytes(), tail.to_be_bytes());
    let mut all = [0; 20];
    let (head, rest) = all.split_at_mut(16);
    head.copy_from_slice(&front);
    rest.copy_from_slice(&back);
    Version { numbers, salt: all, name, is_v2: false, is_google: false }
}

/// The drafts' salts stand in draft-ietf-quic-tls-22 to -33 §5.2; Google's in Chromium's `quic_versions.cc`.
static VERSIONS: &[Version] = &[
    tls(&[1], 0x3876_2cf7_f559_34b3_4d17_9ae6_a4c8_0cad, 0xccbb_7f0a, "QUIC v1"),
    Version {
        is_v2: true,
        ..tls(&[0x6b33_43cf, 0x709a_50c4], 0x0ded_e3de_f700_a6db_8193_81be_6e26_9dcb, 0xf9bd_2ed9, "QUIC v2")
    },
    tls(
        &[0xff00_001d, 0xff00_001e, 0xff00_001f, 0xff00_0020, 0xff00_0021, 0xff00_0022],
        0xafbf_ec28_9993_d24c_9e97_86f1_9c61_11e0,
        0x4390_a899,
        "QUIC draft 29",
    ),
    tls(
        &[0xff00_0017, 0xff00_0018, 0xff00_0019, 0xff00_001a, 0xff00_001b, 0xff00_001c, 0xface_b002],
        0xc3ee_f712_c72e_bb5a_11a7_d243_2bb4_6365,
        0xbef9_f502,
        "QUIC draft 23",
    ),
    tls(
        &[0xff00_0015, 0xff00_0016, 0xface_b001],
        0x7fbc_db0e_7c66_bbe9_193a_96cd_2151_9ebd,
        0x7a02_644a,
        "QUIC draft 22",
    ),
    tls(&[0x5430_3530], 0x7ff5_79e5_acd0_7291_5580_304c_43a2_367c, 0x6048_8310, "QUIC T050"),
    tls(&[0x5430_3531], 0x7a4e_def4_e7cc_ee5f_a450_6c19_124f_c8cc, 0xda6e_033d, "QUIC T051"),
    Version {
        is_google: true,
        ..tls(&[0x5130_3530], 0x5045_74ef_d066_fe2f_9d94_5cfc_dbd3_a7f0, 0xd3b5_6b45, "QUIC Q050")
    },
];

/// What opens the Initials that a client sends.
pub(super) struct Keys {
    header: Option<quic::HeaderProtectionKey>,
    packet: Option<LessSafeKey>,
    iv: [u8; 12],
}

/// Lengths that hkdf does not know by itself.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

impl Keys {
    /// Keys for the connection id that the client chose for its first packet.
    pub(super) fn of_client(id: &[u8], version: &Version) -> Self {
        let [key, iv, hp]: [&[u8]; 3] = if version.is_v2 {
            [b"quicv2 key", b"quicv2 iv", b"quicv2 hp"]
        } else {
            [b"quic key", b"quic iv", b"quic hp"]
        };
        let initial = Salt::new(hkdf::HKDF_SHA256, &version.salt).extract(id);
        let mut keys = Self { header: None, packet: None, iv: [0; 12] };
        let secret = expand(&initial, b"client in", hkdf::HKDF_SHA256, 32, |okm| Prk::from(okm));
        if let Some(secret) = secret {
            keys.header = expand(&secret, hp, &quic::AES_128, 16, |okm| quic::HeaderProtectionKey::from(okm));
            keys.packet = expand(&secret, key, &aead::AES_128_GCM, 16, |okm| LessSafeKey::new(UnboundKey::from(okm)));
            expand(&secret, iv, Bytes(12), 12, |okm| okm.fill(&mut keys.iv).ok());
        }
        keys
    }

    /// The frames within a packet whose number stands at `number_at`; `None` if the key does not fit.
    pub(super) fn open(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let sample = packet.get(number_at + 4..number_at + 4 + 16)?;
        let mask = self.header.as_ref()?.new_mask(sample).ok()?;
        let mut header = packet.get(..number_at + 4)?.to_vec();
        *header.first_mut()? ^= mask[0] & 0x0f;
        let number_length = usize::from(*header.first()? & 3) + 1;
        header.truncate(number_at + number_length);
        let mut nonce = self.iv;
        let number = header.get_mut(number_at..)?;
        for (byte, mask) in number.iter_mut().zip(mask.into_iter().skip(1)) {
            *byte ^= mask;
        }
        // The number of an Initial is small, so its short form is all of it.
        for (byte, number) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *byte ^= number;
        }
        let mut frames = packet.get(header.len()..)?.to_vec();
        let key = self.packet.as_ref()?;
        let length =
            key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&header), &mut frames).ok()?.len();
        frames.truncate(length);
        Some(frames)
    }
}

/// HKDF-Expand-Label (RFC 8446 §7.1) with an empty context.
fn expand<L: KeyType, T>(
    secret: &Prk,
    label: &[u8],
    kind: L,
    length: u8,
    make: impl FnOnce(hkdf::Okm<'_, L>) -> T,
) -> Option<T> {
    let lengths = [0, length, label.len() as u8 + 6];
    let info = [&lengths[..], b"tls13 ", label, &[0]];
    secret.expand(&info, kind).ok().map(make)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    }

    /// RFC 9001 appendix A.1 and A.2: the header protection mask of the client's first packet.
    #[test]
    fn the_keys_are_those_of_the_rfc() {
        let keys = Keys::of_client(&bytes("8394c8f03e515708"), version(1).unwrap());
        assert_eq!(keys.iv[..], bytes("fa044b2f42a3fd3b46fb255c"));
        let mask = keys.header.unwrap().new_mask(&bytes("d1b1c98dd7689fb8ec11d242b123dc9b")).unwrap();
        assert_eq!(mask[..], bytes("437b9aec36"));
    }

    /// RFC 9369 appendix A.1.
    #[test]
    fn version_two_has_keys_of_its_own() {
        let keys = Keys::of_client(&bytes("8394c8f03e515708"), version(0x6b33_43cf).unwrap());
        assert_eq!(keys.iv[..], bytes("91f73e2351d8fa91660e909f"));
    }
}
