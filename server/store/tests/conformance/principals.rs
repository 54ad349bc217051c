//! What a user inherits from groups.

use lockgate_store::{ConfigChange, GroupPatch, NewUser, StoreError, UserFilter, UserPatch, hash_secret};
use serde_json::{Value, json};

use crate::bench::{Bench, Outcome, document, id, meta, new_group, new_user, now, object};

pub(crate) async fn groups_are_inherited_even_around_a_cycle(bench: &Bench) -> Outcome {
    let groups = bench.store.groups();
    let top = bench.group("top", &[]).await?;
    let middle = bench.group("middle", &[top]).await?;
    let low = bench.group("low", &[middle]).await?;
    bench.group("unrelated", &[low]).await?;
    let round = GroupPatch { parents: Some(vec![low, top]), ..GroupPatch::default() };
    groups.update(top, round, now()).await?;
    let new = NewUser { groups: vec![low], ..new_user("ada") };
    let ada = bench.store.users().create(new, now()).await?;

    let principal = groups.principal(ada.pk, "install", now()).await?.ok_or("no principal")?;
    let names: Vec<&str> = principal.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["low", "middle", "top"]);
    assert_eq!(principal.direct_groups, [low]);
    assert_eq!(principal.uid, hash_secret(&format!("{}-install", ada.pk)));
    assert!(!principal.is_superuser && principal.in_group(top));
    assert_eq!(groups.users_in_groups(&[top], now()).await?, [ada.pk]);

    let mighty = GroupPatch { is_superuser: Some(true), ..GroupPatch::default() };
    groups.update(middle, mighty, now()).await?;
    let principal = groups.principal(ada.pk, "install", now()).await?.ok_or("no principal")?;
    assert!(principal.is_superuser);
    assert_eq!(groups.principal(999, "install", now()).await?, None);
    Ok(())
}

pub(crate) async fn attributes_are_merged_ancestors_first(bench: &Bench) -> Outcome {
    let groups = bench.store.groups();
    let parent = [("z-parent", vec![], json!({"from": "parent", "p": 1, "deep": {"a": 1}}))];
    let child = [("a-child", vec![id("z-parent")], json!({"from": "child", "deep": {"b": 2}}))];
    let sibling = [("b-child", vec![id("z-parent")], json!({"from": "sibling", "list": [1]}))];
    for (name, parents, attributes) in parent.into_iter().chain(child).chain(sibling) {
        let mut new = new_group(name);
        new.parents = parents;
        new.attributes = object(attributes);
        groups.create(new, now()).await?;
    }
    let mut new = new_user("ada");
    // A direct member of the parent too: it still comes first.
    new.groups = ["a-child", "b-child", "z-parent"].map(id).to_vec();
    new.attributes = object(json!({"deep": {"c": 3}, "list": [1, 2]}));
    let ada = bench.store.users().create(new, now()).await?;
    let principal = groups.principal(ada.pk, "i", now()).await?.ok_or("no principal")?;
    let merged = json!({
        "from": "sibling", "p": 1, "deep": {"a": 1, "b": 2, "c": 3}, "list": [1, 2],
    });
    assert_eq!(Value::Object(principal.attributes), merged);
    assert_eq!(principal.user.attributes, ada.attributes, "the user's own are untouched");
    Ok(())
}

pub(crate) async fn superusers_are_found_through_nested_groups(bench: &Bench) -> Outcome {
    let (users, groups) = (bench.store.users(), bench.store.groups());
    let mut admins = new_group("admins");
    admins.is_superuser = true;
    let admins = groups.create(admins, now()).await?.pk;
    let crew = bench.group("crew", &[admins]).await?;
    let ada = bench.user("ada").await?;
    bench.user("bob").await?;
    assert!(!groups.any_superuser().await?);
    groups.add_user(crew, ada.pk, None, now()).await?;
    assert!(groups.any_superuser().await?);
    let found = async |wanted| {
        let filter = UserFilter { is_superuser: Some(wanted), ..UserFilter::default() };
        users.list(&filter, now()).await.map(|(found, _)| found.into_iter().map(|u| u.username))
    };
    assert_eq!(found(true).await?.collect::<Vec<_>>(), ["ada"]);
    assert_eq!(found(false).await?.collect::<Vec<_>>(), ["bob"]);
    let asleep = UserPatch { is_active: Some(false), ..UserPatch::default() };
    users.update(ada.pk, asleep, now()).await?;
    assert!(!groups.any_superuser().await?, "an inactive account can do nothing");
    Ok(())
}

pub(crate) async fn roles_are_held_until_they_are_taken_or_go(bench: &Bench) -> Outcome {
    let (store, roles) = (&bench.store, bench.store.roles());
    let made = ["one", "two"].map(|name| document("role", name, json!({"name": name})));
    let [one, two] = [made[0].id, made[1].id];
    let change = ConfigChange { upserts: made.to_vec(), ..ConfigChange::default() };
    store.documents().apply(change, meta("roles")).await?;
    let (ada, bob) = (bench.user("ada").await?.pk, bench.user("bob").await?.pk);
    let held = async |user: i64| -> Result<Vec<uuid::Uuid>, StoreError> {
        let principal = store.groups().principal(user, "install", now()).await?;
        Ok(principal.map(|principal| principal.roles).unwrap_or_default())
    };
    assert!(roles.give(one, ada, now()).await?);
    assert!(!roles.give(one, ada, now()).await?, "she holds it");
    assert_eq!((held(ada).await?, held(bob).await?), (vec![one], vec![]));
    assert!(matches!(roles.give(id("none"), ada, now()).await, Err(StoreError::Dangling)));
    roles.set(bob, &[two, one, two], now()).await?;
    let mut of_bob = roles.of_users(&[ada, bob]).await?.remove(&bob).unwrap_or_default();
    of_bob.sort();
    let mut both = vec![one, two];
    both.sort();
    assert_eq!(of_bob, both);
    let holders = async |roles: &[uuid::Uuid]| -> Result<Vec<String>, StoreError> {
        let filter = UserFilter { roles: Some(roles.to_vec()), ..UserFilter::default() };
        Ok(store.users().list(&filter, now()).await?.0.into_iter().map(|user| user.username).collect())
    };
    assert_eq!(holders(&[two]).await?, ["bob"]);
    assert_eq!(holders(&[one, two]).await?, ["ada", "bob"]);
    assert_eq!(holders(&[]).await?, [""; 0]);
    assert!(roles.take(one, ada, now()).await? && !roles.take(one, ada, now()).await?);
    // A role that is replaced stays with its holders; one that goes does not.
    let again = ConfigChange { upserts: vec![made[0].clone()], deletes: vec![two], ..ConfigChange::default() };
    store.documents().apply(again, meta("roles")).await?;
    assert_eq!((held(ada).await?, held(bob).await?), (vec![], vec![one]));
    store.users().delete(bob, now()).await?;
    assert_eq!(holders(&[one]).await?, [""; 0]);
    Ok(())
}
