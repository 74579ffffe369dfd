//! What unrecognised bytes look like: text, binary, or as random as bytes can be.

use crate::model::Texture;

/// Fewer bytes than this say nothing about randomness.
const LEAST: usize = 48;
/// More bytes than this are not looked at.
const MOST: usize = 2048;

/// The texture of the first bytes of a flow; `None` where there are too few to say.
///
/// The entropy that is *measured* in n random bytes is less than 8 bits: there are not enough of them to show
/// every value. So it is compared with what n random bytes measure on average, not with a fixed bound.
pub(super) fn of(bytes: &[u8]) -> Option<Texture> {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    if bytes.is_empty() {
        return None;
    }
    let text = bytes.iter().filter(|&&b| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)).count();
    if text * 20 >= bytes.len() * 19 && bytes.len() >= 4 {
        return Some(Texture::Text);
    }
    if bytes.len() < LEAST {
        return None;
    }
    Some(if is_random(bytes) { Texture::Random } else { Texture::Binary })
}

/// Whether the bytes could have come from a good random source.
///
/// Two views that short samples do not fool: the entropy within 4 standard deviations of that of random
/// bytes of the same length, and half of all bits set, within 4 standard deviations too.
fn is_random(bytes: &[u8]) -> bool {
    let n = bytes.len() as f64;
    let (mean, deviation) = expected_entropy(n);
    let ones: u32 = bytes.iter().map(|b| b.count_ones()).sum();
    let bits = 8.0 * n;
    let unevenness = (f64::from(ones) - bits / 2.0).abs() / (bits / 4.0).sqrt();
    entropy(bytes) >= mean - 4.0 * deviation && unevenness <= 4.0
}

/// Shannon entropy in bits for each byte, as measured: too low for short samples.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let n = bytes.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / n).map(|p| -p * p.log2()).sum()
}

/// Mean and standard deviation of the measured entropy of `n` random bytes.
///
/// How often a value occurs is Poisson with mean n/256, which gives the mean to a hundredth.
fn expected_entropy(n: f64) -> (f64, f64) {
    let rate = n / 256.0;
    let mut probability = (-rate).exp();
    let mut sum = 0.0;
    for count in 1..64_u32 {
        let k = f64::from(count);
        probability *= rate / k;
        sum += probability * k * k.log2();
    }
    // H = log2(n) - (1/n) * sum over values of c*log2(c).
    let mean = n.log2() - 256.0 * sum / n;
    let deviation = DEVIATIONS.iter().rev().find(|(least, _)| n >= *least).map_or(0.08, |(_, deviation)| *deviation);
    (mean, deviation)
}

/// From a length on, the standard deviation of the measured entropy: 4,000 draws at each length.
const DEVIATIONS: &[(f64, f64)] =
    &[(0.0, 0.080), (64.0, 0.077), (128.0, 0.067), (256.0, 0.052), (512.0, 0.034), (1024.0, 0.018), (2048.0, 0.009)];

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are random enough: SHA-256 of a counter.
    fn random(count: usize, seed: u64) -> Vec<u8> {
        use sha2::{Digest, Sha256};
        (0_u64..).flat_map(|n| Sha256::digest((seed << 32 | n).to_be_bytes())).take(count).collect()
    }

    #[test]
    fn random_bytes_look_random_at_any_length() {
        for length in [48, 64, 100, 200, 512, 1400, 5000] {
            let missed = (0..200).filter(|seed| of(&random(length, *seed)) != Some(Texture::Random)).count();
            assert!(missed <= 1, "{missed} of 200 at {length}");
        }
    }

    #[test]
    fn structure_does_not_look_random() {
        let counters: Vec<u8> = (0..400_u16).flat_map(u16::to_be_bytes).collect();
        let sparse: Vec<u8> = random(64, 1).into_iter().flat_map(|b| [0, b, 0, 0]).collect();
        let header: Vec<u8> = [&[0_u8; 24][..], &random(64, 2)].concat();
        for bytes in [counters, sparse, header, vec![0xaa; 100]] {
            assert_eq!(of(&bytes), Some(Texture::Binary));
        }
    }

    #[test]
    fn text_is_text_and_little_says_nothing() {
        assert_eq!(of(b"uid=0(root) gid=0(root) groups=0(root)\n"), Some(Texture::Text));
        assert_eq!(of(&[1, 2, 3, 4, 5]), None);
        assert_eq!(of(&[]), None);
    }
}
