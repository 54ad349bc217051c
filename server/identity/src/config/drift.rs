//! Drift: where what is in force is something else than what a text says. Builtin objects that somebody edited, and a
//! folder that holds something newer.

use super::{
    Config, ConfigError, Texts, pairs,
    proposal::{Base, settle},
    reading::Shelf,
};
use lockgate_flows::plan::{Names, ObjectChange, changes};
use lockgate_model::{Document, Origin, kind};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError},
};
use uuid::Uuid;

/// How what the folder holds stands to what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderState {
    /// It is what is in force.
    InForce,
    /// It was changed since, and nobody has looked yet.
    Pending,
    /// It does not compile.
    Broken,
    /// Somebody went back to an earlier revision.
    Held,
}

/// What keeps something newer from being in force, by where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriftErrors {
    /// The folder.
    pub folder: Option<String>,
    /// The repository that is pulled.
    pub upstream: Option<String>,
    /// A revision that another node has stored.
    pub revision: Option<String>,
}

/// A builtin object that somebody edited, with the fields in which it differs from what ships.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The object.
    pub id: Uuid,
    /// What ships before, what is in force after.
    pub change: ObjectChange,
}

/// What ships with the server.
#[derive(Debug, Default)]
pub struct Shipped {
    /// Its objects, and what the server makes by itself.
    pub ids: HashSet<Uuid>,
    /// Those that were edited.
    pub edited: Vec<Edited>,
}

/// The same as it was at a revision: finding it takes reading all that ships.
pub(super) type KnownShipped = Option<(i64, Arc<Shipped>)>;

impl Config {
    /// What keeps something newer from being in force.
    #[must_use]
    pub fn drift_errors(&self) -> DriftErrors {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        DriftErrors {
            folder: errors.folder.clone(),
            upstream: errors.upstream.clone(),
            revision: errors.revision.clone(),
        }
    }

    /// How the folder stands to what is in force; `None` where none is read.
    ///
    /// # Errors
    /// When reading comes to an untimely end.
    pub async fn folder_state(&self) -> Result<Option<FolderState>, ConfigError> {
        let Some(folder) = self.folder() else { return Ok(None) };
        let fingerprint = Texts::read(folder).await?.fingerprint();
        let laid = self.has_laid(Some(&fingerprint));
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(match () {
            () if errors.folder.is_some() => FolderState::Broken,
            () if !laid => FolderState::Pending,
            () if errors.held => FolderState::Held,
            () => FolderState::InForce,
        }))
    }

    /// What ships with the server, and what was edited of it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn shipped(&self) -> Result<Arc<Shipped>, ConfigError> {
        let revision = self.peek().revision;
        let known = self.shipped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, shipped)) = known.filter(|(of, _)| *of == revision) {
            return Ok(shipped);
        }
        let base = Base::read(&self.store).await?;
        let shipped = Arc::new(self.compared(&base)?);
        *self.shipped.lock().unwrap_or_else(PoisonError::into_inner) = Some((base.revision, Arc::clone(&shipped)));
        Ok(shipped)
    }

    /// Every builtin object that is no longer the builtin configuration's, beside what ships.
    fn compared(&self, base: &Base) -> Result<Shipped, ConfigError> {
        let now = self.clock.now();
        let shelf = Shelf::new(&base.documents, &base.groups, now)?;
        let stored: HashMap<Uuid, &Document> = base.documents.iter().map(|d| (d.id, d)).collect();
        let names = Names::new(&base.documents, &base.groups, HashMap::new());
        let edited = |shipped: &Document| {
            let is = *stored.get(&shipped.id).filter(|is| is.origin == Origin::Api)?;
            let kind = kind::by_name(&is.kind)?;
            let was = settle(shipped.clone(), Some(is), kind, &*self.random, now);
            let (found, _) = changes((std::slice::from_ref(&was), &[]), (std::slice::from_ref(is), &[]), &names);
            found.into_iter().next().map(|change| Edited { id: is.id, change })
        };
        let documents = &shelf.builtin.documents;
        let own = base.documents.iter().filter(|document| pairs::is_own(document));
        let ids = documents.iter().chain(own).map(|document| document.id).collect();
        Ok(Shipped { ids, edited: documents.iter().filter_map(edited).collect() })
    }
}
