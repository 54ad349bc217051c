//! Which configuration objects a caller may see, and what may be done to them.

use crate::{
    caller::Caller,
    error::{ApiError, NO_PERMISSION},
};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{Document, KindDef, Object};
use lockgate_policies::{Action, Administered, Extent, ObjectFacts};
use std::{cell::RefCell, collections::HashMap};

/// A document in the form that decisions read.
///
/// # Errors
/// 500 for one that has none.
pub(crate) fn administered(document: &Document) -> Result<Administered, ApiError> {
    let text = |field: &str| document.body[field].as_str().unwrap_or_default();
    let name = text("name");
    let tags = match document.kind.as_str() {
        "application" => serde_json::from_value::<Vec<String>>(document.body["tags"].clone()).unwrap_or_default(),
        _ => Vec::new(),
    };
    let pk = document.id.to_string();
    let permissions = role_permissions(document);
    let facts = ObjectFacts {
        pk: &pk,
        permissions: permissions.as_deref(),
        kind: &document.kind,
        name: if name.is_empty() { &document.name } else { name },
        slug: text("slug"),
        origin: document.origin.as_str(),
        tags: &tags,
    };
    Ok(Administered::object(&facts, None)?)
}

/// What a role permits: on everything of a kind, or on one object.
fn role_permissions(document: &Document) -> Option<Vec<String>> {
    if document.kind != "role" {
        return None;
    }
    let body = &document.body;
    let everything = body["permissions"].as_array().into_iter().flatten();
    let single = body["object_permissions"].as_array().into_iter().flatten().map(|given| &given["permission"]);
    Some(everything.chain(single).filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

/// What one caller may see of one configuration.
pub(crate) struct Sight<'a> {
    identity: &'a Identity,
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    known: RefCell<HashMap<&'static str, Extent>>,
}

impl<'a> Sight<'a> {
    /// The sight of a caller.
    pub(crate) fn of(identity: &'a Identity, snapshot: &'a Snapshot, caller: &'a Caller) -> Self {
        Self { identity, snapshot, caller, known: RefCell::default() }
    }

    /// How far it reaches over a kind.
    pub(crate) fn extent(&self, kind: &'static str) -> Extent {
        let ask = || self.caller.extent(self.identity, self.snapshot, Action::Read, kind);
        *self.known.borrow_mut().entry(kind).or_insert_with(ask)
    }

    /// Refuses a caller who sees nothing of any of these kinds.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require(&self, mut kinds: impl Iterator<Item = &'static KindDef>) -> Result<(), ApiError> {
        if kinds.any(|kind| self.extent(kind.meta.kind) > Extent::None) { Ok(()) } else { Err(NO_PERMISSION) }
    }

    /// Whether the caller may see an object.
    pub(crate) fn has(&self, object: &Object) -> bool {
        match self.extent(object.kind.meta.kind) {
            Extent::All => true,
            Extent::None => false,
            Extent::Some => self.may(Action::Read, object),
        }
    }

    /// Whether the caller may do this to an object.
    pub(crate) fn may(&self, verb: Action, object: &Object) -> bool {
        let what = administered(&object.document);
        what.is_ok_and(|what| self.caller.may_on(self.identity, self.snapshot, verb, &what))
    }

    /// Refuses a caller who may not do this to an object.
    ///
    /// # Errors
    /// 404 for what the caller may not see, else 403.
    pub(crate) fn require_on(&self, verb: Action, object: &Object) -> Result<(), ApiError> {
        let what = administered(&object.document)?;
        self.caller.require_on(self.identity, self.snapshot, verb, &what, object.kind.meta.schema)
    }

    /// Refuses a caller who may not do this to what would be there.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require_wish(&self, verb: Action, wish: &Document) -> Result<(), ApiError> {
        let what = administered(wish)?;
        if self.caller.may_on(self.identity, self.snapshot, verb, &what) { Ok(()) } else { Err(NO_PERMISSION) }
    }
}
