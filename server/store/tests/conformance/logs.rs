//! The log of changes, the audit log, facts of the installation.

use lockgate_store::{
    ConfigChange, DecisionFilter, DecisionRecord, Event, EventFilter, GroupPatch, ProxySession, Session, Token,
    TokenIntent, Topic, UserPatch, hash_secret,
};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

use crate::bench::{self, Bench, Outcome, document, id, later, meta, new_session, now};

pub(crate) async fn every_write_is_noted_for_other_nodes(bench: &Bench) -> Outcome {
    let (store, changes) = (&bench.store, bench.store.changes());
    let mut cursor = changes.cursor(now()).await?;
    let ada = bench.user("ada").await?;
    let group = bench.group("editors", &[]).await?;
    let mut expected = vec![(Topic::User, ada.pk.to_string()), (Topic::Groups, group.to_string())];

    let user = (Topic::User, ada.pk.to_string());
    store.users().update(ada.pk, UserPatch::default(), now()).await?;
    store.users().set_password_hash(ada.pk, Some("h"), 0, now()).await?;
    store.groups().add_user(group, ada.pk, None, now()).await?;
    store.groups().remove_user(group, ada.pk, now()).await?;
    expected.extend([user.clone(), user.clone(), user.clone(), user.clone()]);
    let patch = GroupPatch { members: Some(vec![ada.pk]), ..GroupPatch::default() };
    store.groups().update(group, patch, now()).await?;
    expected.extend([user.clone(), (Topic::Groups, group.to_string())]);

    let session = bench.session("s", ada.pk).await?;
    let hash = session.id_hash.clone();
    // A new session is no news, nor is what somebody does who is not logged in.
    let anonymous = new_session("anonymous");
    store.sessions().create(&anonymous).await?;
    assert!(store.sessions().update_anonymous(&anonymous.id_hash, 0, &json!({}).into(), later(60)).await?);
    assert!(store.sessions().update_data(&hash, 0, &json!({}).into(), now()).await?);
    assert!(!store.sessions().update_data(&hash, 0, &json!({}).into(), now()).await?);
    expected.push((Topic::Session, hash.clone()));
    let (later_hash, next) = (hash_secret("t"), Session { id_hash: hash_secret("t"), ..session.clone() });
    store.sessions().log_in((&hash, 1), &next, &bench::score("192.0.2.7"), now()).await?.ok_or("stale")?;
    expected.extend([(Topic::Session, hash), (Topic::Session, later_hash.clone()), user.clone()]);
    let hash = later_hash;
    let derived = ProxySession {
        id_hash: hash_secret("p"),
        session: session.uuid,
        provider: id("app"),
        user_pk: ada.pk,
        created: now(),
        expires: later(60),
        data: json!({}).into(),
    };
    store.proxy_sessions().create(&derived, now()).await?;
    expected.push((Topic::ProxySession, derived.id_hash.clone()));
    let token = Token {
        pk: id("token"),
        identifier: "token".to_owned(),
        intent: TokenIntent::Api,
        user_pk: ada.pk,
        description: String::new(),
        expires: None,
        expiring: false,
        managed: None,
        created: now(),
    };
    store.tokens().create(token, "key", now()).await?;
    expected.push((Topic::Token, id("token").to_string()));
    let upserts = vec![document("app", "a", json!({}))];
    let change = ConfigChange { upserts, ..ConfigChange::default() };
    let revision = store.documents().apply(change, meta("a")).await?;
    expected.push((Topic::Config, revision.to_string()));
    // Everything that is the user's own goes with the user, and every node is told of each.
    store.users().delete(ada.pk, now()).await?;
    expected.extend([(Topic::Session, hash), (Topic::ProxySession, derived.id_hash)]);
    expected.extend([(Topic::Token, id("token").to_string()), user]);

    let polled = changes.poll(&mut cursor, later(1)).await?;
    let told: Vec<_> = polled.changes.into_iter().map(|c| (c.topic, c.key)).collect();
    assert_eq!(told, expected);
    assert!(changes.poll(&mut cursor, later(2)).await?.changes.is_empty());
    Ok(())
}

pub(crate) async fn a_cursor_that_slept_says_so(bench: &Bench) -> Outcome {
    let changes = bench.store.changes();
    let mut cursor = changes.cursor(now()).await?;
    bench.user("ada").await?;
    assert_eq!(changes.prune_but(0, now(), 100).await?, 0);
    // Somebody whose clock is ahead takes nothing from others.
    assert_eq!(changes.prune(later(3600), 100).await?, 0);
    assert_eq!(changes.prune_but(0, later(3600), 100).await?, 1);
    let polled = changes.poll(&mut cursor, later(3600)).await?;
    assert!(polled.lost && polled.changes.is_empty());
    bench.user("bob").await?;
    let polled = changes.poll(&mut cursor, later(3601)).await?;
    assert!(!polled.lost);
    assert_eq!(polled.changes.len(), 1);
    let late = changes.cursor(later(3602)).await?;
    assert!(changes.poll(&mut late.clone(), later(3603)).await?.changes.is_empty());
    Ok(())
}

pub(crate) async fn a_large_transaction_that_is_overtaken_is_read_whole(bench: &Bench) -> Outcome {
    const LINES: usize = 12_000;
    let url = &bench.settings.url;
    if url.starts_with("sqlite") {
        // It has one writer, whom nobody overtakes.
        return Ok(());
    }
    let changes = bench.store.changes();
    bench.user("ada").await?;
    let mut cursor = changes.cursor(now()).await?;
    let mut slow = PgConnection::connect(url).await?;
    let insert = format!(
        "BEGIN; INSERT INTO changes (topic, key, created)
            SELECT 'session', 'held-' || n, now() FROM generate_series(1, {LINES}) n"
    );
    slow.execute(sqlx::AssertSqlSafe(insert)).await?;
    bench.user("bob").await?;
    let overtook = changes.poll(&mut cursor, later(1)).await?;
    assert_eq!((overtook.changes.len(), overtook.lost), (1, false));
    slow.execute("COMMIT").await?;
    let (mut read, mut turns) = (std::collections::HashSet::new(), 0);
    loop {
        let polled = changes.poll(&mut cursor, later(2)).await?;
        assert!(!polled.lost);
        read.extend(polled.changes.into_iter().map(|change| change.key));
        turns += 1;
        if !polled.more {
            break;
        }
        assert!(turns < 20, "it comes to an end");
    }
    assert_eq!(read.len(), LINES);
    assert!(changes.poll(&mut cursor, later(3)).await?.changes.is_empty());
    Ok(())
}

pub(crate) async fn events_are_listed_and_dropped(bench: &Bench) -> Outcome {
    let events = bench.store.events();
    let event = |n: u32, action: &str, username: &str| Event {
        pk: uuid::Uuid::from_u128(n.into()),
        action: action.to_owned(),
        app: "lockgate.flows".to_owned(),
        user_pk: Some(n.into()),
        user: json!({"pk": n, "username": username, "email": ""}),
        context: json!({"http_request": {"path": format!("/{n}%")}}),
        client_ip: Some("2001:db8::1".to_owned()),
        brand: json!({}),
        created: later(n.into()),
        expires: later(1000 + i64::from(n)),
    };
    let all = [event(1, "login", "ada"), event(2, "login_failed", "bob"), event(3, "logout", "ada")];
    events.insert(&all).await?;
    events.insert(&[]).await?;
    assert_eq!(events.get(all[0].pk).await?.as_ref(), Some(&all[0]));
    let found = async |filter: EventFilter| -> Result<Vec<u128>, lockgate_store::StoreError> {
        let (found, total) = events.list(&filter).await?;
        assert_eq!(found.len() as u64, total);
        Ok(found.into_iter().map(|event| event.pk.as_u128()).collect())
    };
    let any = EventFilter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(any()).await?, [3, 2, 1]);
    assert_eq!(found(EventFilter { username: text("ada"), ..any() }).await?, [3, 1]);
    let actions = vec!["login".to_owned(), "login_failed".to_owned()];
    assert_eq!(found(EventFilter { actions, ..any() }).await?, [2, 1]);
    assert_eq!(found(EventFilter { search: text("/2%"), ..any() }).await?, [2]);
    assert_eq!(found(EventFilter { search: text("/2_"), ..any() }).await?, []);
    assert_eq!(found(EventFilter { user_pk: Some(3), ..any() }).await?, [3]);
    let oldest = vec![("created".to_owned(), false)];
    assert_eq!(found(EventFilter { ordering: oldest, ..any() }).await?, [1, 2, 3]);
    assert_eq!(events.delete_expired(later(1002), 100).await?, 2);
    assert_eq!(found(any()).await?, [3]);
    Ok(())
}

fn about(n: u32, context: serde_json::Value) -> Event {
    Event {
        pk: uuid::Uuid::from_u128(n.into()),
        action: "model_updated".to_owned(),
        app: "lockgate.api".to_owned(),
        user_pk: Some(i64::from(n % 2)),
        user: json!({"pk": n % 2, "username": "ada", "email": ""}),
        context,
        client_ip: None,
        brand: json!({"name": "acme"}),
        created: later(i64::from(n) * 60),
        expires: later(100_000),
    }
}

pub(crate) async fn events_are_found_by_what_they_are_about(bench: &Bench) -> Outcome {
    let events = bench.store.events();
    let model = json!({"model": {"pk": 7, "app": "authentik_core", "name": "x", "model_name": "user"}});
    let all = [about(1, model), about(2, json!({"device": {"pk": "d"}})), about(3, json!({"message": "none"}))];
    events.insert(&all).await?;
    let found = async |filter: EventFilter| -> Result<Vec<u128>, lockgate_store::StoreError> {
        Ok(events.list(&filter).await?.0.into_iter().map(|event| event.pk.as_u128()).collect())
    };
    let (any, text) = (EventFilter::default, |text: &str| Some(text.to_owned()));
    assert_eq!(found(EventFilter { model_pk: text("7"), ..any() }).await?, [1]);
    let of_users = EventFilter { model_app: text("authentik_core"), model_name: text("user"), ..any() };
    assert_eq!(found(of_users).await?, [1]);
    assert_eq!(found(EventFilter { device: text("d"), ..any() }).await?, [2]);
    assert_eq!(found(EventFilter { brand_name: text("acme"), ..any() }).await?, [3, 2, 1]);
    assert_eq!(found(EventFilter { brand_name: text("Acme"), ..any() }).await?, []);
    assert_eq!(found(EventFilter { action_part: text("L_UP"), ..any() }).await?, [3, 2, 1]);
    assert_eq!(found(EventFilter { action_part: text("created"), ..any() }).await?, []);
    let second = lockgate_store::Page { number: 2, size: 2 };
    assert_eq!(found(EventFilter { page: second, ..any() }).await?, [1]);

    let changed = Event { context: json!({"model": {"pk": "8"}}), ..all[0].clone() };
    assert!(events.update(&changed).await?);
    assert_eq!(found(EventFilter { model_pk: text("8"), ..any() }).await?, [1]);
    assert_eq!(found(EventFilter { model_pk: text("7"), ..any() }).await?, []);
    assert_eq!(events.get_many(&[all[0].pk, all[2].pk]).await?.len(), 2);
    assert!(events.delete(all[2].pk).await? && !events.delete(all[2].pk).await?);
    assert!(!events.update(&all[2]).await?);
    Ok(())
}

pub(crate) async fn events_are_counted(bench: &Bench) -> Outcome {
    let events = bench.store.events();
    let opened = |n: u32, app: &str| about(n, json!({"authorized_application": {"pk": app}}));
    let mut all: Vec<Event> = (1..=130).map(|n| opened(n, if n % 3 == 0 { "wiki" } else { "mail" })).collect();
    all.push(about(131, json!({})));
    events.insert(&all).await?;
    let any = EventFilter::default();
    let top = events.top_applications(&any, 1).await?;
    assert_eq!(top.len(), 1);
    assert_eq!((top[0].application.as_str(), top[0].events, top[0].users), ("mail", 87, 2));
    assert_eq!((events.count(&any).await?, events.unique_users(&any).await?), (131, 2));

    let volume = events.volume(&any).await?;
    assert_eq!(volume.iter().map(|hour| hour.count).sum::<u64>(), 131);
    assert!(volume.len() >= 3 && volume.iter().all(|hour| hour.hour.timestamp() % 3_600 == 0 && hour.count <= 60));
    assert!(volume.windows(2).all(|two| two[0].hour < two[1].hour));

    let (mut place, mut read) = (None, Vec::new());
    loop {
        let some = events.behind(&any, place, 50).await?;
        let Some(last) = some.last() else { break };
        place = Some(lockgate_store::EventPlace { created: last.created, pk: last.pk });
        read.extend(some.iter().map(|event| event.pk.as_u128()));
    }
    assert_eq!(read, (1..=131).rev().collect::<Vec<_>>());
    Ok(())
}

pub(crate) async fn decisions_are_listed_and_dropped(bench: &Bench) -> Outcome {
    let decisions = bench.store.decisions();
    let decision = |n: u32, username: &str, allow: bool| DecisionRecord {
        id: uuid::Uuid::from_u128(n.into()),
        created: later(n.into()),
        user_pk: Some(7),
        username: username.to_owned(),
        action: "access".to_owned(),
        resource: "app wiki".to_owned(),
        app: "wiki".to_owned(),
        allow,
        client_ip: Some("2001:db8::1".to_owned()),
        record: json!({"facts": {"path": format!("/{n}")}}),
    };
    let all: Vec<_> = (1..=5).map(|n| decision(n, if n == 2 { "bob" } else { "ada" }, n != 3)).collect();
    decisions.insert(&all).await?;
    decisions.insert(&[]).await?;
    assert_eq!(decisions.get(all[0].id).await?.as_ref(), Some(&all[0]));
    let found = async |filter: DecisionFilter| -> Result<Vec<u128>, lockgate_store::StoreError> {
        let (found, total) = decisions.list(&filter).await?;
        assert_eq!(found.len() as u64, total);
        Ok(found.into_iter().map(|decision| decision.id.as_u128()).collect())
    };
    let any = DecisionFilter::default;
    assert_eq!(found(any()).await?, [5, 4, 3, 2, 1]);
    assert_eq!(found(DecisionFilter { allow: Some(false), ..any() }).await?, [3]);
    assert_eq!(found(DecisionFilter { username: Some("bob".to_owned()), ..any() }).await?, [2]);
    assert_eq!(found(DecisionFilter { app: Some("grafana".to_owned()), ..any() }).await?, []);
    assert_eq!(
        found(DecisionFilter { ordering: vec![("created".to_owned(), false)], ..any() }).await?,
        [1, 2, 3, 4, 5]
    );
    let ids = |list: Vec<DecisionRecord>| list.iter().map(|d| d.id.as_u128()).collect::<Vec<_>>();
    assert_eq!(ids(decisions.since(later(2), None, 2).await?), [2, 3]);
    assert_eq!(ids(decisions.since(later(2), Some(all[2].id), 2).await?), [4, 5]);
    assert_eq!(decisions.delete_before(later(2), 100).await?, 1);
    assert_eq!(decisions.delete_beyond(4, 100).await?, 0);
    assert_eq!(decisions.delete_beyond(2, 1).await?, 1);
    assert_eq!(found(any()).await?.len(), 3);
    assert_eq!(decisions.delete_beyond(2, 100).await?, 1);
    assert_eq!(found(any()).await?, [5, 4]);
    Ok(())
}

pub(crate) async fn installation_facts_are_settled_once(bench: &Bench) -> Outcome {
    let propose = |value: &'static str| {
        let store = bench.store.clone();
        tokio::spawn(async move { store.installation().get_or_insert("id", value).await })
    };
    let (one, two) = (propose("one"), propose("two"));
    let (one, two) = (one.await??, two.await??);
    assert_eq!(one, two);
    let installation = bench.store.installation();
    assert_eq!(installation.get("id").await?, Some(one));
    installation.set("id", "three").await?;
    assert_eq!(installation.get_or_insert("id", "four").await?, "three");
    assert_eq!(installation.get("nothing").await?, None);
    bench.store.sessions().create(&new_session("x")).await?;
    Ok(())
}
