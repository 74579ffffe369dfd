//! The tables of the program as text: for the manual page and the README, which a test holds beside them.

use crate::capture::BACKENDS;
use crate::detect::DETECTORS;
use crate::filter::{ALIASES, WORDS};
use crate::protocol::RECOGNISERS;
use crate::snapshot::FIELDS;
use crate::ui::{Group, KEYMAP, VIEWS};

use super::settings::SETTINGS;

/// A table: terms, and what each means.
pub struct Listing {
    /// What the README calls it.
    pub id: &'static str,
    /// Its heading in the manual page.
    pub title: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// The most rows a table of the README has.
const LONGEST: usize = 80;

/// Every table, in the order of the manual page.
pub fn listings() -> Vec<Listing> {
    vec![
        Listing { id: "keys", title: "KEYS", heads: &["Key", "Where", "What it does"], rows: keys() },
        Listing { id: "fields", title: "FIELDS", heads: &["Field", "What it is"], rows: fields() },
        Listing { id: "aliases", title: "OTHER NAMES OF FIELDS", heads: &["Name", "Field"], rows: aliases() },
        Listing { id: "words", title: "FILTER WORDS", heads: &["Word", "True when"], rows: words() },
        Listing {
            id: "detectors",
            title: "DETECTORS",
            heads: &["Detector", "What it means, and what it misses"],
            rows: detectors(),
        },
        Listing { id: "protocols", title: "PROTOCOLS", heads: &["Application", "What it is"], rows: protocols() },
        Listing { id: "backends", title: "CAPTURE BACKENDS", heads: &["Backend", "What it is"], rows: backends() },
        Listing { id: "settings", title: "SETTINGS", heads: &["Setting", "What it sets"], rows: settings() },
    ]
}

impl Listing {
    /// As a table of GitHub's Markdown; a long one only as its terms.
    pub fn markdown(&self) -> String {
        if self.rows.len() > LONGEST {
            let terms: Vec<String> =
                self.rows.iter().filter_map(|row| row.first()).map(|term| format!("`{term}`")).collect();
            return terms.join(" ");
        }
        let line = |cells: &[String]| {
            let (first, rest) = cells.split_first().map_or((String::new(), &[][..]), |(a, b)| (format!("`{a}`"), b));
            let cells: Vec<String> =
                [first].into_iter().chain(rest.iter().map(|cell| cell.replace('|', "\\|"))).collect();
            format!("| {} |", cells.join(" | "))
        };
        let mut lines =
            vec![format!("| {} |", self.heads.join(" | ")), format!("|{}", "---|".repeat(self.heads.len()))];
        lines.extend(self.rows.iter().map(|row| line(row)));
        lines.join("\n")
    }

    /// Terms, and what each means in one text.
    pub(super) fn terms(&self) -> impl Iterator<Item = (String, String)> {
        self.rows.iter().filter_map(|row| {
            let (term, rest) = row.split_first()?;
            let rest: Vec<&str> = rest.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
            Some((term.clone(), rest.join(": ")))
        })
    }
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn keys() -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for group in Group::ALL {
        for binding in KEYMAP.iter().filter(|binding| binding.group == group) {
            let views: Vec<&str> =
                VIEWS.iter().filter(|view| binding.within.has(view.id)).map(|view| view.title).collect();
            let place = if views.len() == VIEWS.len() { String::new() } else { views.join(", ") };
            // Keys that do the same stand together.
            match rows.iter_mut().find(|row| row[1] == place && row[2] == binding.help) {
                Some(same) => same[0].extend(["` `", binding.key]),
                None => rows.push(vec![binding.key.to_owned(), place, binding.help.to_owned()]),
            }
        }
    }
    rows
}

fn fields() -> Vec<Vec<String>> {
    FIELDS.iter().map(|field| row(&[field.id, field.about])).collect()
}

fn aliases() -> Vec<Vec<String>> {
    ALIASES.iter().map(|(alias, id)| row(&[alias, id])).collect()
}

fn words() -> Vec<Vec<String>> {
    WORDS.iter().map(|word| row(&[word.id, word.about])).collect()
}

fn detectors() -> Vec<Vec<String>> {
    DETECTORS.iter().map(|spec| vec![spec.id.to_owned(), format!("{}. {}", spec.title, spec.about)]).collect()
}

fn protocols() -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = RECOGNISERS.iter().map(|one| row(&[one.application.id(), one.about])).collect();
    rows.sort();
    rows.dedup_by(|a, b| a.first() == b.first());
    rows
}

fn backends() -> Vec<Vec<String>> {
    BACKENDS.iter().map(|backend| row(&[backend.id, backend.about])).collect()
}

fn settings() -> Vec<Vec<String>> {
    let about = |setting: &super::settings::Setting| match setting.default {
        "" => setting.about.trim().to_owned(),
        default => format!("{} (without it: {default})", setting.about.trim()),
    };
    SETTINGS.iter().map(|setting| vec![setting.key.to_owned(), about(setting)]).collect()
}
