//! Names of people that the configuration refers to by primary key.

use lockgate_flows::{NamedPeople, PeopleNames};
use lockgate_store::{Store, StoreError};

/// The names of groups and users; those that are gone are missing.
///
/// # Errors
/// Whatever the database answers.
pub async fn of(store: &Store, named: NamedPeople) -> Result<PeopleNames, StoreError> {
    let groups = store.groups().get_many(&Vec::from_iter(named.groups)).await?;
    let users = store.users().get_many(&Vec::from_iter(named.users)).await?;
    Ok(PeopleNames {
        groups: groups.into_iter().map(|group| (group.pk, group.name)).collect(),
        users: users.into_iter().map(|user| (user.pk, user.username)).collect(),
    })
}
