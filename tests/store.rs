//! The state file: what was saved is there again, whatever happens in between.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use egret::baseline::{Changes, Destination, Known, Ledger, Place, Record, SavedKey, Service};
use egret::detect;
use egret::model::{Alert, AlertState, Application, Finding, Label, Protocol, Severity, Subject, Timestamp, Value};
use egret::store::{Batch, Store, StoreError, StoreWriter, Words};

fn words() -> Words {
    Words {
        detector: |id| detect::spec(id).map(|spec| spec.id),
        application: |id| (id == "tls").then_some(Application::new("tls")),
    }
}

fn key(n: u32) -> SavedKey {
    let place = Place::Address(std::net::Ipv4Addr::from(0xc000_0200 + n).into());
    let service = Service { protocol: Protocol::TCP, port: 443 };
    SavedKey::Destination(Ledger::Initiated, Destination { owner: None, place, service })
}

fn record(n: u32) -> Record {
    let mut known = Known::since(Timestamp::from_secs(1_000), true);
    known.touch(Timestamp::from_secs(1_000 + u64::from(n)));
    let mut record = Record { known, bytes_out: n.into(), ..Record::default() };
    record.hear("tls");
    let volume = record.volume.get_or_insert_default();
    for at in 1..100 {
        volume.add(Timestamp::from_secs(at * 10), 1_000 * u64::from(n + 1));
    }
    record
}

fn alert(id: u64, state: AlertState) -> Arc<Alert> {
    let finding = Finding {
        detector: "upload",
        severity: Severity::High,
        score: 80,
        at: Timestamp::from_secs(2_000),
        subject: Subject {
            host: "10.0.0.5".parse().unwrap(),
            remote: "2001:db8::1".parse().unwrap(),
            port: 443,
            protocol: Protocol::TCP,
            name: Some(Label::new("a.example")),
            application: Application::new("tls"),
            flow: None,
        },
        observed: Value::Bytes(60_000_000),
        expected: Value::Bytes(0),
        basis: "1 d, 33 destinations".into(),
        why: "uploaded 60 MB".into(),
    };
    let (first, last) = (Timestamp::from_secs(1_000 + id), Timestamp::from_secs(2_000 + id));
    Arc::new(Alert { id, state, first, last, count: 3, finding: Arc::new(finding), owner: None })
}

fn batch(rows: std::ops::Range<u32>, alerts: Vec<Arc<Alert>>) -> Batch {
    let rows: std::collections::HashMap<_, _> = rows.map(|n| (key(n), Some(record(n)))).collect();
    Batch::new(Changes { rows, observed: Some(Duration::from_secs(77)) }, alerts)
}

/// What is left of a record when the bucket being filled is not saved.
fn saved(mut record: Record) -> Record {
    record.volume = record.volume.map(|v| Box::new(egret::baseline::volume::Volume::from_text(&v.to_text()).unwrap()));
    record
}

#[test]
fn what_was_saved_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let states =
        [AlertState::New, AlertState::Snoozed(Timestamp::from_secs(9)), AlertState::Marked, AlertState::Closed];
    let alerts: Vec<_> = states.into_iter().zip(1..).map(|(state, id)| alert(id, state)).collect();
    {
        let (mut store, loaded) = Store::open(dir.path(), &words()).unwrap();
        assert!(loaded.baseline.is_empty() && loaded.alerts.is_empty() && loaded.kept_aside.is_none());
        store.save(&batch(0..50, alerts.clone())).unwrap();
        let gone = Changes { rows: [(key(7), None)].into(), observed: None };
        store.save(&Batch::new(gone, Vec::new())).unwrap();
    }
    let mode = fs::metadata(dir.path().join("egret.db")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");
    let (_, loaded) = Store::open(dir.path(), &words()).unwrap();
    assert_eq!(loaded.baseline.observed, Some(Duration::from_secs(77)));
    assert_eq!((loaded.baseline.rows.len(), loaded.unread), (49, 0));
    for n in (0..50).filter(|n| *n != 7) {
        assert_eq!(loaded.baseline.rows[&key(n)], Some(saved(record(n))));
    }
    let mut found = loaded.alerts;
    found.sort_by_key(|alert| alert.id);
    assert_eq!(found, alerts.iter().map(|alert| Alert::clone(alert)).collect::<Vec<_>>());
}

/// Opens a directory whose file is bad, and says what became of it.
fn opens_aside(dir: &Path, expect: &str) {
    let bad = fs::read(dir.join("egret.db")).unwrap();
    let (mut store, loaded) = Store::open(dir, &words()).unwrap();
    let health = loaded.kept_aside.expect("nothing was said");
    assert!(health.what.as_str().contains(expect), "{}", health.what);
    assert!(loaded.baseline.is_empty());
    let kept = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".unreadable-"))
        .any(|path| fs::read(path).unwrap() == bad);
    assert!(kept, "the file was not kept as it was");
    store.save(&batch(0..5, vec![alert(1, AlertState::New)])).unwrap();
    drop(store);
    let (_, again) = Store::open(dir, &words()).unwrap();
    assert_eq!((again.baseline.rows.len(), again.kept_aside), (5, None));
}

#[test]
fn garbage_is_kept_aside() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3 {
        fs::write(dir.path().join("egret.db"), vec![b'x'; 10_000 + round]).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(dir.path().join(format!("egret.db{suffix}")));
        }
        opens_aside(dir.path(), "no database");
    }
}

#[test]
fn a_damaged_file_is_kept_aside() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (mut store, _) = Store::open(dir.path(), &words()).unwrap();
        store.save(&batch(0..500, Vec::new())).unwrap();
    }
    let path = dir.path().join("egret.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 4..bytes.len() / 4 * 3;
    bytes[middle].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    opens_aside(dir.path(), "damaged");
}

#[test]
fn a_newer_file_and_a_foreign_one_are_kept_aside() {
    for (sql, expect) in [
        ("PRAGMA user_version=99", "newer egret"),
        ("PRAGMA application_id=5", "another program"),
        ("DROP TABLE baseline", "not as it should be"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path(), &words()).unwrap());
        let connection = rusqlite::Connection::open(dir.path().join("egret.db")).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        opens_aside(dir.path(), expect);
    }
}

#[test]
fn what_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), &words()).unwrap());
    let file = dir.path().join("egret.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(Store::open(dir.path(), &words()), Err(StoreError::Writable { mode: 0o666, .. })));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Store::open(dir.path(), &words()), Err(StoreError::Writable { mode: 0o777, .. })));
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(Store::open(dir.path(), &words()).is_ok());
}

#[test]
fn a_link_in_the_place_of_the_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let state = dir.path().join("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::symlink(&victim, state.join("egret.db")).unwrap();
    assert!(matches!(Store::open(&state, &words()), Err(StoreError::Io { .. })));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn two_at_once_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    let (mut one, _) = Store::open(dir.path(), &words()).unwrap();
    let (mut two, loaded) = Store::open(dir.path(), &words()).unwrap();
    assert_eq!(loaded.kept_aside, None);
    for n in 0..20 {
        one.save(&batch(n..n + 1, vec![alert(n.into(), AlertState::New)])).unwrap();
        two.save(&batch(100 + n..101 + n, Vec::new())).unwrap();
    }
    let (_, loaded) = Store::open(dir.path(), &words()).unwrap();
    assert_eq!((loaded.baseline.rows.len(), loaded.alerts.len()), (40, 20));
}

#[test]
fn a_failing_save_is_said_kept_and_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path(), &words()).unwrap();
    let blocker = rusqlite::Connection::open(dir.path().join("egret.db")).unwrap();
    // The same as a full disk to the writer: an error from each save until it heals.
    blocker
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON baseline BEGIN SELECT RAISE(ABORT, 'no room'); END")
        .unwrap();
    let writer = StoreWriter::spawn(store).unwrap();
    writer.offer(batch(0..10, Vec::new()));
    wait_until(|| writer.health().is_some());
    assert!(writer.health().unwrap().what.as_str().contains("stays in memory"));
    assert_eq!(writer.saves(), 0);
    blocker.execute_batch("DROP TRIGGER full").unwrap();
    writer.offer(batch(10..20, Vec::new()));
    wait_until(|| writer.health().is_none());
    assert_eq!(writer.finish(), None);
    let (_, loaded) = Store::open(dir.path(), &words()).unwrap();
    assert_eq!(loaded.baseline.rows.len(), 20);
}

#[test]
fn finish_saves_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path(), &words()).unwrap();
    let writer = StoreWriter::spawn(store).unwrap();
    for n in 0..50 {
        writer.offer(batch(n..n + 1, Vec::new()));
    }
    assert_eq!(writer.finish(), None);
    let (_, loaded) = Store::open(dir.path(), &words()).unwrap();
    assert_eq!(loaded.baseline.rows.len(), 50);
}

/// Bounded polling; gives the processor away in between.
fn wait_until(what: impl Fn() -> bool) {
    for _ in 0..2_000_000 {
        if what() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("it did not happen");
}

/// Set in the child process that is going to be killed.
const CHILD: &str = "EGRET_TEST_STORE_DIR";

/// Not a test of its own: the body of the child, which saves until it is killed.
#[test]
fn child_saves_until_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let (mut store, loaded) = Store::open(Path::new(&dir), &words()).unwrap();
    let start = u32::try_from(loaded.baseline.rows.len()).unwrap();
    for n in start..start + 100_000 {
        store.save(&batch(n..n + 1, vec![alert(n.into(), AlertState::New)])).unwrap();
        // The line is the acknowledgement: what was said to be saved must be there.
        writeln!(std::io::stdout(), "saved {n}").unwrap();
    }
}

#[test]
fn kill_at_any_instant_leaves_a_sound_file() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..12u32 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_saves_until_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut acknowledged = None;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            let Some(n) = line.split("saved ").nth(1).and_then(|n| n.parse::<u32>().ok()) else { continue };
            let first = *acknowledged.get_or_insert((n, n));
            acknowledged = Some((first.0, n));
            if n - first.0 >= 3 + round * 5 {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (_, last) = acknowledged.expect("the child saved nothing");

        let (store, loaded) = Store::open(dir.path(), &words()).unwrap();
        assert_eq!(loaded.kept_aside, None, "round {round}");
        for n in 0..=last {
            assert!(loaded.baseline.rows.contains_key(&key(n)), "round {round}: {n} was acknowledged and is gone");
        }
        // A batch is saved whole: as many alerts as rows.
        assert_eq!(loaded.alerts.len().min(2_048), loaded.baseline.rows.len().min(2_048), "round {round}");
        drop(store);
    }
}

/// Set in the child process that has a small disk of its own.
const SMALL: &str = "EGRET_TEST_STORE_SMALL_DISK";

/// Not a test of its own: runs where `a_full_disk_is_said_and_nothing_is_lost` put it.
#[test]
fn child_fills_its_disk() {
    let Some(dir) = std::env::var_os(SMALL) else { return };
    let dir = Path::new(&dir);
    let state = dir.join("state");
    let (store, _) = Store::open(&state, &words()).unwrap();
    let mut filler = fs::File::create(dir.join("filler")).unwrap();
    while filler.write_all(&[0; 4_096]).is_ok() {}
    let writer = StoreWriter::spawn(store).unwrap();
    writer.offer(batch(0..2_000, Vec::new()));
    wait_until(|| writer.health().is_some());
    let said = writer.health().unwrap();
    assert!(said.what.as_str().contains("the disk is full"), "{}", said.what);
    filler.set_len(0).unwrap();
    writer.offer(batch(2_000..2_010, Vec::new()));
    wait_until(|| writer.health().is_none());
    assert_eq!(writer.finish(), None);
    let (_, loaded) = Store::open(&state, &words()).unwrap();
    assert_eq!((loaded.baseline.rows.len(), loaded.kept_aside), (2_010, None));
    println!("all of it is there");
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    // A mount namespace of its own: nobody else sees this disk, and it is gone with the process.
    let script =
        r#"mount -t tmpfs -o size=3m,mode=700 none "$1" && exec "$2" --exact child_fills_its_disk --nocapture"#;
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .env(SMALL, dir.path())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return skip("a_full_disk_is_said_and_nothing_is_lost", &error.to_string()),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if said.contains("unshare:") || said.contains("mount:") {
        return skip("a_full_disk_is_said_and_nothing_is_lost", said.trim());
    }
    assert!(output.status.success() && said.contains("all of it is there"), "{said}");
}

/// Says why a test did not run; that is a failure where everything should run.
fn skip(test: &str, why: &str) {
    println!("SKIPPED {test}: {why}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{test} was skipped: {why}");
}
