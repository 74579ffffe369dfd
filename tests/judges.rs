//! What the judges say about traffic played by data time, and what they must not say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use egret::baseline::{Baseline, BaselineConfig, Standing};
use egret::detect::book::{BookConfig, score};
use egret::detect::{self, AlertBook, Judges};
use egret::flow::interval::Query;
use egret::flow::{Interval, Pressure, Sample, Unseen};
use egret::marks::{KnownGood, Marks, Trust};
use egret::model::{
    Alert, AlertState, Application, Confidence, Direction, Endpoint, Facts, Finding, FlowKey, Label, NameCheck, Opener,
    Owner, Parent, Protocol, Scope, Severity, Subject, Target, TcpState, Timestamp, Traits,
};
use egret::store::{Batch, Store, Words};

const OURS: &str = "10.0.0.5";
/// A Monday, so that days and hours are round.
const START: u64 = 1_800_014_400;

/// One flow's share of a second.
#[derive(Clone, Copy)]
struct Send<'a> {
    to: &'a str,
    from: u16,
    name: Option<&'a str>,
    app: &'static str,
    protocol: Protocol,
    direction: Direction,
    opener: Opener,
    out: u64,
    back: u64,
    answered: bool,
}

const fn tls<'a>(to: &'a str, name: &'a str, out: u64, back: u64) -> Send<'a> {
    Send {
        to,
        from: 40_000,
        name: Some(name),
        app: "tls",
        protocol: Protocol::TCP,
        direction: Direction::Out,
        opener: Opener::Handshake,
        out,
        back,
        answered: true,
    }
}

const fn bare<'a>(to: &'a str, app: &'static str, out: u64, back: u64) -> Send<'a> {
    Send { name: None, app, ..tls(to, "", out, back) }
}

const fn ntp(to: &str) -> Send<'_> {
    Send { protocol: Protocol::UDP, opener: Opener::FirstPacket, from: 123, ..bare(to, "ntp", 48, 48) }
}

/// The engine's order of things, without an engine.
struct Play {
    baseline: Baseline,
    judges: Judges,
    book: AlertBook,
    marks: Marks,
    at: u64,
    samples: Vec<Sample>,
    queries: Vec<Query>,
    totals: HashMap<FlowKey, (u64, u64, Timestamp)>,
    said: Vec<Finding>,
}

fn application(id: &'static str) -> Application {
    match id {
        "-" => Application::PENDING,
        "unknown" => Application::UNKNOWN,
        id => Application::new(id),
    }
}

impl Play {
    fn learning(learn_for: Duration) -> Self {
        let config = BaselineConfig { learn_for, ..BaselineConfig::default() };
        Self {
            baseline: Baseline::new(config),
            judges: Judges::default(),
            book: AlertBook::new(BookConfig::default()),
            marks: Marks::default(),
            at: START,
            samples: Vec::new(),
            queries: Vec::new(),
            totals: HashMap::new(),
            said: Vec::new(),
        }
    }

    fn key(send: &Send<'_>) -> (FlowKey, Endpoint, Endpoint) {
        let remote: SocketAddr = send.to.parse().unwrap();
        let local = Endpoint::new(OURS.parse().unwrap(), send.from);
        let remote = Endpoint::new(remote.ip(), remote.port());
        (FlowKey::new(send.protocol, local, remote).canonical().0, local, remote)
    }

    fn send(&mut self, send: Send<'_>) -> &mut Self {
        let (key, local, remote) = Self::key(&send);
        let now = Timestamp::from_secs(self.at);
        let is_new = !self.totals.contains_key(&key);
        let total = self.totals.entry(key).or_insert((0, 0, now));
        total.0 += send.out;
        total.1 += send.back;
        let port = if send.direction == Direction::In { local.port } else { remote.port };
        self.samples.push(Sample {
            key,
            subject: Subject {
                host: local.ip,
                remote: remote.ip,
                port,
                protocol: send.protocol,
                name: send.name.map(Label::new),
                application: application(send.app),
                flow: Some(key),
            },
            direction: send.direction,
            opener: send.opener,
            state: match send.protocol {
                Protocol::TCP if send.answered => TcpState::Established,
                Protocol::TCP => TcpState::Reset,
                _ => TcpState::None,
            },
            is_new,
            woke: false,
            opened: u32::from(is_new),
            answered: send.answered,
            bytes_out: send.out + 54,
            bytes_in: send.back,
            payload_out: send.out,
            payload_in: send.back,
            packets_out: 1 + send.out / 1_448,
            packets_in: 1 + send.back / 1_448,
            total_out: total.0,
            total_in: total.1,
            total_payload_out: total.0,
            total_payload_in: total.1,
            first: total.2,
            last: now,
            facts: Some(Arc::new(Facts {
                application: application(send.app),
                sni: send.name.filter(|_| send.app == "tls").map(Label::new),
                host: send.name.filter(|_| send.app == "http").map(Label::new),
                ..Facts::default()
            })),
            owner: None,
        });
        self
    }

    /// What DNS says of the name of what was sent last.
    fn checked(&mut self, check: NameCheck) -> &mut Self {
        let facts = self.samples.last_mut().unwrap().facts.as_mut().unwrap();
        Arc::make_mut(facts).name_check = check;
        self
    }

    /// Closes the second; gives back what was found in it.
    fn tick(&mut self) -> Vec<Finding> {
        self.close(1, Pressure::default())
    }

    fn close(&mut self, secs: u64, pressure: Pressure) -> Vec<Finding> {
        self.close_unseen(secs, pressure, Unseen::default())
    }

    fn close_unseen(&mut self, secs: u64, pressure: Pressure, unseen: Unseen) -> Vec<Finding> {
        self.at += secs;
        let at = Timestamp::from_secs(self.at);
        let (samples, queries) = (std::mem::take(&mut self.samples), std::mem::take(&mut self.queries));
        let seen =
            Interval { at, span: Duration::from_secs(secs), samples, queries, pressure, unseen, ..Interval::default() };
        let mut found = Vec::new();
        self.judges.judge(&seen, &self.baseline, &mut found);
        let owned: Vec<&Sample> = seen.samples.iter().filter(|sample| sample.owner.is_some()).collect();
        self.book.absorb(at, found.clone(), &self.marks, &owned);
        let (book, marks) = (&self.book, &self.marks);
        self.baseline.learn(&seen, |sample| book.poisons(at, sample, marks));
        self.said.extend(found.iter().cloned());
        found
    }

    /// Lets time pass without traffic.
    fn pass(&mut self, secs: u64) {
        self.close(secs, Pressure::default());
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.at)
    }

    /// Detectors that light a flow, its score, and whether a mark covers it.
    fn row(&self, send: &Send<'_>) -> (BTreeSet<&'static str>, u8, bool) {
        let (key, local, remote) = Self::key(send);
        let name = send.name.map(Label::new);
        let found = self.book.findings_for(&key, remote, send.protocol, name.as_ref());
        let target = Target { protocol: send.protocol, local: Some(local), remote, name: name.as_ref() };
        let is_marked = self.marks.covers(&target, self.now()).is_some();
        let weight = if is_marked { 0 } else { score(&found) };
        (found.iter().map(|finding| finding.detector).collect(), weight, is_marked)
    }

    fn standing(&self, send: &Send<'_>) -> Standing {
        let (key, local, remote) = Self::key(send);
        let subject = Subject {
            host: local.ip,
            remote: remote.ip,
            port: remote.port,
            protocol: send.protocol,
            name: send.name.map(Label::new),
            application: application(send.app),
            flow: Some(key),
        };
        self.baseline.standing(&key, &subject, send.direction, send.opener)
    }

    fn said_by(&self, detector: &str) -> Vec<&Finding> {
        self.said.iter().filter(|finding| finding.detector == detector).collect()
    }

    fn worst(&self) -> Option<Severity> {
        self.said.iter().map(|finding| finding.severity).max()
    }
}

const API: Send<'static> = tls("203.0.113.10:443", "api.example.com", 2_000, 8_000);
const NAS: Send<'static> = tls("203.0.113.20:443", "files.example.net", 100_000, 4_000);
const TIME: Send<'static> = ntp("198.51.100.1:123");
const DNS: Send<'static> =
    Send { protocol: Protocol::UDP, opener: Opener::FirstPacket, ..bare("198.51.100.53:53", "dns", 60, 200) };

/// What a quiet server does all day.
fn a_usual_second(play: &mut Play, second: u64) {
    if second.is_multiple_of(5) {
        play.send(API).send(DNS);
    }
    if second.is_multiple_of(10) {
        play.send(NAS);
    }
    if second.is_multiple_of(64) {
        play.send(TIME);
    }
}

/// A server that has learnt its usual traffic.
fn learnt() -> Play {
    let mut play = Play::learning(Duration::from_mins(10));
    for second in 0..600 {
        a_usual_second(&mut play, second);
        play.tick();
    }
    assert!(!play.baseline.is_learning());
    assert_eq!(play.said, [], "the learning period is quiet");
    play
}

const NEWCOMER: Send<'static> = tls("192.0.2.77:443", "partner.example.org", 5_000, 3_000);
const FLOOD: Send<'static> = Send { out: 20 * NAS.out, ..NAS };
const ODD_PORT: Send<'static> = Send { from: 40_001, ..tls("203.0.113.10:8443", "api.example.com", 1_000, 1_000) };

#[test]
fn three_strange_things_are_lit_and_nothing_else() {
    let mut play = learnt();
    for second in 600..660 {
        a_usual_second(&mut play, second);
        match second {
            610 => drop(play.send(NEWCOMER)),
            620 => drop(play.send(FLOOD)),
            630 => drop(play.send(ODD_PORT)),
            _ => {}
        }
        play.tick();
    }
    assert_eq!(play.row(&NEWCOMER).0, BTreeSet::from(["first-contact"]));
    assert_eq!(play.row(&NAS).0, BTreeSet::from(["volume"]));
    assert_eq!(play.row(&ODD_PORT).0, BTreeSet::from(["new-service"]));
    for lit in [NEWCOMER, NAS, ODD_PORT] {
        assert!(play.row(&lit).1 >= 25, "{}: {:?}", lit.to, play.row(&lit));
    }
    for quiet in [API, DNS, TIME] {
        assert_eq!(play.row(&quiet), (BTreeSet::new(), 0, false), "{}", quiet.to);
        assert_eq!(play.standing(&quiet), Standing::Known);
    }
    assert_eq!(play.standing(&NEWCOMER), Standing::New);
    assert_eq!(play.said.len(), 3, "{:#?}", play.said);
    for (detector, words) in [
        ("first-contact", "first contact with partner.example.org (192.0.2.77) tcp/443: sent 5 kB, received 3 kB"),
        ("volume", "2.1 MB to files.example.net (203.0.113.20) tcp/443 in 10 s"),
        ("new-service", "first use of tcp/8443 by this host: api.example.com (203.0.113.10) tcp/8443, a known"),
    ] {
        let said = play.said_by(detector);
        assert!(said[0].why.contains(words), "{}", said[0].why);
    }
}

#[test]
fn a_mark_quiets_exactly_its_row_and_is_there_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let config = tempfile::tempdir().unwrap();
    let words = Words {
        detector: |id| detect::spec(id).map(|spec| spec.id),
        application: |id| (id == "tls").then_some(Application::new("tls")),
    };
    let me = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(config.path()).unwrap());
    let path = config.path().join("known-good.toml");
    let strange = [NEWCOMER, FLOOD, ODD_PORT];

    let mut play = learnt();
    play.send(NEWCOMER).send(FLOOD).send(ODD_PORT).tick();
    let (mut file, none) = KnownGood::open(&path, Trust { uids: vec![me] }).unwrap();
    assert_eq!(none, []);
    let scope = Scope::Service { protocol: Protocol::TCP, host: "192.0.2.77".parse().unwrap(), port: 443 };
    let changes = play.marks.add(scope, None, Some(Label::new("partner")), Label::new("root"), play.now()).unwrap();
    assert_eq!(file.apply(&changes, &Label::new("root"), play.now()).unwrap().marks.len(), 1);
    play.book.remark(play.now(), &play.marks);
    let check = |play: &Play| {
        assert_eq!(strange.map(|send| play.row(&send).2), [true, false, false]);
        assert_eq!(strange.map(|send| play.row(&send).1 > 0), [false, true, true]);
        let marked: Vec<_> = play.book.alerts().into_iter().filter(|alert| alert.state == AlertState::Marked).collect();
        assert_eq!(marked.len(), 1);
        assert_eq!(marked[0].finding.detector, "first-contact");
    };
    check(&play);

    let (mut store, _) = Store::open(state.path(), &words).unwrap();
    store.save(&Batch::new(play.baseline.take_changes(), play.book.take_changes())).unwrap();
    drop((store, file));

    // Another run, an hour of nothing later.
    let (_, loaded) = Store::open(state.path(), &words).unwrap();
    let (_, marks) = KnownGood::open(&path, Trust { uids: vec![me] }).unwrap();
    let mut again = Play::learning(Duration::from_mins(10));
    again.at = play.at + 60;
    let next = loaded.alerts.iter().map(|alert| alert.id).max().unwrap() + 1;
    again.baseline.restore(loaded.baseline);
    again.marks.replace(marks);
    again.book.restore(loaded.alerts, next);
    assert!(!again.baseline.is_learning());
    assert_eq!(again.baseline.destinations(), play.baseline.destinations());
    assert_eq!(alerts(&again.book), alerts(&play.book));
    check(&again);

    again.send(API).send(NEWCOMER).send(FLOOD).send(DNS).send(NAS).tick();
    assert_eq!(again.said_by("first-contact"), Vec::<&Finding>::new(), "it is known, and marked");
    assert_eq!(again.said_by("volume").len(), 1, "it was not learnt, and not marked");
    assert_eq!(again.row(&API), (BTreeSet::new(), 0, false));
    check(&again);
}

/// Alerts as far as a file keeps them.
fn alerts(book: &AlertBook) -> Vec<(u64, AlertState, u64, String)> {
    let told = |alert: Arc<Alert>| (alert.id, alert.state, alert.count, alert.finding.why.clone());
    book.alerts().into_iter().map(told).collect()
}

#[test]
fn one_upload_among_many_runs_is_lit_within_a_second_and_stays_lit() {
    let mut play = Play::learning(Duration::from_hours(24));
    let upload = Send { answered: true, ..bare("192.0.2.99:9000", "unknown", 60_000_000, 0) };
    for second in 0..25u16 {
        for run in 0..2 {
            let from = 41_000 + second * 2 + run;
            let to = if run == 0 { API } else { tls("203.0.113.30:443", "cdn.example.org", 600, 30_000) };
            play.send(Send { from, ..to });
        }
        if second == 12 {
            play.send(upload);
            let found = play.tick();
            assert_eq!(found.len(), 1, "{found:#?}");
            assert_eq!((found[0].detector, found[0].severity), ("upload", Severity::High));
            assert!(
                found[0].why.contains("uploaded 60 MB to 192.0.2.99 tcp/9000 within 10 min, 0 B came back"),
                "{}",
                found[0].why
            );
        } else {
            assert_eq!(play.tick(), []);
        }
    }
    assert!(play.row(&upload).1 >= 80);
    play.pass(600);
    assert!(play.row(&upload).1 >= 80, "ten minutes later it is still lit");
    play.pass(3_600);
    play.pass(1);
    assert_eq!(play.row(&upload).1, 0);
    assert_eq!(play.book.alerts()[0].state, AlertState::Closed);
}

#[test]
fn a_name_that_comes_late_makes_no_news() {
    let mut play = learnt();
    // A new address of a known name: the first second shows only the handshake.
    let elsewhere = Send { from: 45_000, ..tls("203.0.113.99:443", "api.example.com", 0, 0) };
    play.send(Send { name: None, app: "-", ..elsewhere }).tick();
    play.send(Send { out: 2_000, back: 8_000, ..elsewhere }).tick();
    for _ in 0..100 {
        play.send(Send { out: 500, back: 500, ..elsewhere }).tick();
    }
    // A known address under a new name, and a known one without.
    play.send(Send { name: Some("alias.example.com"), ..API }).tick();
    play.send(Send { name: None, ..API }).tick();
    assert_eq!(play.said, []);
    // Its twin: nobody ever gives that address a name that is known.
    play.send(Send { name: Some("else.example.org"), from: 45_001, ..bare("203.0.113.98:443", "tls", 10, 0) }).tick();
    assert_eq!(play.said_by("first-contact").len(), 1, "{:#?}", play.said);
}

#[test]
fn a_new_destination_is_told_once_and_kept_up_to_date() {
    let mut play = learnt();
    for _ in 0..600 {
        play.send(Send { out: 4_000, ..NEWCOMER }).tick();
    }
    let said = play.said_by("first-contact");
    assert!((2..=20).contains(&said.len()), "{}", said.len());
    assert!(said.last().unwrap().why.contains("sent 2."), "{}", said.last().unwrap().why);
    assert!(said.last().unwrap().score > said[0].score);
    assert_eq!(play.book.alerts().len(), 1);
}

#[test]
fn a_backup_is_quiet_once_learnt_and_lit_when_it_goes_elsewhere() {
    let backup = Send { from: 46_000, app: "ssh", ..tls("203.0.113.40:22", "vault.example.net", 10_000_000, 1_000) };
    let mut play = Play::learning(Duration::from_hours(24));
    let hourly = |play: &mut Play| {
        for _ in 0..20 {
            play.send(backup).send(API).tick();
        }
        play.pass(3_580);
    };
    for _ in 0..24 {
        hourly(&mut play);
    }
    assert_eq!(play.book.alerts().len(), 1, "the first upload to a place nobody knows is worth a line");
    assert!(!play.baseline.is_learning());
    play.said.clear();
    for _ in 0..48 {
        hourly(&mut play);
    }
    assert_eq!(play.said, []);
    for _ in 0..20 {
        play.send(Send { to: "192.0.2.40:22", name: None, ..backup }).tick();
    }
    let severities: Vec<_> = play.said_by("upload").iter().map(|finding| finding.severity).collect();
    assert!(severities.iter().all(|severity| *severity == Severity::High), "{severities:?}");
}

#[test]
fn what_is_found_bad_does_not_become_usual_and_what_is_marked_does() {
    let mut play = learnt();
    for _ in 0..40 {
        play.send(FLOOD).tick();
        play.pass(59);
    }
    let first = play.said_by("volume").len();
    for _ in 0..40 {
        play.send(FLOOD).tick();
        play.pass(59);
    }
    assert!(play.said_by("volume").len() >= first + 40, "it is still unusual");
    let scope = Scope::Name(Label::new("files.example.net"));
    play.marks.add(scope, None, None, Label::new("root"), play.now()).unwrap();
    play.book.remark(play.now(), &play.marks);
    for _ in 0..60 {
        play.send(FLOOD).tick();
        play.pass(59);
    }
    play.said.clear();
    play.send(FLOOD).tick();
    assert_eq!(play.said, [], "marked, it was learnt");
}

#[test]
fn a_lasting_rise_is_told_in_its_second_bucket() {
    let mut play = learnt();
    let mut told = None;
    for second in 0..60 {
        // Six times the usual: too little to be sudden.
        if second % 2 == 0 {
            play.send(Send { out: 120_000, ..NAS });
        }
        if !play.tick().is_empty() && told.is_none() {
            told = Some(second);
        }
    }
    let told = told.expect("nothing was said");
    assert!((9..=25).contains(&told), "{told}");
    assert!(play.said_by("volume")[0].why.contains("buckets running"), "{}", play.said[0].why);
    // Its twin: twice the usual for a minute is nothing.
    let mut calm = learnt();
    for second in 0..60 {
        if second % 5 == 0 {
            calm.send(NAS);
        }
        calm.tick();
    }
    assert_eq!(calm.said, []);
}

#[test]
fn quiet_things_stay_quiet() {
    let mut play = learnt();
    let client = Send { direction: Direction::In, from: 443, ..bare("192.0.2.200:50000", "tls", 300_000, 900) };
    // Clients are learnt as one: let the service be known first.
    let mut learning = Play::learning(Duration::from_mins(10));
    for second in 0..600 {
        a_usual_second(&mut learning, second);
        learning.send(Send { to: &format!("192.0.2.{}:50000", second % 250), ..client }).tick();
    }
    for second in 600..1_200 {
        a_usual_second(&mut learning, second);
        // New clients every second; a scanner that is refused; an answer to a stray packet.
        learning.send(Send { to: &format!("198.18.{}.{}:50000", second / 250, second % 250), ..client });
        let refused = Send { out: 0, back: 0, from: 2_222, opener: Opener::FirstPacket, answered: false, ..client };
        learning.send(Send { to: &format!("198.19.{}.{}:60000", second / 250, second % 250), ..refused });
        let unreachable = Send {
            protocol: Protocol::ICMP,
            opener: Opener::FirstPacket,
            from: 0,
            out: 36,
            back: 0,
            answered: false,
            ..bare("198.18.77.7:0", "-", 0, 0)
        };
        learning.send(unreachable).tick();
    }
    assert_eq!(learning.said, []);

    // A package update from a known mirror: much comes in.
    for _ in 0..60 {
        play.send(Send { out: 3_000, back: 5_000_000, ..API }).tick();
    }
    // Multicast and broadcast never count.
    for to in ["224.0.0.251:5353", "255.255.255.255:67"] {
        play.send(Send { protocol: Protocol::UDP, ..bare(to, "mdns", 100, 0) }).tick();
    }
    assert_eq!(play.said, []);
}

#[test]
fn services_that_servers_do_not_use_are_told_as_such() {
    let mut play = learnt();
    play.send(Send { from: 47_000, ..bare("8.8.4.25:25", "smtp", 900, 300) }).tick();
    let said = play.said_by("new-service");
    assert_eq!((said.len(), said[0].severity), (1, Severity::Medium));
    assert!(said[0].why.contains("first use of SMTP"), "{}", said[0].why);

    // Its twin learnt that this host sends mail.
    let mut relay = Play::learning(Duration::from_mins(1));
    for second in 0..60u8 {
        relay.send(Send { from: 47_000, ..bare(&format!("8.8.4.{second}:25"), "smtp", 900, 300) }).tick();
    }
    relay.send(Send { from: 47_000, ..bare("8.8.4.200:25", "smtp", 900, 300) }).tick();
    assert_eq!(relay.said_by("new-service"), Vec::<&Finding>::new());
    assert_eq!(relay.worst(), Some(Severity::Info), "a new mail server is a first contact");
}

#[test]
fn a_known_service_that_speaks_another_protocol_is_told() {
    let mut play = learnt();
    play.send(Send { app: "ssh", from: 48_000, ..API }).tick();
    let said = play.said_by("new-service");
    assert!(said[0].why.contains("speaks ssh for the first time"), "{}", said[0].why);
    play.said.clear();
    play.send(Send { app: "dns", from: 48_001, ..NAS }).tick();
    assert!(play.said[0].why.contains("spoke tls until now, and speaks dns"), "{}", play.said[0].why);
}

#[test]
fn a_port_that_answers_for_the_first_time_is_told() {
    let mut play = learnt();
    let shell = Send { direction: Direction::In, from: 4_444, ..bare("192.0.2.66:50000", "-", 300, 20) };
    play.send(shell).tick();
    assert!(play.said_by("new-service")[0].why.contains("answers on tcp/4444 for the first time"), "{:#?}", play.said);
    // Refusing is not answering.
    let mut refused = learnt();
    refused.send(Send { out: 0, back: 0, opener: Opener::FirstPacket, ..shell }).tick();
    assert_eq!(refused.said, []);
}

#[test]
fn mining_is_told_and_another_protocol_to_the_same_pool_is_not() {
    let pool = Send { app: "stratum", ..bare("192.0.2.88:3333", "stratum", 900, 400) };
    let mut play = Play::learning(Duration::from_hours(24));
    play.send(pool).tick();
    assert!(play.said_by("mining")[0].why.contains("speaks Stratum, the mining protocol, to 192.0.2.88 tcp/3333"));
    play.said.clear();
    play.send(pool).tick();
    assert_eq!(play.said, [], "once in ten minutes is enough");
    let mut twin = Play::learning(Duration::from_hours(24));
    twin.send(Send { app: "http", ..pool }).tick();
    assert_eq!(twin.said, []);
}

#[test]
fn a_name_that_dns_has_differently_is_told_and_one_that_was_looked_up_is_not() {
    let odd = tls("192.0.2.91:443", "www.example.org", 900, 4_000);
    let said = |check: NameCheck| {
        let mut play = Play::learning(Duration::from_hours(24));
        play.send(odd).checked(check).tick();
        play.said.iter().map(|one| (one.detector, one.severity, one.why.clone())).collect::<Vec<_>>()
    };
    let conflict = said(NameCheck::Conflict(Label::new("cdn.evil.example")));
    assert_eq!(conflict.len(), 1);
    assert_eq!((conflict[0].0, conflict[0].1), ("host-mismatch", Severity::Medium));
    let why = "asks 192.0.2.91 for www.example.org, which was never looked up here: DNS has it as cdn.evil.example";
    assert_eq!(conflict[0].2, why);
    let never = said(NameCheck::Never);
    assert_eq!((never.len(), never[0].0, never[0].1), (1, "host-mismatch", Severity::Low));
    for quiet in [NameCheck::Agrees, NameCheck::Elsewhere, NameCheck::Unknown, NameCheck::NoName] {
        assert_eq!(said(quiet.clone()), [], "{quiet:?}");
    }
    let mut learnt = learnt();
    learnt.send(API).checked(NameCheck::Never).tick();
    assert_eq!(learnt.said, [], "a learnt destination is left alone");
}

#[test]
fn tor_is_told_by_the_names_it_makes_up_and_a_browser_is_not() {
    let visit = |play: &mut Play, names: [&str; 3], check: &NameCheck| {
        for (n, name) in names.into_iter().enumerate() {
            let to = format!("203.0.113.{}:443", 100 + n);
            play.send(tls(&to, name, 900, 4_000)).checked(check.clone()).tick();
        }
        play.said_by("tor").len()
    };
    let made_up = ["www.ct7ctrgb6cr7.com", "www.q4cyamnc6mtokjurvdclt.com", "www.t3i3ru.com"];
    let mut play = Play::learning(Duration::from_hours(24));
    assert_eq!(visit(&mut play, made_up, &NameCheck::Unknown), 3, "each of the relays");
    assert_eq!(visit(&mut play, made_up, &NameCheck::Unknown), 3, "once in ten minutes is enough");
    assert_eq!(visit(&mut Play::learning(Duration::from_hours(24)), made_up, &NameCheck::Agrees), 0, "DNS has them");
    let chosen = ["www.example.com", "www.t3i3ru.com", "www.web2project.com"];
    assert_eq!(visit(&mut Play::learning(Duration::from_hours(24)), chosen, &NameCheck::Unknown), 0);
}

#[test]
fn a_full_table_is_told() {
    let mut play = Play::learning(Duration::from_hours(24));
    assert_eq!(play.close(1, Pressure { kept: 10, limit: 100, ..Pressure::default() }), []);
    let full = Pressure { kept: 100, limit: 100, evicted_flows: 7, evicted_bytes: 7_000 };
    let found = play.close(1, full);
    assert_eq!(found.len(), 1);
    assert!(found[0].why.contains("7 flows (7 kB) left it"), "{}", found[0].why);
    assert_eq!(play.close(1, full), [], "once a minute is enough");
}

#[test]
fn what_was_not_seen_is_told_by_cause_and_nothing_is_not() {
    let mut play = Play::learning(Duration::from_hours(24));
    let none = Pressure::default();
    assert_eq!(play.close_unseen(1, none, Unseen::default()), []);
    let eth0 = || vec![Label::new("eth0")];
    let lost = Unseen { ring: 9, freezes: 1, ours: 4, silent: eth0() };
    let found = play.close_unseen(1, none, lost);
    let places: Vec<&str> = found.iter().map(|one| one.subject.name.as_ref().unwrap().as_str()).collect();
    assert_eq!(places, ["ring full", "ring frozen", "not looked into", "interface eth0"]);
    assert!(found.iter().all(|one| one.detector == "not-seen"));
    assert!(
        found[0].why.starts_with("9 frames were dropped") && found[3].why.starts_with("eth0 is down"),
        "{found:#?}"
    );
    assert_eq!(play.book.alerts().len(), 4, "each cause is an alert of its own");
    let more = |ring, silent| Unseen { ring, silent, ..Unseen::default() };
    assert_eq!(play.close_unseen(1, none, more(5, eth0())), [], "once a minute, and once for each time it is down");
    let found = play.close_unseen(60, none, more(1, vec![]));
    assert!(found.len() == 1 && found[0].why.starts_with("15 frames"), "{found:#?}");
    assert_eq!(play.close_unseen(1, none, more(0, eth0())).len(), 1, "down again");
}

#[test]
fn a_slow_leak_to_a_new_place_adds_up_to_an_alert() {
    let mut play = learnt();
    let drip = Send { from: 49_000, ..tls("192.0.2.55:443", "drop.example.org", 9_000_000, 10_000) };
    for _ in 0..13 {
        play.send(drip).tick();
        play.pass(1_799);
    }
    let said = play.said_by("upload");
    assert!(
        said.iter().any(|finding| finding.severity >= Severity::Medium && finding.why.contains("24 h")),
        "{:#?}",
        play.said
    );
}

#[test]
fn the_same_traffic_gives_the_same_findings() {
    let run = || {
        let mut play = learnt();
        for second in 0..120 {
            a_usual_second(&mut play, second);
            play.send(NEWCOMER).send(FLOOD).send(ODD_PORT).tick();
        }
        play.said
    };
    assert_eq!(run(), run());
}

/// Plays a second with each of these flows.
fn second(play: &mut Play, sends: &[Send<'_>]) {
    for send in sends {
        play.send(*send);
    }
    play.tick();
}

#[test]
fn a_beacon_is_told_by_its_contacts_and_within_one_connection() {
    let mut play = Play::learning(Duration::from_hours(24));
    let implant = Send { name: None, ..tls("8.8.4.4:443", "", 300, 500) };
    for beat in 0..12u16 {
        second(&mut play, &[Send { from: 50_000 + beat, ..implant }]);
        play.pass(57 + u64::from(beat * 7 % 5));
    }
    let said = play.said_by("beacon");
    assert!(!said.is_empty() && said[0].severity >= Severity::Medium, "{:#?}", play.said);
    assert!(said[0].why.contains("contacts with 8.8.4.4 tcp/443 every 6"), "{}", said[0].why);

    let mut inside = Play::learning(Duration::from_hours(24));
    for _ in 0..12 {
        second(&mut inside, &[bare("10.9.9.9:7010", "unknown", 190, 100)]);
        inside.pass(19);
    }
    assert!(inside.said_by("beacon")[0].why.contains("bursts within one connection to 10.9.9.9"), "{:#?}", inside.said);
}

#[test]
fn clocks_agents_and_health_checks_are_no_beacons() {
    let mut play = Play::learning(Duration::from_mins(10));
    let health = Send { app: "http", ..tls("10.0.0.9:80", "health.internal.example", 120, 80) };
    let agent = bare("10.0.0.7:10050", "unknown", 200, 90);
    for beat in 0..200u16 {
        second(&mut play, &[TIME, Send { from: 50_000 + beat, ..health }, Send { from: 51_000 + beat, ..agent }]);
        play.pass(9);
    }
    assert_eq!(play.said, []);
    // Random arrivals at an odd place are not regular.
    let mut random = Play::learning(Duration::from_hours(24));
    for beat in 0..60u16 {
        second(&mut random, &[Send { from: 52_000 + beat, ..bare("10.9.9.9:7010", "unknown", 190, 100) }]);
        random.pass(u64::from(beat).pow(3) % 97 + 1);
    }
    assert_eq!(random.said_by("beacon"), Vec::<&Finding>::new());
}

#[test]
fn a_scan_is_told_and_a_dead_server_is_not_one() {
    fn knock(to: &str) -> Send<'_> {
        Send { answered: false, ..bare(to, "-", 0, 0) }
    }
    let mut wide = Play::learning(Duration::from_hours(24));
    let mut tall = Play::learning(Duration::from_hours(24));
    for n in 0..30u16 {
        second(&mut wide, &[Send { from: 53_000 + n, ..knock(&format!("10.7.0.{n}:23")) }]);
        second(&mut tall, &[Send { from: 53_000 + n, ..knock(&format!("10.7.0.1:{}", 1_000 + n)) }]);
    }
    assert!(wide.said_by("scan")[0].why.contains("addresses on 1 ports (23)"), "{:#?}", wide.said);
    assert!(tall.said_by("scan")[0].why.contains("ports of 10.7.0.1 within a minute"), "{:#?}", tall.said);

    let mut calm = Play::learning(Duration::from_hours(24));
    for n in 0..60u16 {
        // Many places that answer, and one that does not.
        second(
            &mut calm,
            &[
                Send { from: 54_000 + n, ..tls(&format!("203.0.113.{n}:443"), "crawl.example.org", 300, 900) },
                Send { from: 55_000 + n, ..knock("10.7.0.1:8080") },
            ],
        );
    }
    assert_eq!(calm.said_by("scan"), Vec::<&Finding>::new());
}

#[test]
fn guessing_and_knocking_in_vain_are_told_and_short_connections_are_not() {
    let mut play = Play::learning(Duration::from_hours(24));
    let dead = Send { answered: false, ..bare("10.7.0.1:5888", "-", 0, 0) };
    for n in 0..40u16 {
        second(
            &mut play,
            &[
                Send { from: 56_000 + n, ..bare("10.7.0.2:22", "ssh", 900, 1_200) },
                Send { from: 57_000 + n, ..dead },
                Send { from: 58_000 + n, ..tls("203.0.113.30:443", "api.example.org", 300, 900) },
            ],
        );
    }
    let said = play.said_by("churn");
    let about = |remote: &str| said.iter().filter(|one| one.subject.remote.to_string() == remote).collect::<Vec<_>>();
    assert!(about("10.7.0.2")[0].why.contains("asks for a password"), "{said:#?}");
    assert_eq!(about("10.7.0.1")[0].severity, Severity::Low);
    assert!(about("10.7.0.1")[0].why.contains("were refused or not answered"), "{said:#?}");
    assert!(about("203.0.113.30").is_empty());
    // Learnt, it is how this host works.
    let mut learning = Play::learning(Duration::from_mins(2));
    for n in 0..240u16 {
        second(&mut learning, &[Send { from: 40_000 + n, ..bare("10.7.0.2:22", "ssh", 900, 1_200) }]);
    }
    learning.said.clear();
    for n in 240..300u16 {
        second(&mut learning, &[Send { from: 40_000 + n, ..bare("10.7.0.2:22", "ssh", 900, 1_200) }]);
    }
    assert_eq!(learning.said, []);
}

#[test]
fn data_in_icmp_is_told_and_ping_is_not() {
    let ping = |out| Send {
        protocol: Protocol::ICMP,
        opener: Opener::FirstPacket,
        from: 0,
        out,
        back: out,
        ..bare("10.7.0.3:0", "-", 0, 0)
    };
    let mut bulk = Play::learning(Duration::from_hours(24));
    let mut varied = Play::learning(Duration::from_hours(24));
    let mut calm = Play::learning(Duration::from_hours(24));
    for n in 0..120u64 {
        second(&mut bulk, &[ping(1_000)]);
        second(&mut varied, &[ping(60 + n * 37 % 900)]);
        second(&mut calm, &[ping(56)]);
    }
    for play in [&bulk, &varied] {
        assert!(play.said_by("icmp-tunnel")[0].why.contains("a ping carries 56 B"), "{:#?}", play.said);
    }
    assert_eq!(calm.said, []);
}

#[test]
fn two_oddities_or_one_and_hours_are_told() {
    let odd = Send { name: None, ..tls("8.8.4.7:7084", "", 500, 900) };
    let mut play = Play::learning(Duration::from_hours(24));
    second(&mut play, &[odd]);
    let said = play.said_by("odd-destination");
    assert!(said[0].why.contains("TLS without a server name, an odd port for its protocol"), "{:#?}", play.said);
    // The same within a network of one's own is nothing.
    let mut near = Play::learning(Duration::from_hours(24));
    for port in [7_084, 9_000, 8_888] {
        let to = format!("10.7.0.4:{port}");
        second(&mut near, &[Send { name: Some("10.7.0.4"), app: "http", ..bare(&to, "http", 500, 900) }]);
    }
    assert_eq!(near.said, []);

    let one = bare("10.7.0.5:1234", "unknown", 10, 100);
    let mut long = Play::learning(Duration::from_hours(24));
    for _ in 0..70 {
        second(&mut long, &[one]);
        assert!(long.said_by("odd-destination").is_empty() || long.at - START > 3_600);
        long.pass(61);
    }
    assert!(long.said_by("odd-destination")[0].why.contains("one conversation with 10.7.0.5 tcp/1234 for 1 h"));
    // A database connection that is open for days is odd in no way.
    let mut calm = Play::learning(Duration::from_hours(24));
    for _ in 0..70 {
        second(&mut calm, &[bare("10.7.0.6:5432", "unknown", 500, 4_000)]);
        calm.pass(61);
    }
    assert_eq!(calm.said_by("odd-destination"), Vec::<&Finding>::new());
}

#[test]
fn data_in_names_is_told_once_and_looking_things_up_is_not() {
    let query = |name: String| Query {
        host: OURS.parse().unwrap(),
        resolver: Endpoint::new([198, 51, 100, 53].into(), 53),
        protocol: Protocol::UDP,
        name: Label::new(&name),
        kind: 1,
    };
    let mut play = Play::learning(Duration::from_hours(24));
    for second in 0..60 {
        play.queries.push(query(format!("{second:060}.t.example.net")));
        play.queries.push(query(format!("www.site{second}.com")));
        play.tick();
    }
    let said = play.said_by("dns-tunnel");
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].subject.name.as_ref().unwrap().as_str().ends_with("example.net"), "{said:#?}");
}

/// Closes a second in which a program sent that.
fn sent_by(play: &mut Play, owner: &Owner, send: Send<'_>) -> Vec<Finding> {
    play.send(send);
    play.samples.last_mut().unwrap().owner = Some(Arc::new(owner.clone()));
    play.tick()
}

fn program(exe: &str, traits: &[Traits]) -> Owner {
    let traits = traits.iter().fold(Traits::default(), |sum, one| sum.with(*one));
    let comm = Label::new(exe.rsplit('/').next().unwrap());
    let parents = [Parent { pid: 1, comm: Label::new("systemd"), exe: Label::new("/sbin/init") }].into();
    let exe = Label::new(exe);
    Owner { exe, comm, pid: 70, uid: Some(0), confidence: Confidence::Exact, traits, parents, ..Owner::default() }
}

#[test]
fn suspicious_programs_are_told_with_what_is_odd_and_others_are_not() {
    for (exe, traits, severity, why) in [
        ("/bin/bash", &[Traits::SHELL][..], Severity::High, "its input or output is this connection"),
        ("/memfd:x (deleted)", &[Traits::MEMFD], Severity::Medium, "it never was a file (memfd)"),
        ("/tmp/.x (deleted)", &[Traits::WRITABLE, Traits::DELETED], Severity::Medium, "its file is deleted"),
        ("/dev/shm/x", &[Traits::WRITABLE], Severity::Low, "its file lies where everybody may write"),
        ("/opt/x (deleted)", &[Traits::DELETED], Severity::Low, "its file is deleted"),
    ] {
        let mut play = Play::learning(Duration::from_hours(24));
        let owner = program(exe, traits);
        sent_by(&mut play, &owner, API);
        sent_by(&mut play, &owner, API);
        let said = play.said_by("suspicious-owner");
        assert_eq!(said.len(), 1, "{said:#?}");
        assert_eq!(said[0].severity, severity, "{said:#?}");
        assert!(said[0].why.contains(why) && said[0].why.contains("(pid 70, started by systemd)"), "{}", said[0].why);
    }
    // Another program that talks to the same place at the same time is not lit by it, and a flood is not told one by one.
    let mut play = Play::learning(Duration::from_hours(24));
    for from in 50_000..50_100 {
        sent_by(&mut play, &program("/memfd:x (deleted)", &[Traits::MEMFD]), Send { from, ..API });
    }
    let other = Send { from: 40_000, ..API };
    sent_by(&mut play, &program("/usr/bin/curl", &[]), other);
    assert_eq!(play.said_by("suspicious-owner").len(), 8);
    assert!(play.row(&Send { from: 50_000, ..API }).0.contains("suspicious-owner"));
    assert!(!play.row(&other).0.contains("suspicious-owner"));
    let mut calm = Play::learning(Duration::from_hours(24));
    let guess = Owner { confidence: Confidence::Guess, ..program("/bin/bash", &[Traits::SHELL]) };
    for owner in [
        // What `bash -c curl` is, a server after an update, and one of whom nothing is sure.
        program("/usr/bin/curl", &[]),
        program("/bin/bash", &[]),
        program("/usr/sbin/nginx (deleted)", &[Traits::REPLACED]),
        guess,
    ] {
        sent_by(&mut calm, &owner, API);
    }
    assert_eq!(calm.said_by("suspicious-owner"), Vec::<&Finding>::new());
}

#[test]
fn a_program_that_was_learnt_to_run_from_tmp_is_not_told_and_a_new_one_weighs_more() {
    let mut play = Play::learning(Duration::from_mins(10));
    let build = program("/tmp/build/x", &[Traits::WRITABLE]);
    for second in 0..600 {
        a_usual_second(&mut play, second);
        sent_by(&mut play, &build, API);
    }
    assert!(!play.baseline.is_learning());
    play.said.clear();
    sent_by(&mut play, &build, API);
    assert_eq!(play.said_by("suspicious-owner"), Vec::<&Finding>::new());
    sent_by(&mut play, &program("/tmp/other", &[Traits::WRITABLE]), API);
    let said = play.said_by("suspicious-owner");
    assert!(said[0].why.contains("never seen sending before") && said[0].score > 30, "{said:#?}");
    // A shell on a connection is never usual.
    sent_by(&mut play, &program("/bin/sh", &[Traits::SHELL]), API);
    assert_eq!(play.said_by("suspicious-owner").len(), 2);
}

#[test]
fn owners_are_learnt_and_alerts_know_who_did_it() {
    let mut play = learnt();
    let curl = program("/usr/bin/curl", &[]);
    sent_by(&mut play, &curl, NEWCOMER);
    let alert = play.book.alerts().into_iter().find(|alert| alert.finding.detector == "first-contact").unwrap();
    assert_eq!(alert.owner.as_ref().unwrap().exe.as_str(), "/usr/bin/curl");
    assert!(play.baseline.sender(&curl.key()).is_some());
    let unsure = Owner { confidence: Confidence::Guess, ..program("/usr/bin/wget", &[]) };
    sent_by(&mut play, &unsure, NEWCOMER);
    assert!(play.baseline.sender(&unsure.key()).is_none(), "a guess is not learnt");
}

#[test]
fn every_detector_has_a_test_that_fires_it() {
    let text = include_str!("judges.rs");
    for spec in detect::DETECTORS {
        let words = match spec.id {
            "table-pressure" => "evicted_flows: 7".to_owned(),
            id => format!("\"{id}\""),
        };
        assert!(text.contains(&words), "{} is not tested here", spec.id);
    }
}

#[test]
fn a_snoozed_alert_lights_nothing_until_it_is_over() {
    let mut play = learnt();
    play.send(FLOOD).tick();
    let id = play.book.alerts()[0].id;
    assert!(play.book.acknowledge(id) && !play.book.acknowledge(id + 1));
    assert!(play.row(&NAS).1 > 0, "seen is not quiet");
    assert!(play.book.snooze(id, play.now().plus(Duration::from_mins(30))));
    assert_eq!(play.row(&NAS).1, 0);
    play.send(FLOOD).tick();
    play.pass(1_700);
    play.send(FLOOD).tick();
    assert_eq!(play.row(&NAS).1, 0);
    play.pass(120);
    play.send(FLOOD).tick();
    assert!(play.row(&NAS).1 > 0);
    assert_eq!((play.book.alerts().len(), play.book.alerts()[0].state), (1, AlertState::New));
}
