//! What administrative acts are about: people, groups and objects, as entities with attributes.

use super::principal::{GROUP, KIND, OBJECT, PreparedPrincipal, TAG, USER, group_by_id, uid};
use cedar_policy::{Entity, EntityTypeName, EntityUid, RestrictedExpression};
use std::{
    collections::{HashMap, HashSet},
    fmt,
};
use thiserror::Error;
use uuid::Uuid;

/// Kind of people in questions about administration; its entities are `User`.
pub const USER_KIND: &str = "user";
/// Kind of groups; its entities are `Group`.
pub const GROUP_KIND: &str = "group";

/// A group, as far as policies look into one that something is done to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its primary key; `None` for one that is yet to be made.
    pub pk: Option<Uuid>,
    /// Its name: `Group::"<name>"` in Cedar.
    pub name: String,
    /// Whether its members are superusers, by its own flag or that of a group around it.
    pub superuser: bool,
    /// Every group around it, direct or not: id and name.
    pub parents: Vec<(Uuid, String)>,
}

/// A configuration object, or something that belongs to a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObjectFacts<'a> {
    /// Its kind: it is in `Kind::"<kind>"`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its slug; empty where its kind has none.
    pub slug: &'a str,
    /// `builtin`, `folder`, `api`, or `people` for what belongs to a person.
    pub origin: &'a str,
    /// Its tags, for applications.
    pub tags: &'a [String],
    /// Its primary key; empty for what is yet to be made.
    pub pk: &'a str,
    /// What it permits, for roles.
    pub permissions: Option<&'a [String]>,
}

/// Something that an administrative act is about, ready for decisions.
#[derive(Debug, Clone)]
pub struct Administered {
    pub(crate) entity: Entity,
    /// The person that it belongs to.
    pub(crate) owner: Option<Entity>,
    words: String,
}

/// Something that has no entity; nobody can do anything to it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} cannot be judged: {message}")]
pub struct UnjudgeableError {
    what: String,
    message: String,
}

impl Administered {
    /// A user.
    ///
    /// # Errors
    /// When Cedar refuses the entity, which well-formed users do not cause.
    pub fn user(user: &PreparedPrincipal) -> Result<Self, UnjudgeableError> {
        let words = format!("user {}", user.principal().user.username);
        Ok(Self { entity: entity_of(user)?, owner: None, words })
    }

    /// A group.
    ///
    /// # Errors
    /// When Cedar refuses the entity.
    pub fn group(group: &GroupFacts) -> Result<Self, UnjudgeableError> {
        let words = format!("group {}", group.name);
        let attributes = HashMap::from([
            ("pk".to_owned(), text(&group.pk.map(|pk| pk.to_string()).unwrap_or_default())),
            ("name".to_owned(), text(&group.name)),
            ("superuser".to_owned(), RestrictedExpression::new_bool(group.superuser)),
        ]);
        let around = group.parents.iter().flat_map(|(id, name)| group_uids(*id, name));
        // Its own id is around it, since its entity is called by its name.
        let parents = around.chain(group.pk.map(group_by_id)).collect();
        // Principals name their groups by id too: one that is named like an id must not be that group.
        let id = match Uuid::parse_str(&group.name) {
            Ok(_) => format!("name {}", group.name),
            Err(_) => group.name.clone(),
        };
        Ok(Self { entity: entity(uid(&GROUP, &id), attributes, parents, &words)?, owner: None, words })
    }

    /// What stands for all of a kind: nobody may look into it.
    pub(crate) fn any_of(kind: &str) -> Self {
        let parents = match kind {
            USER_KIND | GROUP_KIND => HashSet::new(),
            kind => HashSet::from([uid(&KIND, kind)]),
        };
        let entity = Entity::new_no_attrs(uid(type_of(kind), &format!("{kind}/")), parents);
        Self { entity, owner: None, words: format!("kind {kind}") }
    }

    /// An object, or what belongs to a person.
    ///
    /// # Errors
    /// When Cedar refuses the entity.
    pub fn object(object: &ObjectFacts<'_>, owner: Option<&PreparedPrincipal>) -> Result<Self, UnjudgeableError> {
        let words = format!("{} {}", object.kind, object.name);
        let named = if object.slug.is_empty() { object.name } else { object.slug };
        let id = uid(&OBJECT, &format!("{}/{named}", object.kind));
        let mut attributes = HashMap::from([
            ("kind".to_owned(), text(object.kind)),
            ("pk".to_owned(), text(object.pk)),
            ("name".to_owned(), text(object.name)),
            ("slug".to_owned(), text(object.slug)),
            ("origin".to_owned(), text(object.origin)),
        ]);
        attributes.extend(owner.map(|o| ("owner".to_owned(), RestrictedExpression::new_entity_uid(o.uid.clone()))));
        attributes.extend(object.permissions.map(|all| {
            let all = RestrictedExpression::new_set(all.iter().map(|one| text(one)));
            ("permissions".to_owned(), all)
        }));
        let tags = object.tags.iter().map(|tag| uid(&TAG, tag));
        let parents = tags.chain([uid(&KIND, object.kind)]).collect();
        let owner = owner.map(entity_of).transpose()?;
        Ok(Self { entity: entity(id, attributes, parents, &words)?, owner, words })
    }
}

impl fmt::Display for Administered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn entity(
    id: EntityUid,
    attributes: HashMap<String, RestrictedExpression>,
    parents: HashSet<EntityUid>,
    what: &str,
) -> Result<Entity, UnjudgeableError> {
    Entity::new(id, attributes, parents).map_err(|e| UnjudgeableError { what: what.to_owned(), message: e.to_string() })
}

fn entity_of(user: &PreparedPrincipal) -> Result<Entity, UnjudgeableError> {
    let fail = |message| UnjudgeableError { what: format!("user {}", user.principal().user.username), message };
    user.entities().map_err(fail)?.get(&user.uid).cloned().ok_or_else(|| fail("it has no entity".to_owned()))
}

/// A group under both of its names: bindings call it by id, files by name. One that is named like an id must
/// not pass for the group that has it.
pub(crate) fn group_uids(id: Uuid, name: &str) -> impl Iterator<Item = EntityUid> {
    let by_name = Uuid::parse_str(name).is_err().then(|| uid(&GROUP, name));
    [group_by_id(id)].into_iter().chain(by_name)
}

/// The type of the entities of a kind.
pub(crate) fn type_of(kind: &str) -> &'static EntityTypeName {
    match kind {
        USER_KIND => &USER,
        GROUP_KIND => &GROUP,
        _ => &OBJECT,
    }
}
