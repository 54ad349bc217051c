//! Service accounts that a change makes, moves to other groups, or dismisses: the directory does not know of
//! it yet.

use super::{Person, world::World};
use crate::config::{Snapshot, declared_account};
use chrono::{DateTime, Utc};
use lockgate_model::{Document, User, UserType};
use lockgate_store::{Case, DeclaredAccount, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// An account with its groups before and after; `None` where it can do nothing.
pub(super) struct Moved {
    user: User,
    sides: [Option<Vec<Uuid>>; 2],
}

/// The accounts that are not the same on both sides, by number; one that is not there yet has a number below 0.
pub(super) async fn moved(
    store: &Store,
    before: &Snapshot,
    after: &Snapshot,
    now: DateTime<Utc>,
) -> Result<BTreeMap<i64, Moved>, StoreError> {
    let (old, new) = (declared(before), declared(after));
    let mut moved = BTreeMap::new();
    for id in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (old.get(id), new.get(id));
        let same = |a: &&DeclaredAccount| was.is_some_and(|b| (b.is_active, &b.groups) == (a.is_active, &a.groups));
        if is.filter(same).is_some() {
            continue;
        }
        let Some(told) = is.or(was) else { continue };
        let found = match store.users().by_uuid(*id).await? {
            None => store.users().by_username(&told.username, Case::Fold).await?,
            found => found,
        };
        let before = match found.as_ref().filter(|user| user.is_active) {
            Some(user) => Some(store.groups().of_user(user.pk, now).await?.into_iter().map(|group| group.pk).collect()),
            None => None,
        };
        let next = -1 - i64::try_from(moved.len()).unwrap_or(i64::MAX - 1);
        let user = found.unwrap_or_else(|| newcomer(next, told));
        let after = is.filter(|account| account.is_active).map(|account| account.groups.clone());
        moved.insert(user.pk, Moved { user, sides: [before, after] });
    }
    Ok(moved)
}

fn declared(snapshot: &Snapshot) -> HashMap<Uuid, DeclaredAccount> {
    let documents = snapshot.objects.iter().map(|object| &object.document);
    documents.filter_map(|document: &Document| Some((document.id, declared_account(document)?))).collect()
}

fn newcomer(pk: i64, account: &DeclaredAccount) -> User {
    User {
        uuid: account.id,
        username: account.username.clone(),
        name: account.name.clone(),
        user_type: UserType::ServiceAccount,
        attributes: account.attributes.clone(),
        ..super::worker::anybody(pk)
    }
}

/// They as people to be looked at, the first of them in this place.
pub(super) fn people(moved: &BTreeMap<i64, Moved>, world: &mut World, first: u32) -> Vec<Person> {
    let person = |(ordinal, (pk, moved)): (u32, (&i64, &Moved))| Person {
        ordinal,
        pk: *pk,
        set: world.set_of_moved(&moved.sides),
        user: Some(moved.user.clone()),
    };
    (first..).zip(moved).map(person).collect()
}

/// Names of those that the directory does not know.
pub(super) fn names(moved: &BTreeMap<i64, Moved>) -> impl Iterator<Item = (i64, String)> {
    moved.iter().filter(|(pk, _)| **pk < 0).map(|(pk, moved)| (*pk, moved.user.username.clone()))
}
