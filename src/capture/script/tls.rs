//! TLS records (RFC 8446) for scripts: hellos as clients and servers send them, and data nobody can read.

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// A ClientHello of TLS 1.3 with a server name and protocols to choose from. An empty name is left out.
pub fn client_hello(name: &str, alpn: &[&str]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if !name.is_empty() {
        let entry = [&[0][..], &sized::<2>(name.as_bytes())].concat();
        extend(&mut extensions, 0, &sized::<2>(&entry));
    }
    // x25519 and secp256r1; ecdsa_secp256r1_sha256 and rsa_pss_rsae_sha256.
    extend(&mut extensions, 10, &sized::<2>(&[0, 0x1d, 0, 0x17]));
    extend(&mut extensions, 13, &sized::<2>(&[0x04, 0x03, 0x08, 0x04]));
    if !alpn.is_empty() {
        let names: Vec<u8> = alpn.iter().flat_map(|name| sized::<1>(name.as_bytes())).collect();
        extend(&mut extensions, 16, &sized::<2>(&names));
    }
    extend(&mut extensions, 43, &sized::<1>(&[0x03, 0x04, 0x03, 0x03]));
    let key = [&[0, 0x1d][..], &sized::<2>(&[0x42; 32])].concat();
    extend(&mut extensions, 51, &sized::<2>(&key));
    let suites = sized::<2>(&[0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f]);
    let body = [&[0x03, 0x03][..], &[0x11; 32], &sized::<1>(&[0x22; 32]), &suites, &[1, 0], &sized::<2>(&extensions)];
    record(HANDSHAKE, &[&[1][..], &sized::<3>(&body.concat())].concat())
}

/// A ServerHello that chooses TLS 1.3.
pub fn server_hello() -> Vec<u8> {
    let mut extensions = Vec::new();
    extend(&mut extensions, 43, &[0x03, 0x04]);
    extend(&mut extensions, 51, &[&[0, 0x1d][..], &sized::<2>(&[0x24; 32])].concat());
    let body = [&[0x03, 0x03][..], &[0x33; 32], &sized::<1>(&[0x22; 32]), &[0x13, 0x01, 0], &sized::<2>(&extensions)];
    record(HANDSHAKE, &[&[2][..], &sized::<3>(&body.concat())].concat())
}

/// Records of application data: `count` bytes of ciphertext.
pub fn data(count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count + count / 3_000 + 5);
    let mut left = count;
    while left > 0 {
        let size = left.min(16_384);
        // Bytes without a pattern that a recogniser could mistake for a protocol.
        let bytes: Vec<u8> = (0..size).map(|at| (at.wrapping_mul(197) ^ (at >> 3)) as u8).collect();
        out.extend(record(APPLICATION_DATA, &bytes));
        left -= size;
    }
    out
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let version = if kind == HANDSHAKE { 0x01 } else { 0x03 };
    [&[kind, 0x03, version][..], &sized::<2>(body)].concat()
}

fn extend(extensions: &mut Vec<u8>, number: u16, body: &[u8]) {
    extensions.extend(number.to_be_bytes());
    extensions.extend(sized::<2>(body));
}

/// `body` behind its length in `N` bytes.
fn sized<const N: usize>(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_be_bytes();
    let mut out = length.get(8 - N..).unwrap_or_default().to_vec();
    out.extend(body);
    out
}
