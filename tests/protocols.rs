//! Recognition measured against the results that nDPI and FoxIO publish for their own captures.
//!
//! The captures lie in the folder that the environment variable `EGRET_CAPTURES` names. They are not part of
//! this project. Run with `--nocapture` to see the tables and every difference.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use egret::capture::file::{FileOptions, open};
use egret::capture::{Capture, More};
use egret::decode::{Decoded, decode};
use egret::model::packet::tcp_flag;
use egret::model::{Endpoint, Event, Facts, FlowKey, Packet, Protocol};
use egret::protocol::{Budget, RECOGNISERS, Recognition, Verdict};

/// What nDPI calls a protocol, and what it is called here. Several, where nDPI does not tell apart what we do.
const SAME: &[(&str, &[&str])] = include!("support/ndpi_names.in");

/// Says why a test did not run; that is a failure where everything should run.
fn captures(test: &str, folder: &str) -> Option<PathBuf> {
    let found = std::env::var_os("EGRET_CAPTURES").map(|root| Path::new(&root).join(folder));
    if found.is_none() {
        println!("SKIPPED {test}: EGRET_CAPTURES is not set");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{test} was skipped");
    }
    found
}

/// One flow of a file: whoever opened it, what became of it, and its first bytes.
struct Flow {
    recognition: Option<Recognition>,
    opener: Endpoint,
    answered: bool,
    facts: Option<Facts>,
    first: Vec<u8>,
    bytes: u64,
}

type Flows = HashMap<FlowKey, Flow>;

fn read(path: &Path, inner: bool) -> Flows {
    let mut flows = Flows::new();
    let mut source = open(path, FileOptions::default()).unwrap();
    let budget = Budget::default();
    loop {
        let more = source.read(Duration::ZERO, &mut |event| {
            let Event::Frames(frames) = event else { return };
            for frame in frames {
                if let Decoded::Packet(packet) = decode(frame, inner) {
                    take(&mut flows, &packet, &budget);
                }
            }
        });
        if !matches!(more, Ok(More::Coming)) {
            break;
        }
    }
    for flow in flows.values_mut() {
        if let Some(mut recognition) = flow.recognition.take() {
            settle(flow, recognition.finish());
        }
    }
    flows
}

fn take(flows: &mut Flows, packet: &Packet<'_>, budget: &Budget) {
    let flow = flows.entry(packet.key().canonical().0).or_insert_with(|| {
        let is_answer = packet.tcp_flags & (tcp_flag::SYN | tcp_flag::ACK) == tcp_flag::SYN | tcp_flag::ACK;
        let (opener, answerer) = if is_answer { (packet.to(), packet.from()) } else { (packet.from(), packet.to()) };
        Flow {
            recognition: Recognition::new(packet.protocol, opener.port, answerer.port, budget),
            opener,
            answered: false,
            facts: None,
            first: Vec::new(),
            bytes: 0,
        }
    });
    flow.bytes += u64::from(packet.frame_len);
    if flow.first.is_empty() {
        flow.first = packet.payload.iter().copied().take(64).collect();
    }
    let from_opener = packet.from() == flow.opener;
    flow.answered |= !from_opener;
    if let Some(mut recognition) = flow.recognition.take() {
        let verdict = recognition.feed(packet, from_opener);
        settle(flow, verdict);
        flow.recognition = (!recognition.is_finished()).then_some(recognition);
    }
}

fn settle(flow: &mut Flow, verdict: Verdict) {
    if let Verdict::Known(facts) | Verdict::Unknown(facts) = verdict {
        flow.facts = Some(facts);
    }
}

/// One line of `expected.tsv`.
struct Row {
    file: String,
    key: FlowKey,
    master: String,
    full: String,
    confidence: String,
    host: String,
    ja4: String,
}

fn expected(folder: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let protocol = match cells[1] {
            "TCP" => Protocol::TCP,
            "UDP" => Protocol::UDP,
            _ => return None,
        };
        let end = |text: &str| {
            let (ip, port) = text.rsplit_once(':')?;
            Some(Endpoint::new(ip.trim_matches(['[', ']']).parse().ok()?, port.parse().ok()?))
        };
        let (a, b) = (end(cells[2])?, end(cells[3])?);
        Some(Row {
            file: cells[0].to_owned(),
            key: FlowKey::new(protocol, a, b).canonical().0,
            master: cells[5].split('.').next().unwrap().to_owned(),
            full: cells[5].to_owned(),
            confidence: cells[7].to_owned(),
            host: cells[13].to_owned(),
            ja4: cells[14].to_owned(),
        })
    });
    rows.collect()
}

#[derive(Default)]
struct Score {
    expected: u32,
    right: u32,
    missed: u32,
    wrong: u32,
    named_else: u32,
    bytes: u64,
    bytes_right: u64,
    bytes_else: u64,
}

impl Score {
    /// Precision and recall, of flows or of bytes.
    fn rates(right: f64, named_else: f64, expected: f64) -> (f64, f64) {
        let named = right + named_else;
        (if named > 0.0 { right / named } else { f64::NAN }, right / expected)
    }
}

/// Why we and nDPI differ, for each protocol of the list where we do: a difference that is not explained here
/// fails the test.
#[rustfmt::skip]
const DIFFERENCES: &[(&str, &str)] = &[
    ("BACnet", "by port: 16 bytes of Gnutella on port 47808 begin with cf 5e, not with BACnet's 81"),
    ("BitTorrent", "one by nDPI's memory of the same ends: encrypted (MSE), random bytes; two uTP packets that no other follows"),
    ("CoAP", "precision only: Dropbox in a home speaks CoAP on port 17500 (43 03: a PUT with a token, Uri-Port, JSON), answered"),
    ("DNS", "all in a file of bent packets (aa aa aa... in the place of the question), one by port: 43 b0 02 00"),
    ("DTLS", "precision only: two flows are nDPI's own custom rule for an address; the bytes are a DTLS ClientHello"),
    ("FTP_CONTROL", "by port: pieces of bent lines (20 0d 0a; text of a greeting) without a reply or a command"),
    ("GTP", "by port: 46 01 00 00 is no GTP header; nDPI's own file calls it a false positive"),
    ("HTTP", "bent requests (`HTTP/11.1`) and, by port, bodies without a head; one flow is a single zero"),
    ("HTTP_Proxy", "by port: KakaoTalk's own protocol on 8080 (00 01 00 00 00 05)"),
    ("Kerberos", "by port: later pieces of tickets over TCP, whose beginning was not captured; one bent packet by payload"),
    ("NetBIOS", "one bent question (its name has a wrong length); one flow is a single zero"),
    ("POP3", "by port: random bytes on port 110"),
    ("QUIC", "short headers alone, too few of them or without a connection id: random bytes; port 443 alone"),
    ("Radius", "by port: the code 0x25 and a length that does not fit, in a file of bent packets"),
    ("RTP", "one bent, one with an own header before it; precision: Discord's voice is RTP inside, nDPI names the company"),
    ("SIP", "in a file of bent packets: `INVITE ... SIP/2.a0`, and five spaces by port"),
    ("SMTPS", "by port: obfuscated OpenVPN on port 465"),
    ("TLS", "by port: what 443 carries there is not TLS (Oscar, VPNs, KakaoTalk, MongoDB, keep-alive zeros)"),
    ("collectd", "answers and bent parts: the length of the first part does not fit"),
];

fn ours(master: &str) -> Option<&'static [&'static str]> {
    SAME.iter().find(|(theirs, _)| *theirs == master).map(|(_, ours)| *ours)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A JA4 without what nDPI writes in its own way: whether there is a name (it says no where the name is an
/// address, yes where it learnt one elsewhere), the ALPN (it takes the first two characters), and the hash of no
/// extensions at all (it takes that of an empty text, FoxIO writes zeros).
fn as_ndpi(ja4: &str) -> String {
    let char_at = |index: usize| !matches!(index, 3 | 8 | 9);
    let ja4 = ja4.replace("_e3b0c44298fc", "_000000000000");
    ja4.chars().enumerate().filter(|(index, _)| char_at(*index)).map(|(_, c)| c).collect()
}

/// Prints precision and recall of every protocol, in flows and in bytes, and why we differ where we do.
/// Returns how many flows of the protocols that are in our list are right, and how many there are.
fn print_table(scores: &BTreeMap<&str, Score>) -> (u32, u32) {
    let (mut right, mut all) = (0, 0);
    println!("                                        -------- flows --------  -------- bytes --------");
    println!("protocol                     flows right precision    recall      bytes precision recall");
    for (master, score) in scores.iter().filter(|(master, _)| **master != "?") {
        let mark = if ours(master).is_some() { ' ' } else { '~' };
        if ours(master).is_some() {
            all += score.expected;
            right += score.right;
        }
        let flows = Score::rates(score.right.into(), score.named_else.into(), score.expected.into());
        let bytes = Score::rates(score.bytes_right as f64, score.bytes_else as f64, score.bytes as f64);
        println!(
            "{mark}{master:26} {:6} {:5} {:9.3} {:9.3} {:10} {:9.3} {:6.3}",
            score.expected, score.right, flows.0, flows.1, score.bytes, bytes.0, bytes.1
        );
    }
    println!("~ nDPI's name for a product or a protocol that is not in our list: counted as it is, not aimed at");
    let differs = |(master, score): &(&&str, &Score)| {
        ours(master).is_some() && (score.right < score.expected || score.named_else > 2)
    };
    for (master, score) in scores.iter().filter(differs) {
        let why = DIFFERENCES.iter().find(|(one, _)| one == master).map(|(_, why)| *why);
        println!(
            "DIFFERENCE {master}: {} of {} flows: {}",
            score.expected - score.right,
            score.expected,
            why.unwrap_or("?")
        );
        // Another set of captures has other single flows; what is systematic has a reason here.
        assert!(why.is_some() || score.expected - score.right < 3, "{master} differs and nobody says why");
    }
    (right, all)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, one walk over the rows")]
fn agrees_with_ndpi() {
    let Some(folder) = captures("agrees_with_ndpi", "ndpi") else { return };
    let rows = expected(&folder);
    let mut files: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        files.entry(&row.file).or_default().push(row);
    }
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    // nDPI guesses some flows by their port alone; we do not, so those are counted apart.
    let (mut by_payload, mut by_payload_right) = (0, 0);
    let (mut unknown, mut unknown_named) = (0, 0);
    let (mut hosts, mut hosts_equal, mut ja4s, mut ja4s_equal) = (0, 0, 0, 0);
    for (file, rows) in files {
        let outer = read(&folder.join(file), false);
        let inner = read(&folder.join(file), true);
        for row in &rows {
            let Some(flow) = outer.get(&row.key).or_else(|| inner.get(&row.key)) else {
                println!("ABSENT\t{file}\t{}\t{:?}", row.full, row.key);
                continue;
            };
            if flow.first.is_empty() {
                continue;
            }
            let app = flow.facts.as_ref().map_or("-", |facts| facts.application.id());
            let named = !matches!(app, "-" | "unknown");
            let end = format!("{}>{}", row.key.first(), row.key.second());
            let siblings = || rows.iter().filter(|other| other.key == row.key);
            if row.master == "Unknown" {
                if siblings().all(|other| other.master == "Unknown") {
                    unknown += 1;
                    if named {
                        unknown_named += 1;
                        println!("NAMED\t{file}\t{app}\t{end}\t{}", hex(&flow.first));
                    }
                }
                continue;
            }
            let score = scores.entry(&row.master).or_default();
            score.expected += 1;
            score.bytes += flow.bytes;
            let right = siblings().any(|row| ours(&row.master).is_some_and(|ours| ours.contains(&app)));
            if ours(&row.master).is_some() && row.confidence.starts_with("DPI") {
                by_payload += 1;
                by_payload_right += u32::from(right);
            }
            if right {
                score.right += 1;
                score.bytes_right += flow.bytes;
            } else if named {
                score.wrong += 1;
            } else {
                score.missed += 1;
            }
            if !right {
                let kind = if named { "WRONG" } else { "MISSED" };
                let first = hex(&flow.first);
                println!("{kind}\t{file}\t{}\t{app}\t{end}\t{}\t{first}", row.full, row.confidence);
            }
            if named && !right {
                let theirs = SAME.iter().find(|(_, ours)| ours.contains(&app)).map_or("?", |(theirs, _)| *theirs);
                let theirs = scores.entry(theirs).or_default();
                theirs.named_else += 1;
                theirs.bytes_else += flow.bytes;
            }
            let Some(facts) = flow.facts.as_ref().filter(|_| right) else { continue };
            let name = facts.sni.as_ref().or(facts.host.as_ref()).or(facts.detail.as_ref());
            if !row.host.is_empty() && matches!(app, "tls" | "dot" | "doh" | "quic" | "http" | "dtls") {
                hosts += 1;
                let name = name.map_or("", |name| name.as_str());
                if name.eq_ignore_ascii_case(&row.host) {
                    hosts_equal += 1;
                } else {
                    println!("HOST\t{file}\t{}\t{end}\t{}\t{name}", row.full, row.host);
                }
            }
            if !row.ja4.is_empty() {
                ja4s += 1;
                let ja4 = facts.ja4.as_ref().map_or("", |ja4| ja4.as_str());
                if as_ndpi(ja4) == as_ndpi(&row.ja4) {
                    ja4s_equal += 1;
                } else {
                    println!("JA4\t{file}\t{}\t{end}\t{}\t{ja4}", row.full, row.ja4);
                }
            }
        }
    }
    let (listed_right, listed) = print_table(&scores);
    println!("recognisers: {}", RECOGNISERS.len());
    println!("flows of protocols in the list: {listed_right} of {listed}");
    println!("of those that nDPI tells by payload: {by_payload_right} of {by_payload}");
    println!("flows nDPI calls Unknown: {unknown_named} of {unknown} named");
    println!("host names: {hosts_equal} of {hosts}; JA4: {ja4s_equal} of {ja4s}");
    println!(
        "names that differ: bent requests, where nDPI stops at a zero byte or reads on behind a bent request line"
    );
    println!("JA4 that differ: DTLS 1.3 offered in supported_versions (nDPI says d2), Cisco's DTLS before its RFC");
    println!("  (version 1.0: nDPI says s3, FoxIO knows none), a list of ciphers that runs out of its hello");
    assert!(by_payload_right * 100 >= by_payload * 97, "{by_payload_right} of {by_payload} by payload");
    assert!(unknown_named * 100 <= unknown, "{unknown_named} of {unknown} unknown flows named");
    assert!(hosts_equal * 100 >= hosts * 99, "{hosts_equal} of {hosts} names");
    assert!(ja4s_equal * 100 >= ja4s * 98, "{ja4s_equal} of {ja4s} JA4");
}

/// Every stream that FoxIO's own results give a JA4: the first of them must be ours, and the name too.
#[test]
fn ja4_equals_foxio() {
    let Some(folder) = captures("ja4_equals_foxio", "ja4") else { return };
    let mut results: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    results.retain(|path| path.extension().is_some_and(|end| end == "json"));
    results.sort();
    let (mut count, mut differ) = (0, 0);
    for path in results {
        let flows = read(&path.with_extension(""), false);
        let streams: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for stream in streams.as_array().unwrap() {
            let text = |key: &str| stream[key].as_str().unwrap_or_default();
            let Some(ja4) = stream["JA4.1"].as_str() else { continue };
            let end = |ip: &str, port: &str| Endpoint::new(text(ip).parse().unwrap(), text(port).parse().unwrap());
            let facts = [Protocol::TCP, Protocol::UDP].iter().find_map(|protocol| {
                let key = FlowKey::new(*protocol, end("src", "srcport"), end("dst", "dstport")).canonical().0;
                flows.get(&key).and_then(|flow| flow.facts.as_ref())
            });
            let ours = facts.and_then(|facts| facts.ja4.as_ref()).map_or("", |ja4| ja4.as_str());
            let name = facts.and_then(|facts| facts.sni.as_ref()).map_or("", |name| name.as_str());
            count += 1;
            if ours != ja4 || !name.eq_ignore_ascii_case(text("domain")) {
                differ += 1;
                println!(
                    "DIFFERS\t{}\t{}\t{ja4}\t{ours}\t{}\t{name}",
                    path.display(),
                    stream["stream"],
                    text("domain")
                );
            }
        }
    }
    println!("JA4 and name of {} of {count} streams are FoxIO's", count - differ);
    assert!(count > 80 && differ == 0, "{differ} of {count} differ");
}
