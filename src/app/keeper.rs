//! What outlives a run: marks in their file, what was learnt in the store. Where that fails, it is said on
//! screen and kept in memory.

use std::path::Path;

use crate::cli::Places;
use crate::cli::job::Setup;
use crate::detect;
use crate::engine::Engine;
use crate::marks::Change;
use crate::marks::file::{FileError, KnownGood, Trust};
use crate::model::{Health, Label, Mark};
use crate::protocol;
use crate::store::writer::StoreWriter;
use crate::store::{Batch, Loaded, Store, Words};

/// The ids that a state file may name.
pub(super) const WORDS: Words =
    Words { detector: |id| detect::spec(id).map(|spec| spec.id), application: protocol::application };

/// Changes handed over at once while packets wait: a flood of new destinations is not copied in one go.
const PORTION: usize = 2_048;

/// Keeps marks and memory on disk.
#[derive(Default)]
pub(super) struct Keeper {
    known_good: Option<KnownGood>,
    store: Option<StoreWriter>,
    who: Label,
    /// Why the known-good file is not in use, or what of the last change is not in it.
    marks_health: Option<Health>,
    store_health: Vec<Health>,
}

impl Keeper {
    /// Opens the places that a setup names. What cannot be opened becomes a line of health.
    pub(super) fn open(setup: &Setup) -> (Self, Option<Loaded>) {
        let mut keeper = Self { who: who(), ..Self::default() };
        let loaded = setup.state.as_deref().and_then(|dir| keeper.open_store(dir));
        (keeper, loaded)
    }

    fn open_store(&mut self, dir: &Path) -> Option<Loaded> {
        let (store, loaded) = match Store::open(dir, &WORDS) {
            Ok(opened) => opened,
            Err(error) => {
                self.store_health.push(error.health(dir));
                return None;
            }
        };
        self.store_health.extend(loaded.kept_aside.clone());
        match StoreWriter::spawn(store) {
            Ok(writer) => self.store = Some(writer),
            Err(error) => self.store_health.push(health("store", &format!("cannot start its thread: {error}"))),
        }
        Some(loaded)
    }

    /// The marks of the known-good file; none where there is no file or it cannot be trusted.
    pub(super) fn load_marks(&mut self, setup: &Setup) -> Vec<Mark> {
        let Some(path) = setup.known_good.as_deref() else { return Vec::new() };
        match KnownGood::open(path, Trust { uids: Places::find().who }) {
            Ok((file, marks)) => {
                self.known_good = Some(file);
                marks
            }
            Err(error) => {
                self.marks_health = Some(refused(&error));
                Vec::new()
            }
        }
    }

    /// Writes changed marks down, and takes over what the file holds now.
    pub(super) fn write_marks(&mut self, engine: &mut Engine, changes: &[Change]) {
        let Some(file) = self.known_good.as_mut() else { return };
        match file.apply(changes, &self.who, engine.now()) {
            Ok(applied) => {
                self.marks_health = applied.unjournalled.as_ref().map(refused);
                engine.replace_marks(applied.marks);
            }
            Err(error) => self.marks_health = Some(refused(&error)),
        }
    }

    /// Reads the known-good file again if it changed on disk.
    pub(super) fn reload_if_changed(&mut self, engine: &mut Engine) {
        if self.known_good.as_ref().is_some_and(KnownGood::has_changed) {
            self.reload_marks(engine);
        }
    }

    pub(super) fn reload_marks(&mut self, engine: &mut Engine) {
        let Some(file) = self.known_good.as_mut() else { return };
        match file.read() {
            Ok(marks) => {
                self.marks_health = None;
                engine.replace_marks(marks);
            }
            Err(error) => self.marks_health = Some(refused(&error)),
        }
    }

    /// Hands what changed since the last time to the store's thread.
    pub(super) fn keep(&mut self, engine: &mut Engine) {
        while self.keep_some(engine) {}
    }

    /// The same in small portions, while packets wait; whether there is more.
    pub(super) fn keep_some(&mut self, engine: &mut Engine) -> bool {
        let Some(store) = &self.store else { return false };
        let changes = engine.baseline().take_some_changes(PORTION);
        let is_full = changes.rows.len() >= PORTION;
        let names = engine.names().take_changes();
        store.offer(Batch::new(changes, engine.book().take_changes()).with_names(names));
        is_full
    }

    /// Waits until everything handed over is on disk, or cannot be.
    pub(super) fn finish(&mut self) -> Option<Health> {
        let health = self.store.take().and_then(StoreWriter::finish);
        self.store_health.extend(health.clone());
        health
    }

    pub(super) fn health(&self) -> Vec<Health> {
        let store = self.store.as_ref().and_then(StoreWriter::health);
        self.marks_health.iter().chain(&self.store_health).cloned().chain(store).collect()
    }
}

fn health(part: &'static str, what: &str) -> Health {
    Health { part, about: Label::default(), what: Label::new(what) }
}

fn refused(error: &FileError) -> Health {
    health("known-good", &format!("{error}; {}", error.hint()))
}

/// The login that runs this, for the journal: the one before sudo, where there was one.
pub(super) fn who() -> Label {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    name.map_or_else(|| Label::new(&format!("uid {}", crate::sys::process::effective_user())), |name| Label::new(&name))
}
