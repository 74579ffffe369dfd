//! Networks and countries from local databases: files made here, sound ones and broken ones, through the library and
//! the program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

#[path = "support/mmdb.rs"]
mod mmdb;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use egret::capture::script::frame;
use egret::geo::find::find;
use egret::geo::{Networks, Source};
use egret::model::Endpoint;
use mmdb::{Builder, Value, map};

/// In the layout of MaxMind and DB-IP.
fn systems() -> Vec<u8> {
    let system = |asn, name: &str| {
        map(&[("autonomous_system_number", Value::U32(asn)), ("autonomous_system_organization", name.into())])
    };
    Builder::new("GeoLite2-ASN")
        .add("203.0.113.0/24", &system(64_500, "Example Networks"))
        .add("2001:db8::/32", &system(64_501, "Six \u{1b}[31mRed"))
        .build()
}

fn countries() -> Vec<u8> {
    let country = |code: &str| map(&[("country", map(&[("iso_code", code.into()), ("geoname_id", Value::U32(7))]))]);
    Builder::new("DBIP-Country-Lite").add("203.0.113.0/25", &country("NL")).add("2001:db8::/32", &country("DE")).build()
}

fn networks(files: &[(&str, Vec<u8>)]) -> Networks {
    let home = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, bytes)| {
            let path = home.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    Networks::open(&paths).unwrap()
}

fn of(networks: &mut Networks, ip: &str) -> String {
    let Some(found) = networks.lookup(ip.parse().unwrap()) else { return "-".into() };
    let country = found.country.as_ref().map_or("-", |country| country.as_str());
    format!("{} {country}", found.system().unwrap_or_else(|| "-".into()))
}

#[test]
fn addresses_of_both_versions_are_found_and_unknown_ones_are_not() {
    let mut both = networks(&[("a.mmdb", systems()), ("c.mmdb", countries())]);
    for (ip, expected) in [
        ("203.0.113.5", "AS64500 Example Networks NL"),
        ("203.0.113.200", "AS64500 Example Networks -"),
        ("2001:db8::1", "AS64501 Six \\u{1b}[31mRed DE"),
        ("::ffff:203.0.113.5", "AS64500 Example Networks NL"),
        ("192.0.2.1", "-"),
        ("2001:db9::1", "-"),
        ("10.0.0.1", "-"),
    ] {
        // Twice: the second answer is a remembered one.
        assert_eq!((of(&mut both, ip), of(&mut both, ip)), (expected.to_owned(), expected.to_owned()), "{ip}");
    }
    assert!(both.health().is_empty());
    assert_eq!(of(&mut Networks::default(), "203.0.113.5"), "-");
}

#[test]
fn other_makers_layouts_are_read() {
    let lite = map(&[
        ("asn", "AS64500".into()),
        ("as_name", "Example Networks".into()),
        ("country", "Netherlands".into()),
        ("country_code", "NL".into()),
        ("continent", map(&[("code", "EU".into())])),
    ]);
    let locate = map(&[("asn", Value::U32(64_500)), ("org", "Example Networks".into()), ("country_code", "nl".into())]);
    let old = map(&[("asn", "AS64500".into()), ("name", "Example Networks".into()), ("country", "NL".into())]);
    for (kind, record) in [("ipinfo_lite", lite), ("iplocate", locate), ("ipinfo", old)] {
        let bytes = Builder::new(kind).add("203.0.113.0/24", &record).build();
        assert_eq!(of(&mut networks(&[("x.mmdb", bytes)]), "203.0.113.1"), "AS64500 Example Networks NL", "{kind}");
    }
    let only_v4 = Builder::new("GeoLite2-ASN").v4().add("203.0.113.0/24", &map(&[("asn", Value::U32(1))])).build();
    let mut only_v4 = networks(&[("x.mmdb", only_v4)]);
    assert_eq!((of(&mut only_v4, "203.0.113.1").as_str(), of(&mut only_v4, "2001:db8::1").as_str()), ("AS1 -", "-"));
    let odd = Builder::new("x").add("203.0.113.0/24", &map(&[("asn", map(&[])), ("country", Value::U32(3))])).build();
    let mut odd = networks(&[("x.mmdb", odd)]);
    assert_eq!(of(&mut odd, "203.0.113.1"), "-");
    assert!(odd.health().is_empty());
}

#[test]
fn a_file_that_is_none_is_refused_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let whole = systems();
    let why = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        Source::open(&path).unwrap_err().to_string()
    };
    assert!(why("empty.mmdb", b"").contains("no MaxMind DB"));
    assert!(why("text.mmdb", b"hello").contains("no MaxMind DB"));
    assert!(why("cut.mmdb", &whole[..whole.len() - 60]).contains("cut short"));
    assert!(why("text.csv", b"hello\nworld\n").contains("line"));
    assert!(Source::open(&home.path().join("missing.mmdb")).unwrap_err().why.contains("No such file"));
    assert!(Source::open(home.path()).unwrap_err().why.contains("not a file"));
    let huge = home.path().join("huge.mmdb");
    fs::File::create(&huge).unwrap().set_len(egret::geo::MOST_BYTES + 1).unwrap();
    assert!(Source::open(&huge).unwrap_err().why.contains("larger than 512 MiB"));
}

/// Whatever is wrong with a file, looking an address up in it gives an answer or is counted.
#[test]
fn damaged_files_never_break_anything() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x.mmdb");
    let whole = systems();
    let (mut opened, mut failed) = (0, 0);
    let addresses: [IpAddr; 3] = ["203.0.113.5", "2001:db8::1", "0.0.0.0"].map(|ip| ip.parse().unwrap());
    for at in 0..whole.len() {
        for byte in [0x00, 0xff, whole[at] ^ 0x20, whole[at].wrapping_add(1)] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            fs::write(&path, &bytes).unwrap();
            let Ok(source) = Source::open(&path) else { continue };
            opened += 1;
            let mut networks = Networks::new(vec![source]);
            for ip in addresses {
                networks.lookup(ip);
            }
            failed += usize::from(!networks.health().is_empty());
        }
    }
    println!("{opened} damaged files could be opened, {failed} said that look-ups failed");
    assert!(opened > 100 && failed > 10, "{opened} {failed}");
}

#[test]
fn the_usual_places_give_the_smallest_files_that_do() {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(home.path().join(name), bytes).unwrap();
    let places = [home.path().join("nothing"), home.path().to_owned()];
    assert_eq!(find(&places).sources().count(), 0);
    put("a.mmdb", &systems());
    put("broken.mmdb", b"x");
    put("notes.txt", b"not looked at");
    let city = Builder::new("GeoLite2-City").add("203.0.113.0/24", &map(&[("country_code", "BE".into())]));
    put("city.mmdb", &city.pad(20_000).build());
    put("c.mmdb", &countries());
    let mut found = find(&places);
    let kinds: Vec<String> = found.sources().map(|one| one.kind.to_string()).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}: the city file is larger and gives no more");
    assert_eq!(of(&mut found, "203.0.113.5"), "AS64500 Example Networks NL");
    assert_eq!((found.refused().len(), found.health().len()), (1, 1));
}

fn egret(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    command.args(args).env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    command.stdin(Stdio::null()).output().unwrap()
}

/// A capture of one packet to each of two addresses.
fn capture(home: &Path) -> String {
    let end = |ip: &str, port| Endpoint::new(ip.parse().unwrap(), port);
    let us = end("10.0.0.5", 40_000);
    let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    for to in ["203.0.113.5", "192.0.2.1"] {
        let data = frame::udp(us, end(to, 9), b"0123456789");
        for word in [1_700_000_000, 0, data.len() as u32, data.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(data);
    }
    let path = home.join("x.pcap");
    fs::write(&path, file).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_program_shows_filters_and_groups_by_network() {
    let home = tempfile::tempdir().unwrap();
    let capture = capture(home.path());
    let put = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let geo = format!("{},{}", put("a.mmdb", &systems()), put("c.mmdb", &countries()));
    let run = |more: &[&str]| {
        let done = egret(home.path(), &[&["flows", "-r", &capture, "--json", "--geo", &geo][..], more].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let lines = String::from_utf8(done.stdout).unwrap();
        let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        records.filter(|record| record["type"] != "summary").collect::<Vec<_>>()
    };
    for filter in ["asn=64500", "country=NL", "as_name:example"] {
        let found = run(&[filter]);
        assert_eq!(found.len(), 1, "{filter}");
        let values = [&found[0]["remote_ip"], &found[0]["asn"], &found[0]["as_name"], &found[0]["country"]];
        assert_eq!(values.map(ToString::to_string), ["\"203.0.113.5\"", "64500", "\"Example Networks\"", "\"NL\""]);
    }
    assert_eq!(run(&["country=DE"]).len(), 0);
    let groups = run(&["--by", "network"]);
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().all(|group| group["type"] == "network"));

    let bad = put("bad.mmdb", b"nonsense");
    let done = egret(home.path(), &["flows", "-r", &capture, "--geo", &bad]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(said.starts_with("egret: cannot use ") && said.contains("no MaxMind DB"), "{said}");
}

#[test]
fn the_doctor_says_what_it_found_and_how_to_get_one() {
    let home = tempfile::tempdir().unwrap();
    let doctor = |geo: &str| {
        let args = if geo.is_empty() { vec!["doctor"] } else { vec!["doctor", "--geo", geo] };
        String::from_utf8(egret(home.path(), &args).stdout).unwrap()
    };
    let data = home.path().join(".local/share/egret");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("a.mmdb"), systems()).unwrap();
    let said = doctor("");
    assert!(said.contains("GeoLite2-ASN, built 2026-01-01"), "{said}");
    fs::write(data.join("c.mmdb"), countries()).unwrap();
    assert!(doctor("").contains("DBIP-Country-Lite"));
    assert!(doctor("off").contains("rows have no network and no country"));
    let missing = doctor("/nonexistent/x.mmdb");
    assert!(missing.contains("No such file") && missing.contains("download.db-ip.com"), "{missing}");
}
