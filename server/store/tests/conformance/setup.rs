//! When an installation counts as set up.

use lockgate_store::{GroupPatch, NewUser, StoreError, UserPatch};

use crate::bench::{Bench, Outcome, new_group, new_user, now};

pub(crate) async fn the_set_up_closes_for_good_with_the_first_administrator(bench: &Bench) -> Outcome {
    let (users, groups, installation) = (bench.store.users(), bench.store.groups(), bench.store.installation());
    let crew = bench.group("crew", &[]).await?;
    let ada = users.create(NewUser { groups: vec![crew], ..new_user("ada") }, now()).await?;
    installation.settle_setup(now()).await?;
    assert!(installation.setup_is_open().await?, "nobody is one yet");

    // Nobody asks in between, as where the one comes and goes while no visitor does.
    let mark = |wanted| GroupPatch { is_superuser: Some(wanted), ..GroupPatch::default() };
    groups.update(crew, mark(true), now()).await?;
    groups.update(crew, mark(false), now()).await?;
    assert!(!groups.any_superuser().await?);
    assert!(!installation.setup_is_open().await?, "somebody was one");
    users.delete(ada.pk, now()).await?;
    assert!(!installation.setup_is_open().await?);
    Ok(())
}

pub(crate) async fn whichever_way_somebody_becomes_one_the_set_up_is_over(bench: &Bench) -> Outcome {
    let (users, groups, installation) = (bench.store.users(), bench.store.groups(), bench.store.installation());
    let admins = groups.create(lockgate_store::NewGroup { is_superuser: true, ..new_group("admins") }, now()).await?.pk;
    let asleep = NewUser { groups: vec![admins], is_active: false, ..new_user("ada") };
    let ada = users.create(asleep, now()).await?;
    assert!(installation.setup_is_open().await?, "an inactive account can do nothing");
    let active = |wanted| UserPatch { is_active: Some(wanted), ..UserPatch::default() };
    users.update(ada.pk, active(true), now()).await?;
    users.update(ada.pk, active(false), now()).await?;
    assert!(!installation.setup_is_open().await?);
    Ok(())
}

pub(crate) async fn of_two_first_administrators_one_is_made(bench: &Bench) -> Outcome {
    let (users, groups) = (bench.store.users(), bench.store.groups());
    let admins = groups.create(lockgate_store::NewGroup { is_superuser: true, ..new_group("admins") }, now()).await?.pk;
    let first = |name| users.create_first(NewUser { groups: vec![admins], ..new_user(name) }, now());
    let ends = tokio::join!(first("ada"), first("bob"));
    let ends = [ends.0, ends.1];
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "{ends:?}");
    assert!(ends.iter().any(|end| matches!(end, Err(StoreError::SetUp))), "{ends:?}");
    assert_eq!(bench.raw("SELECT username FROM users").await?.len(), 1);
    Ok(())
}
