//! What a caller may see of people and of what belongs to them, and what may be done to it.
//!
//! Whoever may do something to all of a kind is asked once. Else every row is asked about: what the caller
//! may not read is left out of a list, and not counted either.

use crate::{
    caller::Caller,
    error::{ApiError, NO_PERMISSION},
};
use lockgate_identity::{Identity, config::Snapshot, principals::PrincipalEntry};
use lockgate_model::{Group, Principal, User, people::GroupFact};
use lockgate_policies::{
    Action, Administered, Extent, GROUP_KIND, GroupFacts, ObjectFacts, PreparedPrincipal, USER_KIND,
};
use lockgate_store::Page;
use serde_json::Map;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Rows that are asked about at once.
const CHUNK: u64 = 500;

/// One caller under one configuration.
pub(crate) struct Sight<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) caller: &'a Caller,
}

impl Sight<'_> {
    /// How far an act reaches over a kind.
    pub(super) fn extent(&self, verb: Action, kind: &str) -> Extent {
        self.caller.extent(self.identity, self.snapshot, verb, kind)
    }

    /// Whether the caller may do this to that.
    pub(super) fn may(&self, verb: Action, what: &Administered) -> bool {
        self.caller.may_on(self.identity, self.snapshot, verb, what)
    }

    /// Refuses a caller who may not do this to that.
    ///
    /// # Errors
    /// 403.
    pub(super) fn require(&self, verb: Action, what: &Administered) -> Result<(), ApiError> {
        if self.may(verb, what) { Ok(()) } else { Err(NO_PERMISSION) }
    }

    /// A user that the caller may do this to.
    ///
    /// # Errors
    /// 404 for nobody, and for whom the caller may not see; else 403.
    pub(crate) async fn user(&self, verb: Action, pk: i64) -> Result<Arc<PrincipalEntry>, ApiError> {
        let missing = || ApiError::no_such("User");
        let who = self.identity.principals.get(pk).await?.ok_or_else(missing)?;
        self.caller.require_on(self.identity, self.snapshot, verb, &Administered::user(&who)?, "User")?;
        Ok(who)
    }

    /// Refuses a caller who may not do this to every one of these groups.
    ///
    /// # Errors
    /// 404 for one that does not exist or that the caller may not see, else 403.
    pub(crate) async fn groups(&self, verb: Action, pks: &[Uuid]) -> Result<(), ApiError> {
        let all = |verb| self.extent(verb, GROUP_KIND) == Extent::All;
        if pks.is_empty() || (all(Action::Read) && all(verb)) {
            return Ok(());
        }
        let directory = Directory::load(self.identity).await?;
        for pk in pks {
            let group = directory.groups.get(pk).ok_or_else(|| ApiError::no_such("Group"))?;
            let what = Administered::group(&directory.facts(group))?;
            self.caller.require_on(self.identity, self.snapshot, verb, &what, "Group")?;
        }
        Ok(())
    }

    /// Which of these users the caller may see.
    pub(crate) async fn seen_users(&self, users: &[User]) -> Result<HashSet<i64>, ApiError> {
        match self.extent(Action::Read, USER_KIND) {
            Extent::All => Ok(users.iter().map(|user| user.pk).collect()),
            Extent::None => Ok(HashSet::new()),
            Extent::Some => {
                let directory = Directory::load(self.identity).await?;
                self.seen_of(users, &directory).await
            }
        }
    }

    async fn seen_of(&self, users: &[User], directory: &Directory) -> Result<HashSet<i64>, ApiError> {
        let pks: Vec<i64> = users.iter().map(|user| user.pk).collect();
        let mut groups = self.identity.store.groups().of_users(&pks, self.identity.clock.now()).await?;
        let mut roles = self.identity.store.roles().of_users(&pks).await?;
        let mut seen = HashSet::new();
        for user in users {
            let direct = groups.remove(&user.pk).unwrap_or_default();
            let held = roles.remove(&user.pk).unwrap_or_default();
            let who = directory.prepared(user.clone(), direct.iter().map(|group| group.pk), held)?;
            if self.may(Action::Read, &Administered::user(&who)?) {
                seen.insert(user.pk);
            }
        }
        Ok(seen)
    }

    /// One page of the users that the caller may see, and how many those are. `fetch` gets the pages of all.
    pub(crate) async fn page_of_users<F>(
        &self,
        page: Page,
        fetch: impl Fn(Page) -> F,
    ) -> Result<(Vec<User>, u64), ApiError>
    where
        F: Future<Output = Result<(Vec<User>, u64), ApiError>>,
    {
        if self.extent(Action::Read, USER_KIND) == Extent::All {
            return fetch(page).await;
        }
        let directory = Directory::load(self.identity).await?;
        let mut walk = Walk::new(page);
        while let Some(next) = walk.next() {
            let (rows, _) = fetch(next).await?;
            walk.fetched(rows.len());
            let seen = self.seen_of(&rows, &directory).await?;
            rows.into_iter().filter(|user| seen.contains(&user.pk)).for_each(|user| walk.take(user));
            // Other requests get their turn.
            tokio::task::yield_now().await;
        }
        Ok(walk.done())
    }

    /// The groups among these that the caller may see.
    pub(super) async fn seen_groups(&self, groups: &[Group]) -> Result<HashSet<Uuid>, ApiError> {
        match self.extent(Action::Read, GROUP_KIND) {
            Extent::All => Ok(groups.iter().map(|group| group.pk).collect()),
            Extent::None => Ok(HashSet::new()),
            Extent::Some => {
                let directory = Directory::load(self.identity).await?;
                let mut seen = HashSet::new();
                for group in groups {
                    if self.may(Action::Read, &Administered::group(&directory.facts(group))?) {
                        seen.insert(group.pk);
                    }
                }
                Ok(seen)
            }
        }
    }

    /// One page of the groups that the caller may see, and how many those are.
    pub(super) async fn page_of_groups<F>(
        &self,
        page: Page,
        fetch: impl Fn(Page) -> F,
    ) -> Result<(Vec<Group>, u64), ApiError>
    where
        F: Future<Output = Result<(Vec<Group>, u64), ApiError>>,
    {
        if self.extent(Action::Read, GROUP_KIND) == Extent::All {
            return fetch(page).await;
        }
        let mut walk = Walk::new(page);
        while let Some(next) = walk.next() {
            let (rows, _) = fetch(next).await?;
            walk.fetched(rows.len());
            let seen = self.seen_groups(&rows).await?;
            rows.into_iter().filter(|group| seen.contains(&group.pk)).for_each(|group| walk.take(group));
        }
        Ok(walk.done())
    }

    /// Whether the caller may do this to something that belongs to a person: one's own always.
    pub(super) async fn owns(&self, verb: Action, kind: &str, owner: i64, name: &str) -> Result<bool, ApiError> {
        Ok(owner == self.caller.user().pk || self.permits(verb, kind, owner, name).await?)
    }

    /// Whether policies let the caller do this to something that belongs to a person, oneself among them.
    pub(super) async fn permits(&self, verb: Action, kind: &str, owner: i64, name: &str) -> Result<bool, ApiError> {
        match self.extent(verb, kind) {
            Extent::All => Ok(true),
            Extent::None => Ok(false),
            Extent::Some => {
                let Some(who) = self.identity.principals.get(owner).await? else { return Ok(false) };
                Ok(self.may(verb, &thing(kind, name, &who)?))
            }
        }
    }

    /// Something that belongs to a person, when the caller may do this to it: its owner may always.
    ///
    /// # Errors
    /// 404 for nothing, and for what the caller may not see; else 403.
    pub(super) async fn owned<T>(
        &self,
        verb: Action,
        kind: &str,
        noun: &str,
        found: Option<(i64, String, T)>,
    ) -> Result<T, ApiError> {
        let (owner, name, found) = found.ok_or_else(|| ApiError::no_such(noun))?;
        if !self.owns(Action::Read, kind, owner, &name).await? {
            return Err(ApiError::no_such(noun));
        }
        if self.owns(verb, kind, owner, &name).await? { Ok(found) } else { Err(NO_PERMISSION) }
    }

    /// One page of the things of a kind that the caller may see: one's own, and those that policies show.
    /// `fetch` gets a page of the things of one person, or of all; `tell` says whose a thing is and its name.
    pub(super) async fn page_of_things<T, F>(
        &self,
        kind: &str,
        whose: Option<i64>,
        page: Page,
        fetch: impl Fn(Option<i64>, Page) -> F,
        tell: impl Fn(&T) -> (i64, String),
    ) -> Result<(Vec<T>, u64), ApiError>
    where
        F: Future<Output = Result<(Vec<T>, u64), ApiError>>,
    {
        let own = self.caller.user().pk;
        match self.extent(Action::Read, kind) {
            Extent::All => return fetch(whose, page).await,
            _ if whose == Some(own) => return fetch(whose, page).await,
            Extent::None if whose.is_none() => return fetch(Some(own), page).await,
            Extent::None => return Ok((Vec::new(), 0)),
            Extent::Some => {}
        }
        let mut walk = Walk::new(page);
        while let Some(next) = walk.next() {
            let (rows, _) = fetch(whose, next).await?;
            walk.fetched(rows.len());
            for row in rows {
                let (owner, name) = tell(&row);
                if self.owns(Action::Read, kind, owner, &name).await? {
                    walk.take(row);
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(walk.done())
    }
}

/// Something that belongs to a person, as decisions read it.
fn thing(kind: &str, name: &str, owner: &PreparedPrincipal) -> Result<Administered, ApiError> {
    Ok(Administered::object(&ObjectFacts { kind, name, origin: "people", ..ObjectFacts::default() }, Some(owner))?)
}

/// Goes over all rows of a list and keeps those of one page.
struct Walk<T> {
    page: Page,
    next: Option<u64>,
    count: u64,
    kept: Vec<T>,
}

impl<T> Walk<T> {
    fn new(page: Page) -> Self {
        Self { page, next: Some(1), count: 0, kept: Vec::new() }
    }

    fn next(&self) -> Option<Page> {
        self.next.map(|number| Page { number, size: CHUNK })
    }

    fn fetched(&mut self, rows: usize) {
        self.next = self.next.filter(|_| rows as u64 == CHUNK).map(|number| number + 1);
    }

    fn take(&mut self, row: T) {
        let start = (self.page.number - 1) * self.page.size;
        if (start..start + self.page.size).contains(&self.count) {
            self.kept.push(row);
        }
        self.count += 1;
    }

    fn done(self) -> (Vec<T>, u64) {
        (self.kept, self.count)
    }
}

/// Every group, to tell who is in what around whom.
pub(super) struct Directory {
    groups: HashMap<Uuid, Group>,
}

impl Directory {
    /// Reads all groups.
    pub(super) async fn load(identity: &Identity) -> Result<Self, ApiError> {
        let groups = identity.store.groups().all().await?;
        Ok(Self { groups: groups.into_iter().map(|group| (group.pk, group)).collect() })
    }

    /// These groups and every group around them.
    fn around(&self, start: impl IntoIterator<Item = Uuid>) -> Vec<&Group> {
        let mut seen = HashSet::new();
        let mut next: Vec<Uuid> = start.into_iter().collect();
        let mut found = Vec::new();
        while let Some(pk) = next.pop() {
            if let Some(group) = self.groups.get(&pk).filter(|group| seen.insert(group.pk)) {
                found.push(group);
                next.extend(&group.parents);
            }
        }
        found
    }

    /// A group as decisions read it, with these parents.
    pub(super) fn facts_of(&self, pk: Option<Uuid>, name: &str, is_superuser: bool, parents: &[Uuid]) -> GroupFacts {
        let around = self.around(parents.iter().copied());
        GroupFacts {
            pk,
            name: name.to_owned(),
            superuser: is_superuser || around.iter().any(|group| group.is_superuser),
            parents: around.iter().map(|group| (group.pk, group.name.clone())).collect(),
        }
    }

    /// A group that is there.
    pub(super) fn facts(&self, group: &Group) -> GroupFacts {
        self.facts_of(Some(group.pk), &group.name, group.is_superuser, &group.parents)
    }

    /// A user in these groups, with these roles.
    pub(super) fn prepared(
        &self,
        user: User,
        direct: impl IntoIterator<Item = Uuid>,
        roles: Vec<Uuid>,
    ) -> Result<PreparedPrincipal, ApiError> {
        let groups = self.around(direct);
        let principal = Principal {
            user,
            uid: String::new(),
            is_superuser: groups.iter().any(|group| group.is_superuser),
            groups: groups.iter().map(|group| GroupFact { pk: group.pk, name: group.name.clone() }).collect(),
            direct_groups: Vec::new(),
            roles,
            timed: Vec::new(),
            holds_until: None,
            attributes: Map::new(),
        };
        PreparedPrincipal::new(Arc::new(principal)).map_err(|error| {
            tracing::error!(%error, "a user is shut out");
            ApiError::Internal
        })
    }
}
