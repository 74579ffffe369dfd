//! Frames made to break decoders: short, cut, contradictory, nested without end.

use egret::capture::script::frame::{ip, tcp, udp};
use egret::model::{Endpoint, LinkType, Protocol};

/// A frame as it would lie in a file.
pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) link: LinkType,
    pub(crate) data: Vec<u8>,
    pub(crate) wire_len: u32,
}

fn end(text: &str, port: u16) -> Endpoint {
    Endpoint::new(text.parse().unwrap(), port)
}

const ETHERNET: usize = 14;

/// A TCP segment of ten bytes over IPv4, with some of its bytes replaced.
fn v4(changes: &[(usize, u8)]) -> Vec<u8> {
    let mut data = tcp(end("10.0.0.1", 50_000), end("192.0.2.9", 443), 0x18, (1, 2), b"0123456789");
    for (at, byte) in changes {
        data[*at] = *byte;
    }
    data
}

fn v6(body: &[u8], next: u8) -> Vec<u8> {
    ip("2001:db8::1".parse().unwrap(), "2001:db8::9".parse().unwrap(), Protocol::from_number(next), body)
}

/// More than two hundred of them.
#[allow(clippy::too_many_lines, reason = "a list")]
pub(crate) fn frames() -> Vec<Hostile> {
    let mut list = Vec::new();
    let mut add = |name: String, link: LinkType, data: Vec<u8>| {
        let wire_len = data.len() as u32;
        list.push(Hostile { name, link, data, wire_len });
    };
    let sound = [
        ("tcp", v4(&[])),
        ("tcp over v6", tcp(end("2001:db8::1", 50_000), end("2001:db8::9", 443), 2, (1, 0), b"")),
        ("dns", udp(end("10.0.0.1", 5_353), end("10.0.0.2", 53), &[0xff; 12])),
    ];
    for (what, data) in &sound {
        for cut in 0..data.len() {
            add(format!("{what} cut at {cut}"), LinkType::Ethernet, data[..cut].to_vec());
        }
    }
    for length in 0..=4 {
        add(format!("ihl {length}"), LinkType::Ethernet, v4(&[(ETHERNET, 0x40 | length)]));
    }
    add("ihl 15".into(), LinkType::Ethernet, v4(&[(ETHERNET, 0x4f)]));
    for total in [0_u16, 1, 19, 20, 21, 23, 24, 1_500, u16::MAX] {
        let [high, low] = total.to_be_bytes();
        add(format!("total length {total}"), LinkType::Ethernet, v4(&[(ETHERNET + 2, high), (ETHERNET + 3, low)]));
    }
    for offset in [0, 1, 4, 15] {
        add(format!("data offset {offset}"), LinkType::Ethernet, v4(&[(ETHERNET + 32, offset << 4)]));
    }
    for length in [0_u16, 7, 8, 9, 60, u16::MAX] {
        let mut data = sound[2].1.clone();
        data[ETHERNET + 24..ETHERNET + 26].copy_from_slice(&length.to_be_bytes());
        add(format!("udp length {length}"), LinkType::Ethernet, data);
    }
    for (what, word) in
        [("first", 0x2000_u16), ("overlap", 0x2001), ("last", 0x0003), ("far", 0x1fff), ("evil", 0x8000)]
    {
        let [high, low] = word.to_be_bytes();
        add(format!("fragment, {what}"), LinkType::Ethernet, v4(&[(ETHERNET + 6, high), (ETHERNET + 7, low)]));
    }
    let chain = |count: usize, last: u8| {
        let mut body = [0, 0, 1, 4, 0, 0, 0, 0].repeat(count);
        let at = body.len() - 8;
        body[at] = last;
        v6(&body, 0)
    };
    for count in [1, 31, 32, 33, 100, 1_000, 8_000] {
        add(format!("{count} hop-by-hop headers"), LinkType::Ethernet, chain(count, 6));
        add(format!("{count} hop-by-hop headers, no end"), LinkType::Ethernet, chain(count, 0));
    }
    for (what, next) in
        [("hop-by-hop", 0), ("routing", 43), ("fragment", 44), ("authentication", 51), ("mobility", 135)]
    {
        add(format!("{what} of 255 units"), LinkType::Ethernet, v6(&[6, 255, 0, 0, 0, 0, 0, 0], next));
        add(format!("{what}, four bytes of it"), LinkType::Ethernet, v6(&[6, 0, 0, 0], next));
    }
    let mut jumbo = v6(&[6, 0, 0xc2, 4, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4], 0);
    jumbo[ETHERNET + 4..ETHERNET + 6].fill(0);
    add("jumbogram of 4 GiB".into(), LinkType::Ethernet, jumbo);
    for (what, tag) in [("vlan", &[0x81, 0, 0, 1][..]), ("qinq", &[0x88, 0xa8, 0, 1]), ("mpls", &[0x88, 0x47, 0, 0])] {
        for depth in [8, 9, 400] {
            let data = [&v4(&[])[..12], &tag.repeat(depth), &v4(&[])[12..]].concat();
            add(format!("{depth} × {what}"), LinkType::Ethernet, data);
        }
    }
    let mut nested = v4(&[])[ETHERNET..].to_vec();
    let ends = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
    for depth in 1..=50 {
        nested = ip(ends.0, ends.1, Protocol::GRE, &[&[0, 0, 8, 0], &nested[..]].concat())[ETHERNET..].to_vec();
        if depth % 10 == 0 {
            add(format!("{depth} × gre"), LinkType::Raw, nested.clone());
        }
    }
    for link in [LinkType::Raw, LinkType::Null, LinkType::Loop, LinkType::LinuxSll, LinkType::LinuxSll2] {
        for length in [0, 1, 4, 15, 16, 20, 40] {
            add(format!("{length} × ff as {link:?}"), link, vec![0xff; length]);
            add(format!("{length} zeroes as {link:?}"), link, vec![0; length]);
        }
    }
    for (name, wire_len) in [("gso", 65_226), ("big tcp", 200_000), ("4 GiB", u32::MAX), ("less than captured", 20)] {
        list.push(Hostile { name: name.into(), link: LinkType::Ethernet, data: v4(&[(16, 0), (17, 0)]), wire_len });
    }
    list
}
