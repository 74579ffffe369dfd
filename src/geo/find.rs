//! Databases in the usual places: of what lies there, what is needed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

use super::{Networks, Source};

/// Files of one place that are looked at.
const MOST_FILES: usize = 64;

/// Opens what is needed of the files in these directories: the smallest that give systems and countries.
pub fn find(places: &[PathBuf]) -> Networks {
    let mut files: Vec<(u64, PathBuf)> = places.iter().flat_map(|place| databases(place)).collect();
    files.sort();
    let (mut sources, mut refused): (Vec<Source>, Vec<Error>) = (Vec::new(), Vec::new());
    for (_, path) in files {
        let has = |of: fn(&super::Described) -> bool| sources.iter().any(|source| of(source.described()));
        let (systems, countries) = (has(|one| one.has_systems), has(|one| one.has_countries));
        if systems && countries {
            break;
        }
        match Source::open(&path) {
            Ok(source) => {
                let gives = source.described();
                if gives.has_systems && !systems || gives.has_countries && !countries {
                    sources.push(source);
                }
            }
            Err(error) => refused.push(error),
        }
    }
    Networks { refused, ..Networks::new(sources) }
}

/// The databases of a directory, each with its size. One that is not there has none.
fn databases(place: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let paths = paths.filter(|path| {
        path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("mmdb") || ext.eq_ignore_ascii_case("csv"))
    });
    paths.take(MOST_FILES).filter_map(|path| Some((fs::metadata(&path).ok()?.len(), path))).collect()
}
