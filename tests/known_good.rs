//! The known-good file on disk: kept as the operator wrote it, believed only from those who may write it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use egret::error::Error;
use egret::marks::{Change, FileError, KnownGood, Marks, Trust};
use egret::model::{Label, Mark, Scope, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

struct Place {
    dir: tempfile::TempDir,
    path: PathBuf,
    trust: Trust,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let trust = Trust { uids: vec![fs::metadata(dir.path()).unwrap().uid()] };
    Place { path: dir.path().join("known-good.toml"), dir, trust }
}

impl Place {
    fn open(&self) -> Result<(KnownGood, Vec<Mark>), FileError> {
        KnownGood::open(&self.path, self.trust.clone())
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn host(marks: &mut Marks, ip: &str) -> Vec<Change> {
    let scope = Scope::Host(ip.parse().unwrap());
    marks.add(scope, Some(Duration::from_hours(24)), Some(Label::new("because")), Label::new("root"), NOW).unwrap()
}

fn who() -> Label {
    Label::new("root")
}

#[test]
fn a_mark_is_on_disk_at_once_and_is_the_same_when_read() {
    let place = place();
    let (mut file, none) = place.open().unwrap();
    assert_eq!((none, file.has_changed()), (vec![], false));
    let mut marks = Marks::default();
    for ip in ["192.0.2.1", "2001:db8::1"] {
        let changes = host(&mut marks, ip);
        assert!(file.apply(&changes, &who(), NOW).unwrap().unjournalled.is_none());
    }
    assert!(!file.has_changed(), "our own change is no news");
    let list = |marks: &Marks| marks.list().iter().map(|mark| Mark::clone(mark)).collect::<Vec<_>>();
    assert_eq!(place.open().unwrap().1, list(&marks));
    assert_eq!(mode(&place.path), 0o600);
    assert_eq!(place.files(), ["known-good.journal.jsonl", "known-good.toml"], "nothing is left lying about");

    let change = marks.undo().unwrap();
    file.apply(&[change], &who(), NOW).unwrap();
    assert_eq!(place.open().unwrap().1, list(&marks));

    let journal = fs::read_to_string(place.dir.path().join("known-good.journal.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> =
        lines.iter().map(|line| (line["what"].as_str().unwrap(), line["scope"].as_str().unwrap())).collect();
    assert_eq!(told, [("add", "192.0.2.1"), ("add", "2001:db8::1"), ("remove", "2001:db8::1")]);
    assert_eq!((lines[0]["who"].as_str(), lines[0]["why"].as_str()), (Some("root"), Some("because")));
    assert_eq!(lines[0]["ts"].as_str(), Some("2027-01-15T08:00:00.000000Z"));
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_kept() {
    let place = place();
    let (mut file, _) = place.open().unwrap();
    let mut marks = Marks::default();
    file.apply(&host(&mut marks, "192.0.2.1"), &who(), NOW).unwrap();
    let edited = format!("{}\n# mine\n[[mark]]\nname = \"example.com\"\n", fs::read_to_string(&place.path).unwrap());
    fs::write(&place.path, &edited).unwrap();
    assert!(file.has_changed());
    let applied = file.apply(&host(&mut marks, "192.0.2.2"), &who(), NOW).unwrap();
    assert_eq!(applied.marks.len(), 3);
    let text = fs::read_to_string(&place.path).unwrap();
    assert!(text.starts_with(edited.trim_end()), "{text}");
    assert!(!file.has_changed());
}

/// Opening fails as expected, and a file that was open before is not overwritten either.
fn refused(place: &Place, is_expected: impl Fn(&FileError) -> bool) {
    let before = fs::read(&place.path).unwrap();
    let error = place.open().unwrap_err();
    assert!(is_expected(&error), "{error:?}");
    let shown = Error::from(error).to_string();
    assert!(shown.contains("try: "), "{shown}");
    assert_eq!(fs::read(&place.path).unwrap(), before);
}

#[test]
fn a_bad_file_is_refused_and_never_overwritten() {
    let place = place();
    let (mut file, _) = place.open().unwrap();
    let mut marks = Marks::default();
    file.apply(&host(&mut marks, "192.0.2.1"), &who(), NOW).unwrap();
    for bad in [&b"[[mark]]\nhsot = \"192.0.2.1\"\n"[..], b"\x00\xff\xfe garbage", b"[[mark]\n"] {
        fs::write(&place.path, bad).unwrap();
        refused(&place, |error| matches!(error, FileError::Text { .. }));
        let changes = host(&mut marks, "192.0.2.9");
        assert!(matches!(file.apply(&changes, &who(), NOW), Err(FileError::Text { .. })));
        assert_eq!(fs::read(&place.path).unwrap(), bad, "it was overwritten");
        assert_eq!(file.read().unwrap_err().to_string(), place.open().unwrap_err().to_string());
        assert!(!file.has_changed(), "one mistake is told once");
    }
    fs::write(&place.path, "[[mark]]\nhost = \"192.0.2.7\"\n").unwrap();
    assert!(file.has_changed());
    assert_eq!(file.read().unwrap().len(), 1);
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let place = place();
    fs::write(&place.path, "").unwrap();
    for bad in [0o622, 0o660, 0o602] {
        chmod(&place.path, bad);
        refused(&place, |error| matches!(error, FileError::Writable { mode, .. } if *mode == bad));
    }
    for good in [0o600, 0o644, 0o444] {
        chmod(&place.path, good);
        assert!(place.open().is_ok(), "{good:o}");
    }
    chmod(&place.path, 0o640);
    let (mut file, _) = place.open().unwrap();
    file.apply(&host(&mut Marks::default(), "192.0.2.1"), &who(), NOW).unwrap();
    assert_eq!(mode(&place.path), 0o640, "the operator's mode stays");

    chmod(place.dir.path(), 0o777);
    refused(&place, |error| matches!(error, FileError::Writable { mode: 0o777, .. }));
    chmod(place.dir.path(), 0o700);
}

#[test]
fn a_file_of_another_user_is_refused() {
    let mut place = place();
    fs::write(&place.path, "").unwrap();
    let me = place.trust.uids[0];
    if me == 0 {
        std::os::unix::fs::chown(&place.path, Some(12_345), None).unwrap();
        refused(&place, |error| matches!(error, FileError::Foreign { uid: 12_345, .. }));
        place.trust.uids.push(12_345);
        let (mut file, _) = place.open().unwrap();
        file.apply(&host(&mut Marks::default(), "192.0.2.1"), &who(), NOW).unwrap();
        assert_eq!(fs::metadata(&place.path).unwrap().uid(), 12_345, "it still belongs to its owner");
    } else {
        place.trust.uids = vec![me + 1];
        refused(&place, |error| matches!(error, FileError::Foreign { uid, .. } if *uid == me));
    }
}

#[test]
fn links_and_folders_are_refused() {
    let place = place();
    let victim = place.dir.path().join("victim");
    fs::write(&victim, "").unwrap();
    std::os::unix::fs::symlink(&victim, &place.path).unwrap();
    refused(&place, |error| matches!(error, FileError::Link(_)));
    fs::remove_file(&place.path).unwrap();
    fs::create_dir(&place.path).unwrap();
    assert!(matches!(place.open(), Err(FileError::NotAFile(_))));
}

#[test]
fn two_writers_take_turns() {
    let place = place();
    let (mut one, _) = place.open().unwrap();
    let mut marks = Marks::default();
    one.apply(&host(&mut marks, "192.0.2.1"), &who(), NOW).unwrap();
    let journal = fs::File::open(place.dir.path().join("known-good.journal.jsonl")).unwrap();
    journal.lock().unwrap();
    assert!(matches!(one.apply(&host(&mut marks, "192.0.2.2"), &who(), NOW), Err(FileError::Busy(_))));
    journal.unlock().unwrap();
    assert_eq!(one.apply(&host(&mut marks, "192.0.2.3"), &who(), NOW).unwrap().marks.len(), 2);
}
