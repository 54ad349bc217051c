//! Memberships that begin and end by themselves.

use chrono::{DateTime, Utc};
use lockgate_model::Period;
use lockgate_store::{GroupFilter, GroupPatch, StoreError, UserFilter, UserPatch};
use uuid::Uuid;

use crate::bench::{Bench, Outcome, later, new_group, now};

/// Who is in a group at a moment, by every way of asking that there is.
async fn inside(bench: &Bench, group: Uuid, user: i64, at: DateTime<Utc>) -> Result<bool, StoreError> {
    let (groups, users) = (bench.store.groups(), bench.store.users());
    let expected = groups.member_pks(&[group], at).await?.contains_key(&group);
    let by_pk = UserFilter { groups_by_pk: vec![group], ..UserFilter::default() };
    let by_name = UserFilter { groups_by_name: vec!["timed".to_owned()], ..UserFilter::default() };
    let superusers = UserFilter { is_superuser: Some(true), ..UserFilter::default() };
    let others = UserFilter { is_superuser: Some(false), ..UserFilter::default() };
    let of_user = GroupFilter { members_by_pk: vec![user], ..GroupFilter::default() };
    let principal = groups.principal(user, "i", at).await?.ok_or(StoreError::NotFound { what: "user" })?;
    let answers = [
        !groups.members(group, at).await?.is_empty(),
        !groups.of_user(user, at).await?.is_empty(),
        !groups.users_in_groups(&[group], at).await?.is_empty(),
        users.list(&by_pk, at).await?.1 > 0,
        users.count(&by_name, at).await? > 0,
        users.count(&superusers, at).await? > 0,
        users.count(&others, at).await? == 0,
        groups.list(&of_user, at).await?.1 > 0,
        users.active_after(0, 10, at).await?.iter().any(|(_, groups)| !groups.is_empty()),
        users.active_users_after(0, 10, at).await?.iter().any(|(_, groups)| !groups.is_empty()),
        principal.in_group(group) && principal.is_superuser && principal.direct_groups == [group],
    ];
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(*answer, expected, "question {number} at {at}");
    }
    Ok(expected)
}

pub(crate) async fn times_count_for_every_look(bench: &Bench) -> Outcome {
    let (groups, users) = (bench.store.groups(), bench.store.users());
    let ada = bench.user("ada").await?.pk;
    let mut new = new_group("timed");
    new.is_superuser = true;
    let outer = bench.group("z outer", &[]).await?;
    new.parents = vec![bench.group("around", &[outer]).await?];
    let group = groups.create(new, now()).await?.pk;
    let period = Period { from: Some(later(10)), until: Some(later(20)) };
    assert!(groups.add_user(group, ada, Some(period), now()).await?);
    for (seconds, expected) in [(9, false), (10, true), (19, true), (20, false)] {
        assert_eq!(inside(bench, group, ada, later(seconds)).await?, expected, "after {seconds} seconds");
    }
    for (seconds, next) in [(0, Some(later(10))), (10, Some(later(20))), (20, None)] {
        let principal = groups.principal(ada, "i", later(seconds)).await?.ok_or("no principal")?;
        assert_eq!(principal.holds_until, next);
        assert_eq!((principal.timed.len(), principal.timed[0].period), (1, period));
        let around: Vec<&str> = principal.timed[0].groups().map(|group| group.name.as_str()).collect();
        assert_eq!(around, ["timed", "around", "z outer"]);
    }
    assert_eq!(groups.timed_memberships(group).await?[0].period, period);
    assert!(groups.any_superuser().await?, "an installation is not new because a time has passed");

    // Who is a member stays one as long as before, by whichever list that says so.
    assert!(!groups.add_user(group, ada, None, later(15)).await?);
    let same = GroupPatch { members: Some(vec![ada]), ..GroupPatch::default() };
    groups.update(group, same, later(15)).await?;
    let same = UserPatch { groups: Some(vec![group]), ..UserPatch::default() };
    users.update(ada, same, later(15)).await?;
    assert_eq!(groups.timed_memberships(group).await?[0].period, period);
    // A list that was read before it began does not end it.
    users.update(ada, UserPatch { groups: Some(vec![]), ..UserPatch::default() }, later(5)).await?;
    assert_eq!(groups.timed_memberships(group).await?.len(), 1);
    // Who was one is one again, for good.
    assert!(groups.add_user(group, ada, None, later(30)).await?);
    assert!(inside(bench, group, ada, later(40)).await?);
    assert!(groups.timed_memberships(group).await?.is_empty());
    users.update(ada, UserPatch { groups: Some(vec![]), ..UserPatch::default() }, later(40)).await?;
    assert!(!inside(bench, group, ada, later(40)).await?);
    Ok(())
}

pub(crate) async fn the_end_is_told_once_and_of_superusers_never_forgotten(bench: &Bench) -> Outcome {
    let groups = bench.store.groups();
    let (ada, bob) = (bench.user("ada").await?.pk, bench.user("bob").await?.pk);
    let crew = bench.group("crew", &[]).await?;
    let mut new = new_group("admins");
    new.is_superuser = true;
    let admins = groups.create(new, now()).await?.pk;
    let until = |seconds| Some(Period { from: None, until: Some(later(seconds)) });
    for (group, user, end) in [(crew, ada, 10), (crew, bob, 30), (admins, ada, 10)] {
        groups.add_user(group, user, until(end), now()).await?;
    }
    assert!(groups.note_ended(later(9), 10).await?.is_empty());
    let (one, two) = tokio::join!(groups.note_ended(later(10), 10), groups.note_ended(later(10), 10));
    let mut told: Vec<_> = one?.into_iter().chain(two?).map(|ended| (ended.group_pk, ended.user_pk)).collect();
    told.sort_unstable();
    let mut expected = vec![(crew, ada), (admins, ada)];
    expected.sort_unstable();
    assert_eq!(told, expected, "each once");
    assert_eq!(groups.delete_ended(later(9)).await?, 0);
    assert_eq!(groups.delete_ended(later(10)).await?, 1);
    assert_eq!(groups.timed_memberships(admins).await?.len(), 1);
    assert_eq!(groups.timed_memberships(crew).await?.len(), 1);
    // Somebody who comes back and goes again has gone twice.
    groups.add_user(admins, ada, until(50), later(40)).await?;
    assert_eq!(groups.note_ended(later(50), 10).await?.len(), 2);
    Ok(())
}
