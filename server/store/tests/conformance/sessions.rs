//! Sessions, derived sessions, codes.

use lockgate_store::{ProxySession, Session, SessionFilter, StoreError, hash_secret};
use serde_json::json;

use crate::bench::{Bench, Outcome, id, later, new_session, now, score};

fn derived(secret: &str, from: &Session, provider: &str) -> ProxySession {
    ProxySession {
        id_hash: hash_secret(secret),
        session: from.uuid,
        provider: id(provider),
        user_pk: from.user_pk.unwrap_or_default(),
        created: now(),
        expires: later(600),
        data: json!({"claims": {"sub": "x"}}).into(),
    }
}

pub(crate) async fn of_two_tabs_one_wins(bench: &Bench) -> Outcome {
    let session = new_session("cookie");
    bench.store.sessions().create(&session).await?;
    for rev in 0..20 {
        let step = |tab: &str| {
            let (store, hash, data) =
                (bench.store.clone(), session.id_hash.clone(), json!({"tab": tab, "rev": rev}).into());
            tokio::spawn(async move { store.sessions().update_data(&hash, rev, &data, now()).await })
        };
        let (one, two) = (step("one"), step("two"));
        let (one, two) = (one.await??, two.await??);
        assert!(one != two, "exactly one of both wins at {rev}");
        let stored = bench.store.sessions().load(&session.id_hash, now()).await?.ok_or("gone")?;
        assert_eq!(stored.rev, rev + 1);
        assert_eq!(stored.data.value()["tab"], if one { "one" } else { "two" });
    }
    assert!(!bench.store.sessions().update_data("nobody", 0, &json!({}).into(), now()).await?);
    Ok(())
}

pub(crate) async fn a_login_rotates_the_identifier(bench: &Bench) -> Outcome {
    let (sessions, ada) = (bench.store.sessions(), bench.user("ada").await?);
    let before = new_session("before");
    sessions.create(&before).await?;
    let after = Session {
        id_hash: hash_secret("after"),
        user_pk: Some(ada.pk),
        expires: later(9000),
        login_event: Some(json!({"pk": "e"}).into()),
        ..before.clone()
    };
    assert!(!sessions.replace(&before.id_hash, 5, &after, now()).await?, "stale");
    assert!(sessions.replace(&before.id_hash, 0, &after, now()).await?);
    assert_eq!(sessions.load(&before.id_hash, now()).await?, None);
    let stored = sessions.load(&after.id_hash, now()).await?;
    assert_eq!(stored.as_ref(), Some(&Session { rev: 1, ..after }));
    assert_eq!(sessions.by_uuid(before.uuid, now()).await?, stored);
    sessions.touch(&[hash_secret("after"), "unknown".to_owned()], later(60)).await?;
    let touched = sessions.load(&hash_secret("after"), now()).await?.ok_or("gone")?;
    assert_eq!((touched.last_used, touched.rev), (later(60), 1));
    Ok(())
}

pub(crate) async fn a_login_leaves_its_traces_or_nothing(bench: &Bench) -> Outcome {
    let (store, ada) = (&bench.store, bench.user("ada").await?);
    let before = new_session("before");
    store.sessions().create(&before).await?;
    let after = Session { id_hash: hash_secret("after"), user_pk: Some(ada.pk), ..before.clone() };
    let score = score("192.0.2.7");
    let log_in = async |rev| store.sessions().log_in((&before.id_hash, rev), &after, &score, later(3)).await;
    let traces = async || -> Result<_, StoreError> {
        let sums = store.reputation().sums(Some("192.0.2.7"), Some("ada"), later(3)).await?;
        Ok((store.users().get(ada.pk).await?.and_then(|user| user.last_login), sums.both))
    };
    assert_eq!(log_in(5).await?, None, "stale");
    assert_eq!(traces().await?, (None, 0));
    let (user, change) = log_in(0).await?.ok_or("stale")?;
    assert_eq!(change, store.changes().cursor(now()).await?.newest());
    assert_eq!(traces().await?, (Some(later(3)), 1));
    assert_eq!(store.users().get(ada.pk).await?, Some(user));
    assert_eq!(store.sessions().load(&after.id_hash, now()).await?, Some(Session { rev: 1, ..after.clone() }));
    assert_eq!(log_in(0).await?, None, "the session is gone");
    assert!(
        !store.sessions().update_anonymous(&after.id_hash, 1, &json!({}).into(), later(60)).await?,
        "somebody is logged in"
    );
    let nobody = Session { user_pk: Some(999), id_hash: hash_secret("nobody"), ..after.clone() };
    let dangling = store.sessions().log_in((&after.id_hash, 1), &nobody, &score, now()).await;
    assert!(matches!(dangling, Err(StoreError::Dangling)), "{dangling:?}");
    Ok(())
}

pub(crate) async fn ending_a_session_ends_what_derives_from_it(bench: &Bench) -> Outcome {
    let (sessions, derivations) = (bench.store.sessions(), bench.store.proxy_sessions());
    let ada = bench.user("ada").await?;
    let (one, two) = (bench.session("one", ada.pk).await?, bench.session("two", ada.pk).await?);
    for (secret, from) in [("p1", &one), ("p2", &one), ("p3", &two)] {
        derivations.create(&derived(secret, from, "grafana"), now()).await?;
    }
    derivations.create(&derived("p4", &two, "movies"), now()).await?;
    let found = derivations.load(&hash_secret("p1"), now()).await?;
    assert_eq!(found, Some((derived("p1", &one, "grafana"), one.id_hash.clone())));
    assert_eq!(derivations.load(&hash_secret("p1"), later(700)).await?, None);
    assert_eq!(derivations.of_session(one.uuid).await?.len(), 2);

    let mut cursor = bench.store.changes().cursor(now()).await?;
    assert!(sessions.delete(&one.id_hash, now()).await?);
    let told = bench.store.changes().poll(&mut cursor, now()).await?.changes;
    assert_eq!(told.len(), 3, "the session and both that derive from it: {told:?}");
    assert_eq!(derivations.load(&hash_secret("p1"), now()).await?, None);
    let orphan = derivations.create(&derived("p5", &one, "grafana"), now()).await;
    assert!(matches!(orphan, Err(StoreError::Dangling)), "{orphan:?}");

    assert_eq!(derivations.delete_for_user(ada.pk, id("grafana"), now()).await?, 1);
    assert!(derivations.load(&hash_secret("p4"), now()).await?.is_some());
    assert_eq!(derivations.delete_for_session(two.uuid, now()).await?, 1);
    bench.session("three", ada.pk).await?;
    assert_eq!(sessions.delete_for_users(&[ada.pk], Some(&two.id_hash), now()).await?, 1);
    assert!(sessions.load(&two.id_hash, now()).await?.is_some());
    assert!(sessions.delete_by_uuid(two.uuid, now()).await?);
    Ok(())
}

pub(crate) async fn ended_sessions_are_not_found_and_swept(bench: &Bench) -> Outcome {
    let (sessions, ada) = (bench.store.sessions(), bench.user("ada").await?);
    let session = bench.session("cookie", ada.pk).await?;
    bench.store.proxy_sessions().create(&derived("p", &session, "app"), now()).await?;
    assert_eq!(sessions.count(now()).await?, 1);
    assert_eq!(sessions.load(&session.id_hash, session.expires).await?, None);
    assert_eq!(sessions.delete_expired(now(), 100).await?, 0);
    assert_eq!(bench.store.proxy_sessions().delete_expired(later(600), 100).await?, 1);
    assert_eq!(sessions.delete_expired(session.expires, 100).await?, 1);
    assert_eq!(sessions.by_uuid(session.uuid, now()).await?, None);
    Ok(())
}

pub(crate) async fn lists_show_open_sessions_of_users(bench: &Bench) -> Outcome {
    let sessions = bench.store.sessions();
    let (ada, bob) = (bench.user("ada").await?, bench.user("bob").await?);
    bench.session("a", ada.pk).await?;
    bench.session("b", bob.pk).await?;
    sessions.create(&new_session("anonymous")).await?;
    let total = async |filter: SessionFilter, at| -> Result<u64, StoreError> {
        let (found, total) = sessions.list(&filter, at).await?;
        assert_eq!(found.len() as u64, total);
        Ok(total)
    };
    let any = SessionFilter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(total(any(), now()).await?, 2);
    assert_eq!(total(any(), later(4000)).await?, 0);
    assert_eq!(total(SessionFilter { username: text("bob"), ..any() }, now()).await?, 1);
    assert_eq!(total(SessionFilter { search: text("ADA"), ..any() }, now()).await?, 1);
    assert_eq!(total(SessionFilter { user_pk: Some(ada.pk), ..any() }, now()).await?, 1);
    assert_eq!(total(SessionFilter { last_ip: text("192.0.2.7"), ..any() }, now()).await?, 2);
    assert_eq!(total(SessionFilter { user_agent: text("100% t"), ..any() }, now()).await?, 2);
    assert_eq!(total(SessionFilter { user_agent: text("100_"), ..any() }, now()).await?, 0);
    Ok(())
}
