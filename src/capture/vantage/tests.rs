//! Whose capture it is, case by case.

use std::time::Duration;

use super::*;
use crate::capture::script::talk::{Tcp, lookup, send, together};
use crate::capture::script::{Shot, Step};
use crate::model::event::Heading;
use crate::model::{Endpoint, LinkType, Side, Timestamp};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn end(text: &str, port: u16) -> Endpoint {
    Endpoint::new(ip(text), port)
}

/// The frames of steps without what the kernel knows, as most files have them.
fn frames(steps: Vec<Step>, heading: Option<Heading>) -> Vec<Shot> {
    let shots = steps.into_iter().filter_map(|step| if let Step::Frame(shot) = step { Some(shot) } else { None });
    shots
        .map(|shot| Shot { heading: if heading.is_some() { shot.heading } else { Heading::Unknown }, ..shot })
        .collect()
}

fn found(shots: &[Shot]) -> Vec<IpAddr> {
    let frames: Vec<Frame<'_>> = shots.iter().map(Shot::frame).collect();
    infer(&frames).addresses
}

/// Gives every frame of hosts beyond the network the gateway's link-layer address.
fn behind_a_gateway(mut shots: Vec<Shot>, inside: [u8; 6]) -> Vec<Shot> {
    let gateway = [2, 0, 0xfe, 0xfe, 0xfe, 0xfe];
    for shot in &mut shots {
        let is_ours = shot.data[6..12] == inside;
        let range = if is_ours { 0..6 } else { 6..12 };
        shot.data[range].copy_from_slice(&gateway);
    }
    shots
}

fn visits(us: &str, others: &[&str]) -> Vec<Step> {
    together(others.iter().enumerate().map(|(number, other)| {
        let at = Timestamp::from_secs(number as u64 + 1);
        Tcp::open(end(us, 40_000 + number as u16), end(other, 443), at).say(Side::First, b"hello").close(Side::Second)
    }))
}

const MAC_10_0_0_5: [u8; 6] = [2, 0, 10, 0, 0, 5];
const MAC_PUBLIC: [u8; 6] = [2, 0, 198, 51, 100, 5];

#[test]
fn what_the_kernel_noted_comes_first() {
    let talk = Tcp::accept(end("192.0.2.1", 40_000), end("10.0.0.5", 22), Timestamp::from_secs(1)).close(Side::First);
    let shots = frames(talk, Some(Heading::Host));
    let frames: Vec<Frame<'_>> = shots.iter().map(Shot::frame).collect();
    assert_eq!(infer(&frames), Vantage { addresses: vec![ip("10.0.0.5")], how: "kernel" });
}

#[test]
fn what_a_router_passes_on_is_not_the_routers() {
    let mut steps = visits("10.0.0.5", &["192.0.2.1"]);
    let passed_on = Shot::new(
        Timestamp::from_secs(9),
        Heading::Host,
        crate::capture::script::frame::udp(end("172.16.0.9", 5_000), end("192.0.2.7", 53), b"x"),
    );
    steps.push(Step::Frame(passed_on.clone()));
    steps.push(Step::Frame(Shot { heading: Heading::Outgoing, ..passed_on }));
    assert_eq!(found(&frames(steps, Some(Heading::Host))), [ip("10.0.0.5")]);
}

#[test]
fn a_host_behind_a_gateway_is_the_station_with_private_or_few_addresses() {
    let private = frames(visits("10.0.0.5", &["192.0.2.1", "192.0.2.2", "192.0.2.3"]), None);
    assert_eq!(found(&behind_a_gateway(private, MAC_10_0_0_5)), [ip("10.0.0.5")]);
    let clients = together(["192.0.2.1", "192.0.2.2", "192.0.2.3"].iter().map(|client| {
        Tcp::open(end(client, 40_000), end("198.51.100.5", 443), Timestamp::from_secs(1)).close(Side::First)
    }));
    assert_eq!(found(&behind_a_gateway(frames(clients, None), MAC_PUBLIC)), [ip("198.51.100.5")]);
}

#[test]
fn of_two_hosts_it_is_the_one_that_opened() {
    let talk = Tcp::open(end("10.0.0.9", 40_000), end("10.0.0.5", 22), Timestamp::from_secs(1)).close(Side::First);
    assert_eq!(found(&frames(talk, None)), [ip("10.0.0.9")]);
    let asked = lookup(end("10.0.0.9", 40_000), end("10.0.0.53", 53), "a.example", &[], Timestamp::from_secs(1));
    assert_eq!(found(&frames(asked.clone(), None)), [ip("10.0.0.9")]);
    // The question came before the capture began: an answer comes from a service's port.
    assert_eq!(found(&frames(asked[1..].to_vec(), None)), [ip("10.0.0.9")]);
}

#[test]
fn without_a_link_layer_the_address_at_every_end_is_ours() {
    let mut shots = frames(visits("10.0.0.5", &["192.0.2.1", "192.0.2.2", "10.0.0.1"]), None);
    for shot in &mut shots {
        shot.data.drain(..14);
        shot.link = LinkType::Raw;
        shot.wire_len -= 14;
    }
    assert_eq!(found(&shots), [ip("10.0.0.5")]);
}

#[test]
fn stations_that_are_the_same_on_every_frame_tell_nothing() {
    let mut shots = frames(visits("198.51.100.5", &["203.0.113.1", "203.0.113.2", "203.0.113.3"]), None);
    for shot in &mut shots {
        shot.data[..12].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    }
    assert_eq!(found(&shots), [ip("198.51.100.5")]);
}

#[test]
fn at_a_border_the_private_side_is_ours() {
    let inside = ["10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8"];
    let steps = together(inside.iter().map(|us| visits(us, &["192.0.2.1", "192.0.2.2", "192.0.2.3"])));
    assert_eq!(found(&frames(steps, None)), inside.map(ip));
}

#[test]
fn a_capture_of_loopback_or_of_nothing_has_an_answer_too() {
    let at = Timestamp::from_secs(1);
    let beacon = |from: &str, to: &str| send(end(from, 5_000), end(to, 25_826), b"x", at);
    let steps = vec![beacon("127.0.0.1", "127.0.0.1"), beacon("10.0.0.5", "239.1.1.1")];
    assert_eq!(found(&frames(steps, None)), [ip("10.0.0.5"), ip("127.0.0.1")]);
    assert_eq!(found(&[]), Vec::<IpAddr>::new());
}

#[test]
fn a_flood_of_addresses_is_bounded() {
    let mut lookout = Lookout::default();
    for number in 0..20_000_u32 {
        let from = Endpoint::new(IpAddr::V4((0x0b00_0000 + number).into()), 1);
        let shot = Shot::new(
            Timestamp::ZERO.plus(Duration::from_micros(u64::from(number))),
            Heading::Unknown,
            crate::capture::script::frame::udp(from, end("10.0.0.5", 53), b"x"),
        );
        lookout.see(&shot.frame());
    }
    assert_eq!(lookout.finish().addresses, [ip("10.0.0.5")]);
}
