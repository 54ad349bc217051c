//! A secret in each place where secrets are kept.

use std::collections::HashMap;

use chrono::TimeDelta;
use lockgate_store::{
    AuthenticatorKind, ConfigChange, FlowTokenContent, NewAuthenticator, NewFlowToken, NewProof, Session, Store, Task,
    TaskState, Token, TokenIntent, plan_place, task_place,
};
use serde_json::{Map, Value, json};

use crate::bench::{Bench, document, id, later, meta, new_session, now};

type Made<T> = Result<T, Box<dyn std::error::Error>>;

fn task(store: &Store) -> Made<Task> {
    let sealed = store.seal_key().seal(&task_place("mail", id("task")), b"a letter")?;
    Ok(Task {
        id: id("task"),
        actor: "send_mail".to_owned(),
        queue: "mail".to_owned(),
        uid: "a letter".to_owned(),
        state: TaskState::Queued,
        outcome: None,
        due: now(),
        retries: 0,
        rel_model: String::new(),
        rel_id: None,
        data: json!({"sealed": sealed}),
        logs: Vec::new(),
        previous_logs: Vec::new(),
        created: now(),
        changed: now(),
    })
}

/// A plan in which a stage has shown a secret to an account.
fn plan(store: &Store, user: i64) -> Made<Value> {
    let sealed = store.seal_key().seal(&plan_place(user), b"shown")?;
    Ok(json!({"context": {"pending": {"pk": user}, "setting_up": {"stage": sealed}}}))
}

/// Answers the authenticator that has codes on paper.
pub(crate) async fn fill(bench: &Bench) -> Made<i64> {
    let (store, ada) = (&bench.store, bench.user("ada").await?);
    for (name, secret) in [("app", "hush"), ("app", "hush, hush")] {
        let app = document("provider", name, json!({"client_secret": secret, "nested": {"key": secret}}));
        let pointers = vec!["/client_secret".to_owned(), "/nested".to_owned(), "/nested/key".to_owned()];
        let sealed = HashMap::from([(app.id, pointers)]);
        let change = ConfigChange { upserts: vec![app], sealed, ..ConfigChange::default() };
        store.documents().apply(change, meta("secret")).await?;
    }
    let token = Token {
        pk: id("ci"),
        identifier: "ci".to_owned(),
        intent: TokenIntent::Api,
        user_pk: ada.pk,
        description: String::new(),
        expires: None,
        expiring: false,
        managed: None,
        created: now(),
    };
    store.tokens().create(token, "the key of ci", now()).await?;
    let factor = async |kind, proof| {
        let name = "mine".to_owned();
        let new = NewAuthenticator { kind, user_pk: ada.pk, name, confirmed: true, details: Map::new(), proof };
        store.authenticators().create(new, now()).await
    };
    factor(AuthenticatorKind::Totp, NewProof::Secret("steps".to_owned())).await?;
    let paper = factor(AuthenticatorKind::Static, NewProof::Codes(vec!["alpha".to_owned()])).await?;
    let plain = serde_json::to_vec(&plan(store, ada.pk)?)?;
    let link = NewFlowToken {
        key: "link",
        stage: id("stage"),
        about: "ada",
        content: FlowTokenContent::Link(ada.pk, &plain),
        expires: now() + TimeDelta::minutes(30),
        since: now() - TimeDelta::minutes(5),
        most: 2,
        counts_until: now() + TimeDelta::minutes(5),
    };
    store.flow_tokens().make(&link, &task(store)?, now()).await?;
    // Nobody has signed in yet: only the plan says whom it is about.
    let session = Session { data: plan(store, ada.pk)?.into(), ..new_session("cookie") };
    store.sessions().create(&session).await?;
    Ok(paper.pk)
}

fn must_be_shown(store: &Store, plan: &Value) -> Made<()> {
    let user = plan["context"]["pending"]["pk"].as_i64().ok_or("an account")?;
    let sealed = plan["context"]["setting_up"]["stage"].as_str().ok_or("something sealed")?;
    assert_eq!(store.seal_key().open(&plan_place(user), sealed)?, b"shown");
    Ok(())
}

pub(crate) async fn must_open(store: &Store, paper: i64) -> Made<()> {
    let documents = store.documents().load_all().await?;
    assert_eq!(documents[0].body["client_secret"], "hush, hush");
    assert_eq!(documents[0].body["nested"]["key"], "hush, hush");
    let first = store.documents().changed(2).await?.ok_or("the second revision")?.documents;
    assert_eq!(first[0].0.as_ref().ok_or("before")?.body["client_secret"], "hush");
    assert_eq!(store.tokens().view_key(id("ci")).await?, "the key of ci");
    let usable = store.authenticators().usable(1).await?;
    let app = usable.iter().find(|one| one.pk != paper).ok_or("the app")?;
    assert_eq!(store.authenticators().secret(app.pk).await?.0, "steps");
    assert!(store.authenticators().take_code(paper, "alpha", later(1)).await?, "codes on paper are recognised");
    let link = store.flow_tokens().find("link", now()).await?.ok_or("a link")?;
    must_be_shown(store, &serde_json::from_slice(&link.content)?)?;
    let session = store.sessions().load(&lockgate_store::hash_secret("cookie"), now()).await?.ok_or("a session")?;
    must_be_shown(store, &session.data.value())?;
    let task = store.tasks().get(id("task")).await?.ok_or("a task")?;
    let sealed = task.data["sealed"].as_str().ok_or("something sealed")?;
    assert_eq!(store.seal_key().open(&task_place("mail", task.id), sealed)?, b"a letter");
    Ok(())
}
