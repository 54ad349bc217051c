//! Attributes of users and groups, held against the rules that the installation has for them.

use crate::error::ApiError;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{
    Problems,
    kinds::{AttributeOwner, ObjectAttribute},
};
use lockgate_store::{GroupFilter, Page, UserFilter};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Whose attributes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// Those of a user; `None`: of one who is yet to be made.
    User(Option<i64>),
    /// Those of a group.
    Group(Option<Uuid>),
}

impl Of {
    fn owner(self) -> AttributeOwner {
        match self {
            Self::User(_) => AttributeOwner::User,
            Self::Group(_) => AttributeOwner::Group,
        }
    }

    /// Whether somebody else has the same.
    async fn is_taken(self, identity: &Identity, key: &str, value: &Value) -> Result<bool, ApiError> {
        let attributes = Some(Map::from_iter([(key.to_owned(), value.clone())]));
        // Two, for one of them may be the one that is written.
        let page = Page { number: 1, size: 2 };
        Ok(match self {
            Self::User(own) => {
                let filter = UserFilter { attributes, page, ..UserFilter::default() };
                let (found, _) = identity.store.users().list(&filter, identity.clock.now()).await?;
                found.iter().any(|user| Some(user.pk) != own)
            }
            Self::Group(own) => {
                let filter = GroupFilter { attributes, page, ..GroupFilter::default() };
                let (found, _) = identity.store.groups().list(&filter, identity.clock.now()).await?;
                found.iter().any(|group| Some(group.pk) != own)
            }
        })
    }
}

/// Refuses attributes that a rule forbids.
///
/// # Errors
/// 400 on the attributes, with a sentence for each.
pub(super) async fn check(
    identity: &Identity,
    snapshot: &Snapshot,
    of: Of,
    attributes: &Map<String, Value>,
) -> Result<(), ApiError> {
    let mut problems = Problems::default();
    for (_, rule) in snapshot.objects.all::<ObjectAttribute>() {
        if !rule.enabled || rule.object_type != of.owner() {
            continue;
        }
        let value = attributes.get(&rule.key);
        if let Some(complaint) = rule.complaint(value) {
            problems.add("/attributes", "invalid", complaint);
            continue;
        }
        let told = value.filter(|value| !value.is_null() && value.as_str() != Some(""));
        if let Some(value) = told.filter(|_| rule.is_unique)
            && of.is_taken(identity, &rule.key, value).await?
        {
            problems.add("/attributes", "unique", format!("{} is already taken.", rule.label));
        }
    }
    Ok(problems.into_result()?)
}
