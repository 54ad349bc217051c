//! Entities: principals prepared once and reused for many decisions.

use super::resource::group_uids;
use arc_swap::ArcSwapOption;
use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use lockgate_model::people::Principal;
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;
use uuid::Uuid;

/// A principal in the form that decisions read: build it once, keep it as long as the principal.
#[derive(Debug)]
pub struct PreparedPrincipal {
    principal: Arc<Principal>,
    pub(crate) uid: EntityUid,
    /// Nothing while the principal rests.
    entities: ArcSwapOption<Entities>,
}

/// A principal that has no entity; it can do nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("user {pk} cannot be judged: {message}")]
pub struct PrepareError {
    /// Primary key of the user.
    pub pk: i64,
    /// What is wrong.
    pub message: String,
}

impl Clone for PreparedPrincipal {
    fn clone(&self) -> Self {
        let entities = ArcSwapOption::new(self.entities.load_full());
        Self { principal: Arc::clone(&self.principal), uid: self.uid.clone(), entities }
    }
}

impl PreparedPrincipal {
    /// Builds the entities of a principal; some twenty microseconds.
    ///
    /// # Errors
    /// When Cedar refuses them, which well-formed principals do not cause.
    pub fn new(principal: Arc<Principal>) -> Result<Self, PrepareError> {
        let uid = uid(&USER, &principal.user.username);
        let entities = entities_of(&principal, &uid);
        let entities = entities.map_err(|message| PrepareError { pk: principal.user.pk, message })?;
        Ok(Self { principal, uid, entities: ArcSwapOption::from_pointee(entities) })
    }

    /// The principal itself.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// Forgets what decisions are made from, until the next one: of whoever is not asked about, the rest is a fifth.
    pub fn rest(&self) {
        self.entities.store(None);
    }

    pub(crate) fn entities(&self) -> Result<Arc<Entities>, String> {
        if let Some(entities) = self.entities.load_full() {
            return Ok(entities);
        }
        let entities = Arc::new(entities_of(&self.principal, &self.uid)?);
        self.entities.store(Some(Arc::clone(&entities)));
        Ok(entities)
    }
}

fn entities_of(principal: &Principal, uid: &EntityUid) -> Result<Entities, String> {
    let account = &principal.user;
    let attributes = HashMap::from([
        ("pk".to_owned(), RestrictedExpression::new_long(account.pk)),
        ("username".to_owned(), RestrictedExpression::new_string(account.username.clone())),
        ("name".to_owned(), RestrictedExpression::new_string(account.name.clone())),
        ("email".to_owned(), RestrictedExpression::new_string(account.email.clone())),
        ("path".to_owned(), RestrictedExpression::new_string(account.path.clone())),
        ("user_type".to_owned(), RestrictedExpression::new_string(account.user_type.as_str().to_owned())),
        ("active".to_owned(), RestrictedExpression::new_bool(account.is_active)),
        ("superuser".to_owned(), RestrictedExpression::new_bool(principal.is_superuser)),
    ]);
    let groups = principal.groups.iter().flat_map(|group| group_uids(group.pk, &group.name));
    let parents = groups.chain(principal.roles.iter().map(|role| role_by_id(*role))).collect();
    let entity = Entity::new(uid.clone(), attributes, parents).map_err(|e| e.to_string())?;
    Entities::from_entities([entity], None).map_err(|e| e.to_string())
}

macro_rules! types {
    ($($name:ident = $word:literal),* $(,)?) => {$(
        pub(crate) static $name: std::sync::LazyLock<EntityTypeName> = std::sync::LazyLock::new(|| $word.parse().expect("a type name"));
    )*};
}

types! { USER = "User", GROUP = "Group", APP = "App", TAG = "Tag", FLOW = "Flow", STAGE = "Stage", ENTITLEMENT = "Entitlement", RULE = "Rule", OBJECT = "Object", ROLE = "Role", KIND = "Kind", ACTION = "Action", ANONYMOUS = "Anonymous" }

/// The entity of a type with this name.
pub(crate) fn uid(type_name: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(type_name.clone(), EntityId::new(id))
}

/// An entitlement; slugs have no slash.
pub(crate) fn entitlement(app: &str, name: &str) -> EntityUid {
    uid(&ENTITLEMENT, &format!("{app}/{name}"))
}

/// A group as bindings name it.
pub(crate) fn group_by_id(id: Uuid) -> EntityUid {
    uid(&GROUP, &id.to_string())
}

/// A role as the policies made from it name it.
pub(crate) fn role_by_id(id: Uuid) -> EntityUid {
    uid(&ROLE, &id.to_string())
}
