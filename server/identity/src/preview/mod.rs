//! What a change of the configuration would do, before anybody does it: the objects that differ, and who
//! gains or loses which application and which claims, over everybody in the directory.
//!
//! Applications about which both configurations decide alike are left out, and people who are alike to
//! what decides are decided about once (`ask.rs`); they come from the database part by part, and are
//! looked at on all cores.

mod accounts;
mod ask;
mod claims;
mod tally;
mod worker;
mod world;

use crate::{
    config::{Snapshot, Weighed},
    names,
};
use accounts::Moved;
use ask::Ask;
use chrono::{DateTime, Utc};
use claims::Recipe;
use lockgate_flows::{
    NamedPeople,
    plan::{AccessReport, KeptObject, Names, PlanReport, changes},
};
use lockgate_model::{Document, Group, User};
use lockgate_store::{Store, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;
use worker::Worker;
use world::World;

/// Accounts of one part, without and with all that is known of them.
const SLIM: u64 = 10_000;
const WHOLE: u64 = 2_000;

/// Somebody who is looked at.
struct Person {
    /// Place among all that are looked at.
    ordinal: u32,
    pk: i64,
    /// Which set of direct groups.
    set: u32,
    /// The account, where something reads more than groups.
    user: Option<User>,
}

/// Everything that the looking needs, shared by its threads.
struct Scene {
    before: Arc<Snapshot>,
    after: Arc<Snapshot>,
    world: World,
    asks: Vec<Ask>,
    recipes: Vec<Recipe>,
    install_id: String,
    now: DateTime<Utc>,
}

/// The report of a proposal that compiles, against what is in force.
///
/// # Errors
/// Whatever the database answers.
pub async fn report(
    store: &Store,
    before: Arc<Snapshot>,
    weighed: Weighed,
    now: DateTime<Utc>,
) -> Result<PlanReport, StoreError> {
    let Weighed { proposal, after, warnings } = weighed;
    let (documents, groups) = (proposal.documents(), proposal.groups_after());
    let names = called(store, [&proposal.base.documents, &documents], [&proposal.base.groups, &groups]).await?;
    let old = (proposal.base.documents.as_slice(), proposal.base.groups.as_slice());
    let (objects, moved) = changes(old, (&documents, &groups), &names);
    let access = access(store, before, Arc::new(after), (&proposal.base.groups, &groups), now).await?;
    let kept = proposal.kept.into_iter().map(|(kind, name)| KeptObject { kind, name });
    Ok(PlanReport {
        base_revision: proposal.base.revision,
        objects,
        moved,
        kept: kept.collect(),
        warnings: warnings.iter().map(|w| format!("{}: {}", w.span, w.message)).collect(),
        access,
    })
}

/// Names of everything that may be spoken of.
///
/// # Errors
/// Whatever the database answers.
pub async fn called(store: &Store, documents: [&[Document]; 2], groups: [&[Group]; 2]) -> Result<Names, StoreError> {
    let all = || documents.iter().flat_map(|side| side.iter());
    let users: BTreeSet<i64> = all().filter_map(|d| d.body["user"].as_i64()).collect();
    let named = NamedPeople { users, ..NamedPeople::default() };
    let users: HashMap<i64, String> = names::of(store, named).await?.users.into_iter().collect();
    Ok(Names::new(all(), groups.iter().flat_map(|side| side.iter()), users))
}

/// Who gains or loses what on the way from one configuration, and its groups, to another.
///
/// # Errors
/// Whatever the database answers.
pub async fn access(
    store: &Store,
    before: Arc<Snapshot>,
    after: Arc<Snapshot>,
    (groups_before, groups_after): (&[Group], &[Group]),
    now: DateTime<Utc>,
) -> Result<AccessReport, StoreError> {
    let moved = accounts::moved(store, &before, &after, now).await?;
    let mut world = World::new(groups_before, groups_after);
    world.people_differ = !moved.is_empty();
    let recipes = claims::recipes(&before, &after);
    let asks = ask::all(&before, &after, &world, &recipes, now);
    if asks.is_empty() {
        return Ok(AccessReport { looked: true, ..AccessReport::default() });
    }
    let install_id = store.installation().get("install_id").await?.unwrap_or_default();
    let whole =
        !recipes.list.is_empty() && asks.iter().any(|a| a.recipe.is_some()) || asks.iter().any(|a| a.reads.person);
    let scene = Scene { before, after, world, asks, recipes: recipes.list, install_id, now };
    look(store, scene, &moved, whole).await
}

async fn look(
    store: &Store,
    mut scene: Scene,
    moved: &BTreeMap<i64, Moved>,
    whole: bool,
) -> Result<AccessReport, StoreError> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut workers: Vec<Worker> = (0..threads).map(|_| Worker::new(&scene)).collect();
    let mut all: Vec<(i64, u32)> = Vec::new();
    let mut last = Some(i64::MIN);
    while let Some(after) = last {
        let first = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let rows = rows(store, (after, scene.now), whole).await?;
        last = rows.last().map(|row| row.0);
        let people = match last {
            Some(_) => known(rows.into_iter().filter(|row| !moved.contains_key(&row.0)), &mut scene.world, first),
            None => accounts::people(moved, &mut scene.world, first),
        };
        all.extend(people.iter().map(|p| (p.pk, p.set)));
        let looked = tokio::task::spawn_blocking(move || {
            worker::share(&scene, &mut workers, &people);
            (scene, workers)
        });
        (scene, workers) = looked.await.map_err(|error| {
            tracing::error!(%error, "the look at everybody ended early");
            StoreError::Corrupt { what: "preview".to_owned() }
        })?;
    }
    let total = workers.into_iter().reduce(Worker::join);
    let Some(total) = total else { return Ok(AccessReport::default()) };
    let found = tally::Found::new(&scene, &all, total);
    let mut usernames = usernames(store, &found.examples()).await?;
    usernames.extend(accounts::names(moved));
    Ok(found.report(&usernames))
}

/// Number, account where it is asked for, and direct groups.
type Row = (i64, Option<User>, Vec<Uuid>);

async fn rows(store: &Store, (after, now): (i64, DateTime<Utc>), whole: bool) -> Result<Vec<Row>, StoreError> {
    Ok(if whole {
        let rows = store.users().active_users_after(after, WHOLE, now).await?;
        rows.into_iter().map(|(user, groups)| (user.pk, Some(user), groups)).collect()
    } else {
        let rows = store.users().active_after(after, SLIM, now).await?;
        rows.into_iter().map(|(pk, groups)| (pk, None, groups)).collect()
    })
}

fn known(rows: impl Iterator<Item = Row>, world: &mut World, first: u32) -> Vec<Person> {
    let person = |(ordinal, (pk, user, groups)): (u32, Row)| Person { ordinal, pk, set: world.set_of(groups), user };
    (first..).zip(rows).map(person).collect()
}

async fn usernames(store: &Store, pks: &HashSet<i64>) -> Result<BTreeMap<i64, String>, StoreError> {
    let pks: Vec<i64> = pks.iter().copied().collect();
    let users = store.users().get_many(&pks).await?;
    Ok(users.into_iter().map(|user| (user.pk, user.username)).collect())
}

#[cfg(test)]
mod tests;
