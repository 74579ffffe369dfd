//! An interval added up by destination.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::baseline::{Contact, Destination, Ledger, is_ours};
use crate::flow::{Interval, Sample};

use super::churn::is_in_vain;

/// What moved between us and one destination within an interval, in payload bytes.
#[derive(Debug)]
pub struct Moved<'a> {
    pub contact: Contact,
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// The flow that sent most: names the destination in a finding.
    pub top: &'a Sample,
    /// There was a real exchange, or an attempt of ours that is no answer to anything.
    pub is_ours: bool,
    /// Times that flows to it were opened.
    pub opened: u32,
    /// Connections that were refused, or not answered yet.
    pub ended_in_vain: u32,
    pub packets_out: u64,
    /// The remote end took part.
    pub answered: bool,
}

/// Destinations that anything was sent to, in the order of their first flow.
pub fn by_destination(seen: &Interval) -> Vec<Moved<'_>> {
    let mut at: HashMap<(Ledger, Destination), usize, RandomState> = HashMap::default();
    let mut all: Vec<Moved<'_>> = Vec::with_capacity(seen.samples.len());
    for sample in seen.samples.iter().filter(|sample| sample.packets_out > 0) {
        let Some(contact) = Contact::of(sample) else { continue };
        let next = all.len();
        let index = *at.entry((contact.ledger, contact.destination.clone())).or_insert(next);
        if let Some(sum) = all.get_mut(index) {
            sum.bytes_out += sample.payload_out;
            sum.bytes_in += sample.payload_in;
            sum.is_ours |= is_ours(sample);
            sum.answered |= sample.answered;
            sum.opened += sample.opened;
            sum.ended_in_vain += u32::from(is_in_vain(sample));
            sum.packets_out += sample.packets_out;
            if sample.payload_out > sum.top.payload_out {
                sum.top = sample;
                sum.contact = contact;
            }
        } else {
            all.push(Moved {
                contact,
                bytes_out: sample.payload_out,
                bytes_in: sample.payload_in,
                top: sample,
                is_ours: is_ours(sample),
                answered: sample.answered,
                opened: sample.opened,
                ended_in_vain: u32::from(is_in_vain(sample)),
                packets_out: sample.packets_out,
            });
        }
    }
    all
}
