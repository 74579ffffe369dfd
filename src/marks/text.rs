//! `known-good.toml` as text: read with line numbers, changed without losing a comment.

use std::collections::HashSet;
use std::ops::Range;

use toml_edit::{ArrayOfTables, Document, DocumentMut, Item, Table, value};

use crate::model::{Label, Mark, Scope, Timestamp};

use super::scope::{self, KINDS};
use super::{LIMIT, check};

/// What a new file begins with.
pub const HEADER: &str = "\
# Known-good: what egret must not light up. Edit as you like; egret reads it again when it changes
# and keeps your comments. Every [[mark]] has exactly one of:
#   flow = \"tcp 10.0.0.5:40000 -> 192.0.2.10:443\"    one conversation
#   service = \"tcp 192.0.2.10:443\"                   one port of one host
#   host = \"192.0.2.10\"
#   network = \"192.0.2.0/24\"
#   name = \"example.com\"                             that name and all below it
# and may have: id, until = 2030-01-01T00:00:00Z, reason, made, by.

";

/// The keys of a mark that are no scope.
const OTHER_KEYS: [&str; 5] = ["id", "until", "reason", "made", "by"];

/// What is wrong, and on which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    pub line: usize,
    pub what: String,
}

/// The marks of a file, and the file as it can be changed.
pub fn parse(text: &str) -> Result<(DocumentMut, Vec<Mark>), TextError> {
    let at = |span: Option<Range<usize>>| line_of(text, span.map_or(0, |span| span.start));
    let document = Document::parse(text.to_owned())
        .map_err(|error| TextError { line: at(error.span()), what: error.message().trim().replace('\n', ", ") })?;
    let mut marks = Vec::new();
    let mut ids = HashSet::new();
    for (key, item) in document.as_table() {
        if key != "mark" {
            let span = document.as_table().key(key).and_then(toml_edit::Key::span);
            return Err(TextError { line: at(span), what: unknown(key, &["mark"]) });
        }
        let Some(tables) = item.as_array_of_tables() else {
            return Err(TextError { line: at(item.span()), what: "write each mark under [[mark]]".into() });
        };
        for table in tables {
            let line = at(table.span());
            let mark = mark_of(table, &at).map_err(|error| TextError { line: error.line.max(line), ..error })?;
            if !ids.insert(mark.id.clone()) {
                return Err(TextError { line, what: format!("there are two marks with the id `{}`", mark.id) });
            }
            if marks.len() >= LIMIT {
                return Err(TextError { line, what: format!("more than {LIMIT} marks") });
            }
            marks.push(mark);
        }
    }
    Ok((document.into_mut(), marks))
}

fn mark_of(table: &Table, at: &dyn Fn(Option<Range<usize>>) -> usize) -> Result<Mark, TextError> {
    let mut scope: Option<Scope> = None;
    let (mut id, mut until, mut reason, mut made, mut by) = (None, None, None, None, None);
    for (key, item) in table {
        let line = at(table.key(key).and_then(toml_edit::Key::span));
        let fail = |what: String| TextError { line, what };
        let string = || item.as_str().map(str::to_owned).ok_or_else(|| fail(format!("`{key}` wants a text in quotes")));
        match key {
            "id" => id = Some(Label::new(&string()?)),
            "reason" => reason = Some(Label::new(&string()?)),
            "by" => by = Some(Label::new(&string()?)),
            "until" => until = Some(moment(item).map_err(fail)?),
            "made" => made = Some(moment(item).map_err(fail)?),
            _ if KINDS.iter().any(|(kind, _)| *kind == key) => {
                if let Some(other) = &scope {
                    return Err(fail(format!("a mark has one scope; this one has `{}` and `{key}`", other.id())));
                }
                let found = scope::parse(key, &string()?).map_err(fail)?;
                check(&found).map_err(|error| fail(error.to_string()))?;
                scope = Some(found);
            }
            _ => {
                let all: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).chain(OTHER_KEYS).collect();
                return Err(fail(unknown(key, &all)));
            }
        }
    }
    let kinds = KINDS.map(|(kind, _)| kind).join(", ");
    let scope =
        scope.ok_or_else(|| TextError { line: 0, what: format!("this mark has no scope: give it one of {kinds}") })?;
    Ok(Mark {
        id: id.unwrap_or_else(|| Label::new(&format!("{} {}", scope.id(), scope::text(&scope)))),
        scope,
        expires: until,
        reason,
        made: made.unwrap_or_default(),
        by: by.unwrap_or_default(),
    })
}

fn moment(item: &Item) -> Result<Timestamp, String> {
    let wanted = "wants a moment with its offset, like 2030-01-01T00:00:00Z";
    let text = item.as_datetime().map(ToString::to_string).ok_or_else(|| wanted.to_owned())?;
    let at: jiff::Timestamp = text.parse().map_err(|_unclear| wanted.to_owned())?;
    u64::try_from(at.as_microsecond()).map(Timestamp::from_micros).map_err(|_before| "lies before 1970".to_owned())
}

/// Adds a mark at the end, or in place of the one with its id.
pub fn add(document: &mut DocumentMut, mark: &Mark) {
    remove(document, &mark.id);
    let mut table = Table::new();
    table.insert("id", value(mark.id.as_str()));
    table.insert(mark.scope.id(), value(scope::text(&mark.scope)));
    if let Some(until) = mark.expires.and_then(datetime) {
        table.insert("until", value(until));
    }
    if let Some(reason) = &mark.reason {
        table.insert("reason", value(reason.as_str()));
    }
    if let Some(made) = datetime(mark.made) {
        table.insert("made", value(made));
    }
    if !mark.by.is_empty() {
        table.insert("by", value(mark.by.as_str()));
    }
    let has_marks = document.get("mark").and_then(Item::as_array_of_tables).is_some_and(|marks| !marks.is_empty());
    if has_marks {
        table.decor_mut().set_prefix("\n");
    } else {
        // What stands in a file without marks stands above the first one.
        let above = document.trailing().as_str().unwrap_or_default().trim_end().to_owned();
        document.set_trailing("");
        table.decor_mut().set_prefix(if above.is_empty() { above } else { format!("{above}\n\n") });
    }
    let item = document.entry("mark").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(marks) = item.as_array_of_tables_mut() {
        marks.push(table);
    }
}

/// Takes the mark of that id out; whether it was there. A comment right above it goes with it, all else stays.
pub fn remove(document: &mut DocumentMut, id: &Label) -> bool {
    let Some(marks) = document.get_mut("mark").and_then(Item::as_array_of_tables_mut) else { return false };
    let Some(index) = marks.iter().position(|table| id_of(table).as_ref() == Some(id)) else { return false };
    let gone = marks.remove(index);
    let kept = head(gone.decor().prefix().and_then(toml_edit::RawString::as_str).unwrap_or_default());
    if kept.trim().is_empty() {
        return true;
    }
    if let Some(next) = marks.get_mut(index) {
        let own = next.decor().prefix().and_then(toml_edit::RawString::as_str).unwrap_or_default();
        let both = format!("{kept}{}", own.trim_start_matches('\n'));
        next.decor_mut().set_prefix(both);
    } else {
        let own = document.trailing().as_str().unwrap_or_default();
        let both = format!("{kept}{own}");
        document.set_trailing(both);
    }
    true
}

/// What stands above the last blank line of a prefix.
fn head(prefix: &str) -> &str {
    prefix.rfind("\n\n").map_or("", |at| prefix.get(..at + 2).unwrap_or_default())
}

fn id_of(table: &Table) -> Option<Label> {
    if let Some(id) = table.get("id").and_then(Item::as_str) {
        return Some(Label::new(id));
    }
    KINDS.iter().find_map(|(kind, _)| {
        let scope = scope::parse(kind, table.get(kind)?.as_str()?).ok()?;
        Some(Label::new(&format!("{kind} {}", scope::text(&scope))))
    })
}

fn datetime(at: Timestamp) -> Option<toml_edit::Datetime> {
    at.to_string().replace(".000000Z", "Z").parse().ok()
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

fn unknown(key: &str, known: &[&str]) -> String {
    let near = known.iter().map(|word| (distance(key, word), word)).min().filter(|(far, _)| *far <= 2);
    match near {
        Some((_, word)) => format!("there is no key `{key}`; did you mean `{word}`?"),
        None => format!("there is no key `{key}`; there are {}", known.join(", ")),
    }
}

/// Edits that turn one word into another (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, y) in row.windows(2).zip(&b) {
            let &[corner, above] = pair else { continue };
            left = (corner + usize::from(x != *y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(id: &str, kind: &str, scope: &str) -> Mark {
        Mark {
            id: Label::new(id),
            scope: scope::parse(kind, scope).unwrap(),
            expires: Some(Timestamp::from_micros(1_900_000_000_123_456)),
            reason: Some(Label::new("nightly \"backup\"")),
            made: Timestamp::from_secs(1_800_000_000),
            by: Label::new("root"),
        }
    }

    #[test]
    fn marks_come_back_as_they_were_written() {
        let (mut document, none) = parse(HEADER).unwrap();
        assert_eq!(none, []);
        let all: Vec<Mark> =
            KINDS.iter().enumerate().map(|(n, (kind, example))| mark(&format!("m{n}"), kind, example)).collect();
        for mark in &all {
            add(&mut document, mark);
        }
        let text = document.to_string();
        assert!(text.starts_with(HEADER.trim_end()), "{text}");
        assert_eq!(parse(&text).unwrap().1, all);
    }

    #[test]
    fn comments_and_order_survive_changes() {
        let text = "# my file\n\n# the backup\n[[mark]]\nhost = \"192.0.2.1\" # nas\n\n# metrics, see wiki\n[[mark]]\nid = \"x\"\nname = \"example.com\"\n# the end\n";
        let (mut document, marks) = parse(text).unwrap();
        assert_eq!(marks[0].id.as_str(), "host 192.0.2.1");
        add(&mut document, &mark("m1", "host", "192.0.2.9"));
        let grown = document.to_string();
        assert!(grown.starts_with(text.trim_end_matches("# the end\n")), "{grown}");
        assert!(grown.contains("# the end"), "{grown}");
        assert!(remove(&mut document, &Label::new("m1")));
        assert_eq!(document.to_string().replace("\n\n", "\n"), text.replace("\n\n", "\n"));

        assert!(remove(&mut document, &marks[0].id));
        let rest = document.to_string();
        assert!(rest.contains("# my file") && !rest.contains("the backup") && rest.contains("# metrics"), "{rest}");
        assert!(remove(&mut document, &Label::new("x")));
        assert!(!remove(&mut document, &Label::new("x")));
        let rest = document.to_string();
        assert!(rest.contains("# my file") && rest.contains("# the end"), "{rest}");
        assert_eq!(parse(&rest).unwrap().1, []);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, line, words) in [
            ("[[mark]]\nhsot = \"192.0.2.1\"\n", 2, "did you mean `host`"),
            ("# x\n[[marks]]\nhost = \"192.0.2.1\"\n", 2, "did you mean `mark`"),
            ("\n\n[[mark]]\nreason = \"why\"\n", 3, "no scope"),
            ("[[mark]]\nhost = \"192.0.2.1\"\nname = \"a.example\"\n", 3, "one scope"),
            ("[[mark]]\nhost = \"a b\"\n", 2, "looks like"),
            ("[[mark]]\nhost = 5\n", 2, "in quotes"),
            ("[[mark]]\nhost = \"192.0.2.1\"\nuntil = 2030-01-01\n", 3, "offset"),
            ("[[mark]]\nhost = \"192.0.2.1\"\nuntil = \"soon\"\n", 3, "offset"),
            ("[[mark]]\nname = \"co.uk\"\n", 2, "public suffix"),
            ("[[mark]]\nhost = \"192.0.2.1\"\n[[mark]]\nhost = \"192.0.2.1\"\n", 3, "two marks"),
            ("mark = 5\n", 1, "[[mark]]"),
            ("[[mark]]\nhost = \"192.0.2.1\n", 2, ""),
            ("\u{0}\u{1}garbage", 1, ""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.what.contains(words), "{text:?}: {error:?}");
            assert_eq!(error.line, line, "{text:?}: {error:?}");
        }
    }
}
