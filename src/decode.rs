//! From a frame to an IP packet: what is in it, or why there is none. Total, bounded, no allocation.

mod ip;
mod link;
mod plain;
mod transport;
mod tunnel;
mod walk;

use crate::model::event::Heading;
use crate::model::{Frame, Packet, Skip};

use ip::Ip;
use transport::Transport;
use walk::Walk;

/// What a frame turned out to be. Every frame is one or the other.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    Packet(Packet<'a>),
    Skipped(Skip),
}

/// How deep tunnels are followed.
const NESTING: usize = 4;

/// Reads a frame. Never fails in another way than [`Decoded::Skipped`], whatever the bytes.
///
/// `inner` asks for the packet inside IPIP, 6in4, GRE, VXLAN and Geneve where there is one; the frame's
/// length stays that of the whole frame. Without it a tunnel is one flow between its ends.
#[inline]
pub fn decode<'a>(frame: &Frame<'a>, inner: bool) -> Decoded<'a> {
    if !inner && let Some(packet) = plain::read(frame) {
        return Decoded::Packet(packet);
    }
    decode_any(frame, inner)
}

/// The long way, for frames that [`plain`] leaves.
fn decode_any<'a>(frame: &Frame<'a>, inner: bool) -> Decoded<'a> {
    match read(frame, inner) {
        Ok(packet) => Decoded::Packet(packet),
        Err(cause) => Decoded::Skipped(cause),
    }
}

fn read<'a>(frame: &Frame<'a>, inner: bool) -> Result<Packet<'a>, Skip> {
    let mut walk = Walk::new(frame.data, frame.wire_len);
    if frame.vlan.is_some() {
        walk.forget_stripped_tag();
    }
    let (kind, heading) = link::read(frame.link, &mut walk)?;
    let ip = ip::read(kind, walk)?;
    let transport = transport::read(&ip)?;
    let heading = if frame.heading == Heading::Unknown { heading } else { frame.heading };
    if !inner && frame.gso.is_none() {
        return Ok(packet(frame, heading, &ip, &transport));
    }
    Ok(read_inner(frame, heading, ip, transport, inner))
}

/// The packet inside, as deep as it goes. A tunnel whose inside is not IP stays what it is outside.
#[cold]
fn read_inner<'a>(
    frame: &Frame<'a>,
    heading: Heading,
    ip: Ip<'a>,
    transport: Transport<'a>,
    inner: bool,
) -> Packet<'a> {
    let mut deepest = (ip, transport);
    for _ in 0..NESTING {
        let Some(found) = tunnel::enter(&deepest.0, &deepest.1).and_then(|(kind, walk)| {
            let ip = ip::read(kind, walk).ok()?;
            let transport = transport::read(&ip).ok()?;
            Some((ip, transport))
        }) else {
            break;
        };
        deepest = found;
    }
    let (ip, transport) = if inner { (&deepest.0, &deepest.1) } else { (&ip, &transport) };
    let mut packet = packet(frame, heading, ip, transport);
    if let Some(gso) = frame.gso {
        // Segmentation cuts the innermost payload and copies every header above it.
        let payload = deepest.1.payload.wire();
        let headers = frame.wire_len.saturating_sub(payload);
        packet.segments = payload.div_ceil(u32::from(gso.size).max(1)).max(1);
        packet.segment_headers = headers.saturating_mul(packet.segments - 1);
    }
    packet
}

#[inline]
fn packet<'a>(frame: &Frame<'a>, heading: Heading, ip: &Ip<'a>, transport: &Transport<'a>) -> Packet<'a> {
    Packet {
        at: frame.at,
        interface: frame.interface,
        heading,
        v6: ip.v6,
        protocol: ip.protocol,
        source: ip.source,
        destination: ip.destination,
        source_port: transport.source_port,
        destination_port: transport.destination_port,
        frame_len: frame.wire_len,
        segment_headers: 0,
        segments: 1,
        ip_len: ip.len,
        payload_len: transport.payload.wire(),
        tcp_flags: transport.tcp_flags,
        tcp_sequence: transport.tcp_sequence,
        payload: transport.payload.rest(),
        fragment: ip.fragment,
    }
}

#[cfg(test)]
mod tests;
