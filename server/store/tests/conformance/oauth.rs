//! Codes, tokens and their families, device codes, pushed requests, published keys, sign-ins.

use lockgate_store::{
    AuthorizationCode, ConfigChange, DeviceState, GrantFilter, Issue, Issued, Login, NewCode, NewConsent,
    NewDeviceCode, NewOAuthToken, Polling, ProxySession, PublishedKey, PushedRequest, Redemption, Session, StoreError,
    TokenKind, Topic, hash_secret,
};
use serde_json::json;

use crate::bench::{Bench, Outcome, document, id, later, meta, now};

fn new_code(name: &str, session: &Session) -> NewCode {
    NewCode {
        code_hash: hash_secret(name),
        session: session.uuid,
        provider: id("grafana"),
        user_pk: session.user_pk.unwrap_or_default(),
        grant: id(&format!("grant of {name}")),
        scope: "openid email".to_owned(),
        data: json!({"redirect_uri": "https://grafana.example.com/"}),
        created: now(),
        expires: later(60),
    }
}

fn token(name: &str, kind: TokenKind, grant: &str, session: &Session) -> NewOAuthToken {
    NewOAuthToken {
        token_hash: hash_secret(name),
        kind,
        grant: id(grant),
        provider: id("grafana"),
        user_pk: session.user_pk.unwrap_or_default(),
        session: (kind == TokenKind::Access).then_some(session.uuid),
        scope: "openid".to_owned(),
        data: json!({"sub": "ada"}),
        created: now(),
        expires: later(3600),
    }
}

async fn in_force(bench: &Bench, name: &str) -> Result<bool, StoreError> {
    Ok(bench.store.oauth_tokens().find(&hash_secret(name)).await?.is_some_and(|token| !token.revoked))
}

pub(crate) async fn a_code_is_redeemed_exactly_once(bench: &Bench) -> Outcome {
    let codes = bench.store.codes();
    let ada = bench.user("ada").await?;
    let session = bench.session("cookie", ada.pk).await?;
    for round in 0..10 {
        let new = new_code(&format!("code {round}"), &session);
        codes.create(&new).await?;
        let attempt = || {
            let (store, hash) = (bench.store.clone(), new.code_hash.clone());
            tokio::spawn(async move { store.codes().redeem(&hash, now()).await })
        };
        let attempts = [attempt(), attempt(), attempt()];
        let mut outcomes = Vec::new();
        for attempt in attempts {
            outcomes.push(attempt.await??);
        }
        let of = |code: &AuthorizationCode| code.grant == new.grant && code.used;
        let first = outcomes.iter().filter(|o| matches!(o, Redemption::Redeemed(code) if of(code))).count();
        let replays = outcomes.iter().filter(|o| matches!(o, Redemption::Replayed(code) if of(code))).count();
        assert_eq!((first, replays), (1, 2), "{outcomes:?}");
        assert!(matches!(codes.redeem(&new.code_hash, later(70)).await?, Redemption::Replayed(_)));
    }
    let late = new_code("late", &session);
    codes.create(&late).await?;
    assert_eq!(codes.redeem(&late.code_hash, later(60)).await?, Redemption::Unknown);
    assert_eq!(codes.redeem("unknown", now()).await?, Redemption::Unknown);
    let filter =
        GrantFilter { user_pk: Some(ada.pk), ordering: vec![("expires".to_owned(), true)], ..GrantFilter::default() };
    let (listed, total) = codes.list(&filter).await?;
    assert_eq!((listed.len(), total), (11, 11));
    assert!(codes.delete(listed[0].pk).await?);
    assert_eq!(codes.delete_expired(later(61), 100).await?, 10);
    Ok(())
}

pub(crate) async fn a_replayed_code_takes_back_what_it_gave(bench: &Bench) -> Outcome {
    let ada = bench.user("ada").await?;
    let session = bench.session("cookie", ada.pk).await?;
    for round in 0..10 {
        let name = format!("code {round}");
        let new = new_code(&name, &session);
        bench.store.codes().create(&new).await?;
        let attempt = |at: usize| {
            let mut access = token(&format!("{name} access {at}"), TokenKind::Access, "x", &session);
            access.grant = new.grant;
            let issue = Issue::Code { code_hash: new.code_hash.clone(), tokens: vec![access] };
            let store = bench.store.clone();
            tokio::spawn(async move { store.oauth_tokens().issue(&[issue], now()).await })
        };
        let mut answers = Vec::new();
        for attempt in [attempt(0), attempt(1), attempt(2)] {
            answers.extend(attempt.await??);
        }
        assert_eq!(answers.iter().filter(|a| **a == Issued::Stored).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|a| **a == Issued::Replayed).count(), 2, "{answers:?}");
        for at in 0..3 {
            assert!(!in_force(bench, &format!("{name} access {at}")).await?);
        }
    }
    let unknown = Issue::Code { code_hash: hash_secret("nothing"), tokens: Vec::new() };
    assert_eq!(bench.store.oauth_tokens().issue(&[unknown], now()).await?, [Issued::Unknown]);
    Ok(())
}

pub(crate) async fn of_a_family_that_is_used_twice_nothing_lives(bench: &Bench) -> Outcome {
    let ada = bench.user("ada").await?;
    let session = bench.session("cookie", ada.pk).await?;
    let tokens = bench.store.oauth_tokens();
    let refresh = |name: &str| token(name, TokenKind::Refresh, "family", &session);
    let replace = |old: &str, new: &str| Issue::Refresh {
        token_hash: hash_secret(old),
        replace: true,
        tokens: vec![refresh(new), token(&format!("access of {new}"), TokenKind::Access, "family", &session)],
    };
    tokens.issue(&[Issue::Plain(vec![refresh("r0")])], now()).await?;
    // Several requests share a transaction, and each is answered for itself.
    let answers = tokens.issue(&[replace("r0", "r1"), replace("r1", "r2"), replace("none", "x")], now()).await?;
    assert_eq!(answers, [Issued::Stored, Issued::Stored, Issued::Unknown]);
    assert!(in_force(bench, "r2").await? && in_force(bench, "access of r1").await?);
    assert_eq!(tokens.issue(&[replace("r1", "stolen")], now()).await?, [Issued::Replayed]);
    for name in ["r2", "access of r1", "access of r2"] {
        assert!(!in_force(bench, name).await?, "{name}");
    }
    assert!(tokens.find(&hash_secret("stolen")).await?.is_none());
    assert_eq!(tokens.issue(&[replace("r2", "again")], now()).await?, [Issued::Replayed]);
    // One that is not replaced may be used again, an expired one may not.
    tokens.issue(&[Issue::Plain(vec![token("long", TokenKind::Refresh, "other", &session)])], now()).await?;
    let stay = Issue::Refresh { token_hash: hash_secret("long"), replace: false, tokens: Vec::new() };
    assert_eq!(tokens.issue(&[stay.clone(), stay.clone()], now()).await?, [Issued::Stored, Issued::Stored]);
    assert_eq!(tokens.issue(&[stay], later(3600)).await?, [Issued::Unknown]);
    // An access token is no refresh token.
    tokens.issue(&[Issue::Plain(vec![token("a", TokenKind::Access, "third", &session)])], now()).await?;
    assert_eq!(tokens.issue(&[replace("a", "b")], now()).await?, [Issued::Unknown]);
    Ok(())
}

pub(crate) async fn tokens_end_with_session_user_and_revocation(bench: &Bench) -> Outcome {
    let ada = bench.user("ada").await?;
    let session = bench.session("cookie", ada.pk).await?;
    let tokens = bench.store.oauth_tokens();
    let new = vec![
        token("bound", TokenKind::Access, "g", &session),
        token("offline", TokenKind::Refresh, "g", &session),
        token("third", TokenKind::Refresh, "h", &session),
    ];
    tokens.issue(&[Issue::Plain(new)], now()).await?;
    let stored = bench.raw("SELECT token_hash FROM oauth_tokens").await?.concat();
    assert!(!stored.contains("bound"));
    let (listed, total) = tokens.list(TokenKind::Refresh, &GrantFilter::default()).await?;
    assert_eq!((listed.len(), total), (2, 2));
    assert_eq!(tokens.get(listed[0].pk).await?.as_ref(), Some(&listed[0]));
    bench.store.sessions().delete_by_uuid(session.uuid, now()).await?;
    assert!(!in_force(bench, "bound").await?);
    assert!(in_force(bench, "offline").await?);
    let late = Issue::Plain(vec![token("late", TokenKind::Access, "g", &session)]);
    assert!(matches!(tokens.issue(&[late], now()).await, Err(StoreError::Dangling)));
    assert!(tokens.revoke(&hash_secret("offline"), now()).await?);
    assert!(!tokens.revoke(&hash_secret("offline"), now()).await?);
    assert_eq!(tokens.revoke_for_user(ada.pk, id("grafana"), now()).await?, 1);
    assert!(tokens.delete(listed[0].pk, now()).await?);
    assert_eq!(tokens.delete_expired(later(3601), 10).await?, 1);
    Ok(())
}

pub(crate) async fn a_device_code_is_approved_and_redeemed_once(bench: &Bench) -> Outcome {
    let ada = bench.user("ada").await?;
    let session = bench.session("cookie", ada.pk).await?;
    let (devices, tokens) = (bench.store.device_codes(), bench.store.oauth_tokens());
    let new = |name: &str| NewDeviceCode {
        device_hash: hash_secret(name),
        user_code_hash: hash_secret(&format!("user code of {name}")),
        provider: id("tv"),
        scope: "openid".to_owned(),
        data: json!({"n": 1}),
        poll_seconds: 5,
        expires: later(600),
    };
    devices.create(&new("tv")).await?;
    assert!(matches!(devices.create(&new("tv")).await, Err(StoreError::Unique { .. })));
    let hash = hash_secret("tv");
    assert!(matches!(devices.poll(&hash, now()).await?, Polling::Found(code) if code.state == DeviceState::Pending));
    assert_eq!(devices.poll(&hash, later(4)).await?, Polling::SlowDown);
    // It waits ten seconds from now on.
    assert_eq!(devices.poll(&hash, later(10)).await?, Polling::SlowDown);
    assert!(matches!(devices.poll(&hash, later(30)).await?, Polling::Found(_)));
    let typed = devices.by_user_code(&hash_secret("user code of tv"), now()).await?.ok_or("a code")?;
    assert_eq!((typed.scope.as_str(), &typed.data), ("openid", &json!({"n": 1})));
    let early = Issue::Device { device_hash: hash.clone(), tokens: Vec::new() };
    assert_eq!(tokens.issue(&[early], now()).await?, [Issued::Unknown]);
    assert!(devices.decide(&hash, true, ada.pk, session.uuid, &json!({"n": 2}), now()).await?);
    assert!(!devices.decide(&hash, false, ada.pk, session.uuid, &json!({}), now()).await?);
    assert!(devices.by_user_code(&hash_secret("user code of tv"), now()).await?.is_none());
    let attempt = |at: usize| {
        let access = token(&format!("tv {at}"), TokenKind::Access, "tv", &session);
        let issue = Issue::Device { device_hash: hash.clone(), tokens: vec![access] };
        let store = bench.store.clone();
        tokio::spawn(async move { store.oauth_tokens().issue(&[issue], later(60)).await })
    };
    let mut answers = Vec::new();
    for attempt in [attempt(0), attempt(1)] {
        answers.extend(attempt.await??);
    }
    answers.sort_by_key(|answer| *answer != Issued::Stored);
    assert_eq!(answers, [Issued::Stored, Issued::Unknown]);
    assert_eq!(devices.poll(&hash, later(90)).await?, Polling::Unknown);
    devices.create(&new("approved")).await?;
    let approved = hash_secret("approved");
    let elsewhere = devices.decide(&approved, true, ada.pk, id("no session"), &json!({}), now()).await;
    assert!(matches!(elsewhere, Err(StoreError::Dangling)), "{elsewhere:?}");
    assert!(devices.decide(&approved, true, ada.pk, session.uuid, &json!({}), now()).await?);
    assert_eq!(devices.delete_for_session(session.uuid, Some(id("another provider"))).await?, 0);
    bench.store.sessions().delete(&session.id_hash, now()).await?;
    assert_eq!(devices.poll(&approved, later(90)).await?, Polling::Unknown, "it ends with the session");
    devices.create(&new("late")).await?;
    assert_eq!(devices.poll(&hash_secret("late"), later(600)).await?, Polling::Expired);
    assert_eq!(devices.delete_expired(later(601), 100).await?, 1);
    Ok(())
}

pub(crate) async fn what_counts_once_counts_once(bench: &Bench) -> Outcome {
    let once = bench.store.once();
    let attempt = || {
        let store = bench.store.clone();
        tokio::spawn(async move { store.once().first_use("client", "jti", later(60)).await })
    };
    let mut firsts = 0;
    for attempt in [attempt(), attempt(), attempt()] {
        firsts += usize::from(attempt.await??);
    }
    assert_eq!(firsts, 1);
    assert!(once.first_use("other client", "jti", later(60)).await?);
    let request = PushedRequest {
        request_hash: hash_secret("urn:x"),
        provider: id("grafana"),
        parameters: json!({"scope": "openid"}),
        expires: later(60),
    };
    once.push(&request).await?;
    assert_eq!(once.pushed(&request.request_hash, now()).await?.as_ref(), Some(&request));
    assert_eq!(once.pushed(&request.request_hash, later(60)).await?, None);
    assert!(once.take_pushed(&request.request_hash).await?);
    assert!(!once.take_pushed(&request.request_hash).await?);
    assert_eq!(once.delete_expired(later(61), 100).await?, 2);
    Ok(())
}

pub(crate) async fn a_key_stays_published_until_the_later_time(bench: &Bench) -> Outcome {
    let keys = bench.store.published_keys();
    let key = |seconds: i64| PublishedKey {
        provider: id("grafana"),
        kid: "k".to_owned(),
        jwk: json!({"kid": "k"}),
        until: later(seconds),
    };
    keys.publish(&key(60)).await?;
    keys.publish(&key(30)).await?;
    assert_eq!(keys.of(id("grafana"), later(59)).await?, [key(60)]);
    keys.publish(&key(90)).await?;
    assert_eq!(keys.of(id("grafana"), later(61)).await?, [key(90)]);
    assert!(keys.of(id("other"), now()).await?.is_empty());
    assert_eq!(keys.delete_expired(later(90)).await?, 1);
    Ok(())
}

pub(crate) async fn the_end_of_a_login_is_noticed_whatever_ended_it(bench: &Bench) -> Outcome {
    let ada = bench.user("ada").await?;
    let bob = bench.user("bob").await?;
    let session = bench.session("cookie", ada.pk).await?;
    let logins = bench.store.logins();
    let login = |provider: &str, user_pk: i64| Login {
        session: session.uuid,
        provider: id(provider),
        user_pk,
        data: json!({"sid": "s"}),
        created: now(),
    };
    logins.note(&login("grafana", ada.pk)).await?;
    logins.note(&login("grafana", ada.pk)).await?;
    logins.note(&login("wiki", bob.pk)).await?;
    assert_eq!(logins.of_session(session.uuid).await?.len(), 2);
    // The session is not bob's any more.
    assert_eq!(logins.ended(now(), 10).await?, [login("wiki", bob.pk)]);
    // It can end at one provider alone.
    let gone = id("a session that never was");
    assert_eq!(logins.detach(session.uuid, Some(id("grafana")), gone).await?, 1);
    let left = Login { session: gone, ..login("grafana", ada.pk) };
    assert!(logins.ended(now(), 10).await?.contains(&left));
    logins.note(&login("grafana", ada.pk)).await?;
    assert_eq!(logins.ended(now(), 10).await?.len(), 2);
    bench.store.sessions().delete_by_uuid(session.uuid, now()).await?;
    assert_eq!(logins.ended(now(), 10).await?.len(), 3);
    assert!(logins.remove(session.uuid, id("wiki")).await?);
    assert!(!logins.remove(session.uuid, id("wiki")).await?);
    // Who puts it off has it; it comes up again when its time has come.
    let later = later(60);
    assert!(logins.put_off(&left, later, &json!({"sid": "s", "attempts": 1})).await?);
    assert!(!logins.put_off(&left, later, &json!({})).await?);
    assert_eq!(logins.ended(now(), 10).await?, [login("grafana", ada.pk)]);
    let again = logins.ended(later, 10).await?;
    assert_eq!((again.len(), &again[1].data["attempts"]), (2, &json!(1)));
    assert_eq!(logins.detach(session.uuid, None, id("another")).await?, 1);
    Ok(())
}

/// Everything that a provider gives, under names made from its own, and a consent to the application.
async fn give(bench: &Bench, provider: uuid::Uuid, application: uuid::Uuid, session: &Session) -> Outcome {
    let store = &bench.store;
    let name = |what: &str| hash_secret(&format!("{what} of {provider}"));
    let user_pk = session.user_pk.unwrap_or_default();
    let code = NewCode { code_hash: name("code"), provider, ..new_code("code", session) };
    store.codes().create(&code).await?;
    let tokens = [TokenKind::Access, TokenKind::Refresh].map(|kind| NewOAuthToken {
        token_hash: name(kind.as_str()),
        provider,
        ..token("token", kind, "family", session)
    });
    store.oauth_tokens().issue(&[Issue::Plain(tokens.to_vec())], now()).await?;
    let device = NewDeviceCode {
        device_hash: name("device"),
        user_code_hash: name("user code"),
        provider,
        scope: "openid".to_owned(),
        data: json!({}),
        poll_seconds: 5,
        expires: later(600),
    };
    store.device_codes().create(&device).await?;
    let request = PushedRequest { request_hash: name("request"), provider, parameters: json!({}), expires: later(60) };
    store.once().push(&request).await?;
    let login = Login { session: session.uuid, provider, user_pk, data: json!({}), created: now() };
    store.logins().note(&login).await?;
    let behind_a_proxy = ProxySession {
        id_hash: name("proxy"),
        session: session.uuid,
        provider,
        user_pk,
        created: now(),
        expires: later(600),
        data: json!({}).into(),
    };
    store.proxy_sessions().create(&behind_a_proxy, now()).await?;
    let consent = NewConsent { user_pk, application, permissions: "openid".to_owned(), expires: None };
    Ok(store.consents().grant(&consent).await?)
}

/// How many rows there are of each thing that [`give`] gives.
async fn given(bench: &Bench) -> Result<Vec<usize>, Box<dyn std::error::Error>> {
    let mut counts = Vec::new();
    for column in [
        "code_hash FROM oauth_codes",
        "token_hash FROM oauth_tokens",
        "device_hash FROM oauth_device_codes",
        "request_hash FROM oauth_pushed_requests",
        "data FROM oauth_logins",
        "id_hash FROM proxy_sessions",
        "permissions FROM consents",
    ] {
        counts.push(bench.raw(&format!("SELECT {column}")).await?.len());
    }
    Ok(counts)
}

pub(crate) async fn what_a_provider_gave_goes_with_it(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let ada = bench.user("ada").await?;
    let session = bench.session("cookie", ada.pk).await?;
    let provider = document("oauth2_provider", "grafana", json!({}));
    let application = document("application", "grafana", json!({}));
    let (other_provider, other) = (id("oauth2_provider wiki"), id("application wiki"));
    let both = vec![provider.clone(), application.clone()];
    let there = ConfigChange { upserts: both.clone(), ..ConfigChange::default() };
    let gone = ConfigChange { deletes: both.iter().map(|d| d.id).collect(), ..ConfigChange::default() };
    documents.apply(there.clone(), meta("made")).await?;
    give(bench, provider.id, application.id, &session).await?;
    give(bench, other_provider, other, &session).await?;
    let all = [2, 4, 2, 2, 2, 2, 2];
    assert_eq!(given(bench).await?, all);
    documents.apply(there.clone(), meta("changed")).await?;
    assert_eq!(given(bench).await?, all, "a change takes nothing");

    let mut cursor = bench.store.changes().cursor(now()).await?;
    documents.apply(gone, meta("deleted")).await?;
    assert_eq!(given(bench).await?, [1, 2, 1, 1, 1, 1, 1], "what others gave stays");
    let told = bench.store.changes().poll(&mut cursor, now()).await?.changes;
    let of = |topic: Topic| told.iter().filter(|change| change.topic == topic).count();
    assert_eq!((of(Topic::OAuthToken), of(Topic::ProxySession)), (2, 1), "{told:?}");

    // A node that did not know yet gave something out; the same object comes back.
    give(bench, provider.id, application.id, &session).await?;
    documents.apply(there, meta("made again")).await?;
    assert_eq!(given(bench).await?, [1, 2, 1, 1, 1, 1, 1]);

    // Other objects own nothing.
    let policy = document("expression_policy", "hours", json!({}));
    documents.apply(ConfigChange { upserts: vec![policy.clone()], ..ConfigChange::default() }, meta("policy")).await?;
    documents.apply(ConfigChange { deletes: vec![policy.id], ..ConfigChange::default() }, meta("policy")).await?;
    assert_eq!(given(bench).await?, [1, 2, 1, 1, 1, 1, 1]);
    Ok(())
}
