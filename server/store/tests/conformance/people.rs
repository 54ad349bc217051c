//! Accounts, groups, memberships.

use std::slice::from_ref;

use lockgate_model::{Origin, Source, UserType};
use lockgate_store::{Case, DateFilter, GroupFilter, GroupPatch, NewUser, Page, StoreError, UserFilter, UserPatch};
use serde_json::json;

use crate::bench::{Bench, Outcome, id, later, new_group, new_user, now, object};

pub(crate) async fn accounts_are_found_by_any_name(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    let new = NewUser { attributes: object(json!({"b": 1, "a": [true]})), ..new_user("Ádá") };
    let ada = users.create(new, now()).await?;
    assert_eq!(users.get(ada.pk).await?.as_ref(), Some(&ada));
    assert_eq!(users.by_uuid(id("Ádá")).await?.as_ref(), Some(&ada));
    assert_eq!(users.by_username("Ádá", Case::Exact).await?.as_ref(), Some(&ada));
    assert_eq!(users.by_username("ádá", Case::Exact).await?, None);
    assert_eq!(users.by_username("áDÁ", Case::Fold).await?.as_ref(), Some(&ada));
    assert_eq!(users.by_email("ÁDÁ@example.COM", Case::Fold).await?, from_ref(&ada));
    assert!(users.by_email("ÁDÁ@example.COM", Case::Exact).await?.is_empty());
    assert!(users.by_email("", Case::Fold).await?.is_empty());
    assert_eq!(users.by_username("a\0", Case::Fold).await?, None);
    assert_eq!(users.after(ada.pk - 1, 1).await?, from_ref(&ada));
    assert!(users.after(i64::MAX, 10).await?.is_empty());
    assert_eq!(users.get_many(&[ada.pk, 999]).await?, [ada]);
    Ok(())
}

pub(crate) async fn a_patch_touches_only_what_it_names(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    let ada = bench.user("ada").await?;
    let group = bench.group("editors", &[]).await?;
    let patch = UserPatch {
        email: Some("New@example.com".to_owned()),
        groups: Some(vec![group, group]),
        ..UserPatch::default()
    };
    let changed = users.update(ada.pk, patch, later(5)).await?;
    assert_eq!((changed.username.as_str(), changed.email.as_str()), ("ada", "New@example.com"));
    assert_eq!((changed.last_updated, changed.date_joined), (later(5), now()));
    assert_eq!(users.by_email("new@example.com", Case::Fold).await?, [changed]);
    assert_eq!(bench.store.groups().of_user(ada.pk, now()).await?.len(), 1);
    let found = UserFilter { search: Some("NEW@ ADA".to_owned()), ..UserFilter::default() };
    assert_eq!(users.list(&found, now()).await?.1, 1);
    let rename = UserPatch { username: Some("ADA".to_owned()), ..UserPatch::default() };
    assert_eq!(users.update(ada.pk, rename, now()).await?.username, "ADA");
    let missing = users.update(999, UserPatch::default(), now()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "user" })));
    Ok(())
}

pub(crate) async fn taken_names_and_bad_values_are_told_apart(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    bench.user("ada").await?;
    let taken = |result: &Result<_, StoreError>, name: &str| matches!(result, Err(StoreError::Unique { field }) if field == name);
    let again = users.create(NewUser { uuid: id("x"), ..new_user("ADA") }, now()).await;
    assert!(taken(&again, "username"), "{again:?}");
    let again = users.create(NewUser { uuid: id("ada"), ..new_user("bob") }, now()).await;
    assert!(taken(&again, "uuid"), "{again:?}");
    let homeless = NewUser { groups: vec![id("nowhere")], ..new_user("bob") };
    let homeless = users.create(homeless, now()).await;
    assert!(matches!(homeless, Err(StoreError::Dangling)), "{homeless:?}");
    assert_eq!(users.by_username("bob", Case::Fold).await?, None, "all or nothing");
    let long = users.create(new_user(&"x".repeat(151)), now()).await;
    assert!(matches!(long, Err(StoreError::TooLong { field: "username", max: 150 })));
    let odd = users.create(new_user("a\0b"), now()).await;
    assert!(matches!(odd, Err(StoreError::Unstorable { field: "username" })));
    bench.group("editors", &[]).await?;
    let again = bench.store.groups().create(new_group("editors"), now()).await;
    assert!(matches!(again, Err(StoreError::Unique { .. })), "{again:?}");
    let mut again = new_group("editors");
    again.pk = id("elsewhere");
    let again = bench.store.groups().create(again, now()).await;
    assert!(matches!(&again, Err(StoreError::Unique { field }) if field == "name"), "{again:?}");
    Ok(())
}

pub(crate) async fn passwords_are_kept_apart(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    let new = NewUser { password_hash: Some("hash-0".to_owned()), ..new_user("ada") };
    let pk = users.create(new, now()).await?.pk;
    assert_eq!(users.password_hash(pk).await?.as_deref(), Some("hash-0"));
    users.set_password_hash(pk, Some("hash-1"), 0, later(9)).await?;
    assert_eq!(users.password_hash(pk).await?.as_deref(), Some("hash-1"));
    let changed = users.get(pk).await?.map(|user| user.password_change_date);
    assert_eq!(changed, Some(later(9)));
    assert!(!users.upgrade_password_hash(pk, "hash-0", "stale").await?);
    assert!(users.upgrade_password_hash(pk, "hash-1", "hash-2").await?);
    assert_eq!(users.password_hash(pk).await?.as_deref(), Some("hash-2"));
    users.set_password_hash(pk, None, 0, now()).await?;
    assert_eq!(users.password_hash(pk).await?, None);
    let missing = users.set_password_hash(999, Some("h"), 0, now()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(crate) async fn a_deleted_user_leaves_nothing_behind(bench: &Bench) -> Outcome {
    let (users, sessions) = (bench.store.users(), bench.store.sessions());
    let first = bench.user("ada").await?;
    let session = bench.session("s", first.pk).await?;
    let group = bench.group("editors", &[]).await?;
    bench.store.groups().add_user(group, first.pk, None, now()).await?;
    users.set_password_hash(first.pk, Some("h"), 3, now()).await?;
    assert!(users.delete(first.pk, now()).await?);
    assert!(!users.delete(first.pk, now()).await?);
    assert_eq!(users.get(first.pk).await?, None);
    assert_eq!(sessions.load(&session.id_hash, now()).await?, None);
    assert!(bench.store.groups().members(group, now()).await?.is_empty());
    assert_eq!(users.password_hash(first.pk).await?, None);
    assert!(bench.user("ada").await?.pk > first.pk, "numbers are never used again");
    Ok(())
}

pub(crate) async fn lists_filter_order_and_page(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    let group = bench.group("editors", &[]).await?;
    for (n, name) in ["ada", "bob", "cyd", "dan"].into_iter().enumerate() {
        let mut new = new_user(name);
        new.is_active = name != "dan";
        new.path = if n < 2 { "users/north" } else { "Users/south" }.to_owned();
        new.attributes = object(json!({"team": {"name": "a", "floor": n}, "n": n}));
        if name == "cyd" {
            new.user_type = UserType::ServiceAccount;
            new.groups = vec![group];
        }
        users.create(new, later(i64::try_from(n)?)).await?;
    }
    let names = async |filter: UserFilter| -> Result<String, StoreError> {
        let (found, total) = users.list(&filter, now()).await?;
        let names: Vec<String> = found.into_iter().map(|user| user.username).collect();
        Ok(format!("{total}: {}", names.join(" ")))
    };
    let any = UserFilter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(names(any()).await?, "4: ada bob cyd dan");
    let checks = [
        (UserFilter { is_active: Some(false), ..any() }, "1: dan"),
        (UserFilter { path: text("users/north"), ..any() }, "2: ada bob"),
        (UserFilter { path_startswith: text("users/"), ..any() }, "2: ada bob"),
        (UserFilter { types: vec![UserType::ServiceAccount], ..any() }, "1: cyd"),
        (UserFilter { groups_by_name: vec!["editors".to_owned()], ..any() }, "1: cyd"),
        (UserFilter { groups_by_pk: vec![group], ..any() }, "1: cyd"),
        (UserFilter { uuid: Some(id("bob")), ..any() }, "1: bob"),
        (UserFilter { pk_in: Some(vec![]), ..any() }, "0: "),
        (UserFilter { email: text("bob@Example.com"), ..any() }, "1: bob"),
        (UserFilter { name: text("cyd of the Test"), ..any() }, "1: cyd"),
        (UserFilter { username: text("c\0d"), ..any() }, "0: "),
        (UserFilter { search: text("TEST da"), ..any() }, "2: ada dan"),
        (UserFilter { attributes: Some(object(json!({"n": 2}))), ..any() }, "1: cyd"),
        (UserFilter { attributes: Some(object(json!({"team": {"name": "a"}}))), ..any() }, "4: ada bob cyd dan"),
        (
            UserFilter { date_joined: DateFilter { after: Some(later(1)), ..DateFilter::default() }, ..any() },
            "2: cyd dan",
        ),
        (UserFilter { last_login: DateFilter { is_null: Some(false), ..DateFilter::default() }, ..any() }, "0: "),
        (
            UserFilter {
                ordering: vec![("nonsense".to_owned(), false), ("date_joined".to_owned(), true)],
                page: Page { number: 2, size: 3 },
                ..any()
            },
            "4: ada",
        ),
        (UserFilter { page: Page { number: 9, size: 3 }, ..any() }, "4: "),
    ];
    for (filter, expected) in checks {
        assert_eq!(names(filter.clone()).await?, expected, "{filter:?}");
    }
    assert_eq!(users.paths(Some("nor")).await?, ["users/north"]);
    assert_eq!(users.paths(None).await?.len(), 2);
    Ok(())
}

/// What lists are answered from is a copy of its own.
pub(crate) async fn lists_follow_every_change(bench: &Bench) -> Outcome {
    let users = bench.store.users();
    let many: Vec<NewUser> = (0..40).map(|n| new_user(&format!("user-{n:02}"))).collect();
    let made = users.create_many(many, now()).await?;
    let group = bench.group("editors", &[]).await?;
    let change = async |at: usize, patch: UserPatch| users.update(made[at].pk, patch, later(1)).await;
    change(3, UserPatch { username: Some("zoe".to_owned()), ..UserPatch::default() }).await?;
    change(4, UserPatch { email: Some("first@example.org".to_owned()), ..UserPatch::default() }).await?;
    for at in [5, 6, 7] {
        change(at, UserPatch { is_active: Some(false), ..UserPatch::default() }).await?;
    }
    change(6, UserPatch { is_active: Some(true), ..UserPatch::default() }).await?;
    for at in [7, 8, 9] {
        change(at, UserPatch { groups: Some(vec![group]), ..UserPatch::default() }).await?;
    }
    for at in [7, 10, 11] {
        assert!(users.delete(made[at].pk, now()).await?);
    }
    let any = UserFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let (by_email, last) = (vec![("email".to_owned(), false)], Page { number: 37, size: 1 });
    let editors = || UserFilter { groups_by_pk: vec![group], ..any() };
    let checks = [
        (any(), 37, "user-00"),
        (UserFilter { page: last, ..any() }, 37, "zoe"),
        (UserFilter { ordering: by_email, search: text("org"), ..any() }, 1, "user-04"),
        (UserFilter { search: text("user-03"), is_active: Some(true), ..any() }, 1, "zoe"),
        (UserFilter { search: text("user-10"), ..any() }, 0, ""),
        (UserFilter { is_active: Some(false), ..any() }, 1, "user-05"),
        (UserFilter { is_active: Some(true), page: Page { number: 5, size: 1 }, ..any() }, 36, "user-06"),
        (editors(), 2, "user-08"),
        (UserFilter { search: text("user-09"), ..editors() }, 1, "user-09"),
        (UserFilter { is_active: Some(false), ..editors() }, 0, ""),
    ];
    for (filter, count, first) in checks {
        let (found, total) = users.list(&filter, now()).await?;
        assert_eq!((total, users.count(&filter, now()).await?), (count, count), "{filter:?}");
        assert_eq!(found.first().map_or("", |user| &user.username), first, "{filter:?}");
    }
    Ok(())
}

pub(crate) async fn wildcards_mean_themselves(bench: &Bench) -> Outcome {
    for name in ["100%", "1000", "a_b", "axb", r"back\slash"] {
        bench.user(name).await?;
    }
    for (search, found) in [("100%", 1), ("a_b", 1), (r"\", 1), ("%", 1), ("100", 2)] {
        let filter = UserFilter { search: Some(search.to_owned()), ..UserFilter::default() };
        assert_eq!(bench.store.users().list(&filter, now()).await?.1, found, "{search}");
    }
    Ok(())
}

pub(crate) async fn groups_and_memberships(bench: &Bench) -> Outcome {
    let groups = bench.store.groups();
    let (ada, bob) = (bench.user("ada").await?, bench.user("bob").await?);
    let staff = bench.group("Staff", &[]).await?;
    let mut new = new_group("editors");
    new.parents = vec![staff];
    new.attributes = object(json!({"quota": 5}));
    new.origin = Origin::Folder;
    new.source = Some(Source { file: "groups.yaml".to_owned(), line: 3 });
    let editors = groups.create(new, now()).await?;
    assert_eq!(groups.by_name("editors").await?.as_ref(), Some(&editors));
    assert_eq!(groups.get(staff).await?.map(|group| group.num_pk), Some(editors.num_pk - 1));
    assert_eq!(groups.children(&[staff]).await?[&staff], [editors.pk]);

    assert!(groups.add_user(editors.pk, ada.pk, None, now()).await?);
    assert!(!groups.add_user(editors.pk, ada.pk, None, now()).await?);
    let nobody = groups.add_user(editors.pk, 999, None, now()).await;
    assert!(matches!(nobody, Err(StoreError::Dangling)), "{nobody:?}");
    let patch = GroupPatch { members: Some(vec![bob.pk, bob.pk]), ..GroupPatch::default() };
    let same = groups.update(editors.pk, patch, now()).await?;
    assert_eq!(same, editors, "a patch of members changes nothing else");
    assert_eq!(groups.members(editors.pk, now()).await?, from_ref(&bob));
    assert_eq!(groups.of_user(bob.pk, now()).await?, from_ref(&editors));
    assert_eq!(groups.users_in_groups(&[staff], now()).await?, [bob.pk], "inherited upwards");

    let list = async |filter: GroupFilter| -> Result<Vec<String>, StoreError> {
        Ok(groups.list(&filter, now()).await?.0.into_iter().map(|group| group.name).collect())
    };
    let any = GroupFilter::default;
    assert_eq!(list(any()).await?.len(), 2);
    assert_eq!(list(GroupFilter { search: Some("STA".to_owned()), ..any() }).await?, ["Staff"]);
    let of_bob = GroupFilter { members_by_username: vec!["bob".to_owned()], ..any() };
    assert_eq!(list(of_bob).await?, ["editors"]);
    let rich = GroupFilter { attributes: Some(object(json!({"quota": 5}))), ..any() };
    assert_eq!(list(rich).await?, ["editors"]);

    assert!(groups.remove_user(editors.pk, bob.pk, now()).await?);
    assert!(!groups.remove_user(editors.pk, bob.pk, now()).await?);
    assert!(groups.delete(staff, now()).await?);
    assert_eq!(groups.get(editors.pk).await?.map(|group| group.parents), Some(vec![]));
    Ok(())
}
