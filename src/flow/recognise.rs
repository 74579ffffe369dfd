//! First payload bytes to the recognisers, and what they learnt back to the flow.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::packet::tcp_flag::SYN;
use crate::model::{
    Asker, Endpoint, Facts, FlowKey, Name, NameCheck, NameSource, Packet, Protocol, Side, TcpState, Timestamp,
};
use crate::protocol::names::NameMap;
use crate::protocol::{Budget, Recognition, Verdict, dns, ftp_data};

use super::interval::{QUERIES, Query};
use super::record::{Cold, PayloadUse, Record};
use super::table::FlowTable;

/// The most flows whose payload is being collected at once. A flood beyond that is not recognised, but counted.
const LIMIT: usize = 4_096;

impl FlowTable {
    /// Only for flows that are not settled yet: the rest of the traffic never comes here.
    #[cold]
    pub(super) fn read_payload(&mut self, packet: &Packet<'_>, place: u32, sender: Side) {
        match self.records[place as usize].payload_use {
            PayloadUse::Settled => {}
            PayloadUse::Messages => self.read_messages(packet, place, sender),
            PayloadUse::Undecided => self.recognise(packet, place, sender),
        }
    }

    fn recognise(&mut self, packet: &Packet<'_>, place: u32, sender: Side) {
        let record = self.records[place as usize];
        let from_opener = sender == record.opener();
        let cold = &mut self.cold[place as usize];
        let is_under_way = cold.detail.as_ref().is_some_and(|detail| detail.recognition.is_some());
        if !is_under_way {
            if !self.expected.is_empty() && self.expected.take(&record.key, packet.at) {
                self.note(place, Facts { application: ftp_data::APPLICATION, ..Facts::default() }, packet.at);
                return self.settle(place);
            }
            if self.recognising >= LIMIT {
                self.tally.flows_unrecognised += 1;
                self.records[place as usize].payload_use = PayloadUse::Settled;
                return;
            }
            let Some(recognition) = begin(&record.key, record.opener(), cold, &self.budget) else {
                self.records[place as usize].payload_use = PayloadUse::Settled;
                return;
            };
            cold.detail_mut().recognition = Some(Box::new(recognition));
            self.recognising += 1;
        }
        let Some(recognition) = cold.detail_mut().recognition.as_mut() else { return };
        let verdict = recognition.feed(packet, from_opener);
        let is_finished = recognition.is_finished();
        if let Verdict::Known(facts) | Verdict::Unknown(facts) = verdict {
            self.note(place, facts, packet.at);
        }
        if is_finished {
            self.settle(place);
        }
        if self.is_ftp(place) || self.records[place as usize].payload_use == PayloadUse::Messages {
            self.read_messages(packet, place, sender);
        }
    }

    fn is_ftp(&self, place: u32) -> bool {
        self.cold[place as usize].facts().is_some_and(|facts| facts.application.id() == "ftp")
    }

    /// A line of an FTP control connection may say where the data will be.
    fn read_control(&mut self, packet: &Packet<'_>, place: u32, sender: Side) {
        let record = &self.records[place as usize];
        let from_server = sender != record.opener();
        let Some(port) = ftp_data::announced(from_server, packet.payload) else { return };
        let (speaker, other) = (record.key.end(sender).ip, record.key.end(sender.other()).ip);
        let listener = Endpoint::new(speaker, port);
        if !self.expected.expect(listener, other, packet.at) {
            self.tally.flows_unrecognised += 1;
        }
    }

    /// Addresses and names that DNS was seen to give.
    pub const fn names(&self) -> &NameMap {
        &self.names
    }

    /// The same, to put back what an earlier run saw, and to take what this one did.
    pub const fn names_mut(&mut self) -> &mut NameMap {
        &mut self.names
    }

    fn note(&mut self, place: u32, mut facts: Facts, at: Timestamp) {
        let record = &self.records[place as usize];
        let asker = self.vantage.asker(record.key.end(record.opener()).ip);
        let answerer = record.key.end(record.opener().other()).ip;
        self.names.note_veil(asker, &facts, at);
        facts.name_check = check(&self.names, asker, &facts, answerer, at);
        // The name in a request is the answering end's: where a client asks for us, it is our own.
        let is_theirs = record.opener() == record.ours();
        let detail = self.cold[place as usize].detail_mut();
        detail.name = name_of(&facts).filter(|_| is_theirs).or_else(|| detail.name.take());
        detail.facts = Some(shared(&mut self.common_facts, facts));
    }

    /// No more can become known: the payload is not looked at again, unless its messages matter.
    fn settle(&mut self, place: u32) {
        let detail = self.cold[place as usize].detail_mut();
        if detail.recognition.take().is_some() {
            self.recognising -= 1;
        }
        let has_messages = |facts: &Arc<Facts>| dns::is_dns(facts.application) || facts.application.id() == "ftp";
        let is_read = detail.facts.as_ref().is_some_and(has_messages);
        self.records[place as usize].payload_use = if is_read { PayloadUse::Messages } else { PayloadUse::Settled };
    }

    /// No more will come of a flow that is over: decides on what there is.
    pub(super) fn settle_if_over(&mut self, place: u32, is_over: bool) {
        let record = &self.records[place as usize];
        if record.payload_use != PayloadUse::Undecided
            || !is_over && !matches!(record.state, TcpState::Closed | TcpState::Reset)
        {
            return;
        }
        let Some(recognition) =
            self.cold[place as usize].detail.as_mut().and_then(|detail| detail.recognition.as_mut())
        else {
            return;
        };
        if let Verdict::Known(facts) | Verdict::Unknown(facts) = recognition.finish() {
            let last = self.records[place as usize].last;
            self.note(place, facts, last);
        }
        self.settle(place);
    }

    /// Remembers which addresses the DNS answers of a flow give to which names, and what we asked.
    fn read_messages(&mut self, packet: &Packet<'_>, place: u32, sender: Side) {
        if self.is_ftp(place) {
            self.read_control(packet, place, sender);
        } else if packet.protocol == Protocol::TCP {
            let mut messages = Vec::new();
            let streams = self.cold[place as usize].detail_mut().dns.get_or_insert_default();
            streams[sender as usize]
                .feed(packet.tcp_sequence, packet.payload, |message| messages.push(message.to_vec()));
            for message in messages {
                self.read_message(&message, packet, place, sender);
            }
        } else {
            self.read_message(packet.payload, packet, place, sender);
        }
    }

    /// Who asks in a DNS flow; `None` for an answer that nobody asked for, which may say what it likes.
    fn asker_of(&self, record: &Record, sender: Side, is_response: bool) -> Option<Asker> {
        let (from, to) = (record.key.end(sender).ip, record.key.end(sender.other()).ip);
        if !is_response {
            return (!to.is_multicast()).then(|| self.vantage.asker(from));
        }
        if to.is_multicast() {
            return Some(Asker::Everyone);
        }
        (record.packets[sender.other() as usize] > 0).then(|| self.vantage.asker(to))
    }

    fn read_message(&mut self, bytes: &[u8], packet: &Packet<'_>, place: u32, sender: Side) {
        let Some(message) = dns::Message::parse(bytes) else { return };
        let record = self.records[place as usize];
        if let Some(asker) = self.asker_of(&record, sender, message.is_response) {
            if let Some(question) = &message.question {
                self.names.asked(asker, &question.name, packet.at);
            }
            for answer in message.resolved {
                self.names.learn(asker, answer, packet.at);
            }
        }
        let resolver = record.key.end(record.ours().other());
        let is_ours = sender == record.ours() && !message.is_response && !resolver.ip.is_multicast();
        let Some(question) = message.question.filter(|_| is_ours) else { return };
        if self.queries.len() >= QUERIES {
            self.queries_left_out += 1;
            self.tally.questions_left_out += 1;
            return;
        }
        let host = record.key.end(sender).ip;
        self.queries.push(Query {
            host,
            resolver,
            protocol: packet.protocol,
            name: question.name,
            kind: question.kind,
        });
    }
}

/// What DNS says of the name in a request. Of encrypted hellos and requests to proxies the name is not the other end's.
fn check(names: &NameMap, asker: Asker, facts: &Facts, answerer: IpAddr, at: Timestamp) -> NameCheck {
    match name_of(facts) {
        None => NameCheck::NoName,
        Some(_) if facts.ech || facts.is_for_proxy => NameCheck::Unknown,
        Some(name) => names.check(asker, &name.text, answerer, at),
    }
}

/// A recognition that knows where the streams of both sides begin, as far as the handshake was seen.
fn begin(key: &FlowKey, opener: Side, cold: &Cold, budget: &Budget) -> Option<Recognition> {
    let ports = (key.end(opener).port, key.end(opener.other()).port);
    let mut recognition = Recognition::new(key.protocol(), ports.0, ports.1, budget)?;
    for side in [Side::First, Side::Second] {
        let sequence = cold.syn[side as usize];
        if sequence != 0 {
            let start = Packet { protocol: key.protocol(), tcp_flags: SYN, tcp_sequence: sequence, ..Packet::EMPTY };
            // A handshake alone never decides anything.
            let _ = recognition.feed(&start, side == opener);
        }
    }
    Some(recognition)
}

/// How many sets of facts are kept for sharing.
const COMMON: usize = 16;

/// The facts of flows that nobody recognised are few and alike: a flood of them shares one copy.
fn shared(common: &mut Vec<Arc<Facts>>, facts: Facts) -> Arc<Facts> {
    if facts.application.is_known() {
        return Arc::new(facts);
    }
    if let Some(same) = common.iter().find(|same| ***same == facts) {
        return Arc::clone(same);
    }
    let facts = Arc::new(facts);
    if common.len() < COMMON {
        common.push(Arc::clone(&facts));
    }
    facts
}

/// The name that the flow's own payload gives the answering end.
fn name_of(facts: &Facts) -> Option<Name> {
    let (text, source) = match (&facts.sni, &facts.host) {
        (Some(sni), _) => (sni, NameSource::Sni),
        (None, Some(host)) => (host, NameSource::Host),
        (None, None) => return None,
    };
    // An address in the place of a name names nothing.
    let is_address = text.as_str().trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    (!is_address).then(|| Name { text: text.clone(), source })
}
