//! Configuration files: TOML, or an `.iftoprc` read as an import; refused where others could have written them.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use toml_edit::{Document, Item, Value};

use crate::error::Error;

use super::settings::Settings;

/// No configuration is longer; whatever is, is none.
const LONGEST: u64 = 1 << 20;

/// Reads a file. `who` are the users that may own it, besides root.
pub(super) fn read(path: &Path, who: &[u32]) -> Result<Settings, Error> {
    let text = trusted_text(path, who)?;
    let parsed = if looks_like_iftoprc(&text) { iftoprc(&text) } else { toml(&text) };
    parsed.map_err(|(line, why)| Error::new(format!("cannot use {}", path.display()), format!("line {line}: {why}")))
}

/// Reads an `.iftoprc` and writes it as TOML.
pub(super) fn import_iftoprc(path: &Path) -> Result<String, Error> {
    let cannot = |why: String| Error::new(format!("cannot import {}", path.display()), why);
    let text = bounded_text(path).map_err(|why| cannot(why.to_string()))?.1;
    iftoprc(&text).map_err(|(line, why)| cannot(format!("line {line}: {why}")))?;
    let mut out = format!("# Imported from {}\n", path.display());
    for (_, key, value) in directives(&text) {
        let is_bare = matches!(value, "yes" | "no" | "true" | "false");
        let value = match (is_bare, key) {
            (true, _) => matches!(value, "yes" | "true").to_string(),
            (false, "interface") => format!("[{value:?}]"),
            (false, _) => format!("{value:?}"),
        };
        out.extend([key, " = ", &value, "\n"]);
    }
    Ok(out)
}

type Parsed = Result<Settings, (usize, String)>;

fn trusted_text(path: &Path, who: &[u32]) -> Result<String, Error> {
    let name = path.display();
    let (meta, text) = bounded_text(path).map_err(|why| Error::new(format!("cannot read {name}"), why))?;
    if let Some(why) = untrusted(&meta, who) {
        return Err(Error::new(format!("will not use {name}"), why).hint(format!("chmod go-w {name}; ls -l {name}")));
    }
    Ok(text)
}

fn bounded_text(path: &Path) -> std::io::Result<(Metadata, String)> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok((meta, text))
}

/// Why a file might not say what its user meant, if so.
fn untrusted(meta: &Metadata, who: &[u32]) -> Option<String> {
    let (mode, uid, gid) = (meta.mode(), meta.uid(), meta.gid());
    if uid != 0 && !who.contains(&uid) {
        return Some(format!("it belongs to user {uid}, who may not set how this program runs"));
    }
    // A group with the user's own number is the user's alone (user private groups).
    if mode & 0o002 != 0 || (mode & 0o020 != 0 && gid != uid) {
        return Some(format!("others can write to it (mode {:04o})", mode & 0o7777));
    }
    None
}

fn toml(text: &str) -> Parsed {
    let line_of = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let document = Document::parse(text).map_err(|why| {
        let message = why.message().lines().next().unwrap_or_default().to_owned();
        (line_of(why.span().map_or(0, |span| span.start)), message)
    })?;
    let mut settings = Settings::default();
    for (key, item) in document.iter() {
        let start = document.as_table().key(key).and_then(toml_edit::Key::span).map_or(0, |span| span.start);
        let said = plain(item).map_err(|why| format!("`{key}` {why}")).and_then(|value| settings.say(key, &value));
        said.map_err(|why| (line_of(start), why))?;
    }
    Ok(settings)
}

/// A value as it would be typed as an option.
fn plain(item: &Item) -> Result<String, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.value().clone()),
        Value::Integer(n) => Ok(n.value().to_string()),
        Value::Float(n) => Ok(n.value().to_string()),
        Value::Boolean(is) => Ok(is.value().to_string()),
        other => Err(format!("cannot be a {}", other.type_name())),
    };
    match item {
        Item::Value(Value::Array(list)) => Ok(list.iter().map(one).collect::<Result<Vec<_>, _>>()?.join(",")),
        Item::Value(value) => one(value),
        other => Err(format!("cannot be a {}", other.type_name())),
    }
}

/// iftop writes `directive: value`, which TOML never does.
fn looks_like_iftoprc(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first
        .and_then(|line| line.split_once(':'))
        .is_some_and(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

/// The lines of an `.iftoprc` that say something: their number, directive and value.
fn directives(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    text.lines().enumerate().filter_map(|(number, line)| {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let key = match (key.trim(), value.trim()) {
            // `bandwidth-unit: bytes` says what `use-bytes: yes` says.
            ("bandwidth-unit", "bytes") => return Some((number + 1, "use-bytes", "yes")),
            ("bandwidth-unit", "bits") => return Some((number + 1, "use-bytes", "no")),
            (key, _) => key,
        };
        Some((number + 1, key, value.trim()))
    })
}

fn iftoprc(text: &str) -> Parsed {
    let mut settings = Settings::default();
    for (line, key, value) in directives(text) {
        settings.say(key, value).map_err(|why| (line, why))?;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn reads_toml_with_native_values() {
        let text = "interface = [\"eth0\", \"wg0\"]\nshow-bars = false\nmax-flows = 1000\nlearn-for = \"2d\"\n";
        let settings = toml(text).unwrap();
        assert_eq!(settings.interface.unwrap(), ["eth0", "wg0"]);
        assert_eq!((settings.show_bars, settings.max_flows), (Some(false), Some(1_000)));
        assert_eq!(settings.learn_for.unwrap().as_secs(), 172_800);
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let cases = [
            ("\nshow-bar = true", 2, "did you mean `show-bars`?"),
            ("sort = \"scoer\"", 1, "did you mean `score`?"),
            ("# fine\n\nmax-flows = -1", 3, "not a whole number"),
            ("theme = { a = 1 }", 1, "cannot be a inline table"),
            ("[theme]\na = 1", 1, "cannot be a table"),
            ("max-flows = ", 1, ""),
            ("a = 1\na = 2", 2, "duplicate key"),
        ];
        for (text, line, part) in cases {
            let (at, why) = toml(text).expect_err(text);
            assert!(at == line && why.contains(part), "{text:?}: line {at}: {why}");
        }
    }

    #[test]
    fn what_print_default_prints_is_read_back_when_uncommented() {
        let text = super::super::settings::print_default();
        let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
        let lines: Vec<&str> = lines.filter(|line| line.contains(" = ") && !line.ends_with("\"\"")).collect();
        let text = lines.join("\n");
        assert!(text.lines().count() > 20);
        toml(&text).unwrap();
    }

    #[test]
    fn reads_an_iftoprc() {
        let text =
            "# mine\ndns-resolution: no\nport-display: on\nmax-bandwidth: 10M\nbandwidth-unit: bytes\nsort: 40s\n";
        assert!(looks_like_iftoprc(text) && !looks_like_iftoprc("sort = \"a: b\"") && !looks_like_iftoprc(""));
        let settings = iftoprc(text).unwrap();
        assert_eq!((settings.dns_resolution, settings.use_bytes), (Some(false), Some(true)));
        assert_eq!(settings.max_bandwidth.unwrap().0, 10_000_000);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let imported = import_iftoprc(file.path()).unwrap();
        assert_eq!(toml(&imported).unwrap().sort.unwrap().0.id, "out40");
    }

    #[test]
    fn a_file_that_others_can_write_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"show-bars = false\n").unwrap();
        let owner = file.as_file().metadata().unwrap().uid();
        file.as_file().set_permissions(PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(read(file.path(), &[owner]).unwrap().show_bars, Some(false));
        file.as_file().set_permissions(PermissionsExt::from_mode(0o666)).unwrap();
        let why = read(file.path(), &[owner]).unwrap_err();
        assert!(why.why.contains("others can write to it (mode 0666)"), "{why}");
    }
}
