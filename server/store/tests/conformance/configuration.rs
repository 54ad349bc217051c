//! Documents, references, revisions, sealed secrets.

use std::collections::BTreeSet;

use lockgate_store::{ConfigChange, DocumentRef, Pull, PulledCommit, SealKey, Store, StoreError};
use serde_json::json;

use crate::bench::{Bench, Outcome, document, id, meta};

pub(crate) async fn documents_come_back_as_they_were(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    assert_eq!(documents.current_revision().await?, 0);
    let mut app = document("app", "grafana", json!({"z": 1, "a": {"ü": [1, 2.5, null]}}));
    app.number = Some(7);
    app.managed = Some("builtin/grafana".to_owned());
    let flow = document("flow", "login", json!({}));
    let upserts = vec![app.clone(), flow.clone()];
    let change = ConfigChange { upserts, ..ConfigChange::default() };
    let first = documents.apply(change, meta("two")).await?;
    assert_eq!(documents.load_all().await?, [app.clone(), flow.clone()]);
    let text = documents.get(app.id).await?.map(|app| app.body.to_string());
    assert_eq!(text.as_deref(), Some(r#"{"z":1,"a":{"ü":[1,2.5,null]}}"#), "keys keep their order");

    app.body = json!({"z": 2});
    app.version = 2;
    let change = ConfigChange { upserts: vec![app.clone()], deletes: vec![flow.id], ..Default::default() };
    let second = documents.apply(change, meta("one less")).await?;
    assert_eq!(documents.load_all().await?, [app]);
    assert_eq!(documents.get(flow.id).await?, None);
    assert!(second > first);
    assert_eq!(documents.apply(ConfigChange::default(), meta("nothing")).await?, second);
    let revisions = documents.revisions(10).await?;
    assert_eq!(revisions.iter().map(|r| r.number).collect::<Vec<_>>(), [second, first]);
    assert_eq!(revisions[0].meta, meta("one less"));
    Ok(())
}

pub(crate) async fn secrets_are_not_readable_in_the_table(bench: &Bench) -> Outcome {
    let body = json!({
        "client_secret": "hush-hush", "name": "app", "empty": "", "none": null,
        "nested": {"keys": [{"secret": "also-hush"}]}, "plain": "sealed:v1:not really",
    });
    let app = document("app", "grafana", body);
    let pointers = ["/client_secret", "/nested/keys/0/secret", "/empty", "/none", "/missing"];
    let mut change = ConfigChange { upserts: vec![app.clone()], ..ConfigChange::default() };
    change.sealed.insert(app.id, pointers.map(str::to_owned).to_vec());
    bench.store.documents().apply(change, meta("secret")).await?;

    let stored = bench.raw("SELECT body FROM documents").await?.concat();
    assert!(!stored.contains("hush"), "{stored}");
    assert!(stored.contains(r#""client_secret":"sealed:v1:"#), "{stored}");
    assert_eq!(bench.store.documents().get(app.id).await?, Some(app));

    let other = Store::connect(&bench.settings, SealKey::derive(b"another key")?).await?;
    let refused = other.documents().load_all().await;
    assert!(matches!(refused, Err(StoreError::Seal { .. })), "{refused:?}");
    Ok(other.close().await?)
}

pub(crate) async fn the_slower_of_two_changes_is_refused(bench: &Bench) -> Outcome {
    let change = |name: &str| ConfigChange {
        upserts: vec![document("app", name, json!({}))],
        expected_revision: Some(0),
        ..ConfigChange::default()
    };
    let documents = bench.store.documents();
    let (one, two) = tokio::join!(documents.apply(change("a"), meta("a")), documents.apply(change("b"), meta("b")));
    let won = [&one, &two].into_iter().filter_map(|result| result.as_ref().ok()).count();
    assert_eq!(won, 1, "{one:?} {two:?}");
    let lost = if one.is_err() { one } else { two };
    assert!(matches!(lost, Err(StoreError::Conflict { expected: 0, .. })), "{lost:?}");
    assert_eq!(documents.load_all().await?.len(), 1);
    Ok(())
}

pub(crate) async fn a_commit_that_was_fetched_before_another_was_laid_down_is_refused(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let lay = |commit: &str, before: Option<PulledCommit>| {
        let (commit, fingerprint) = (commit.to_owned(), format!("print of {commit}"));
        let upserts = vec![document("app", &commit, json!({}))];
        ConfigChange { upserts, pull: Some(Pull { before, commit, fingerprint }), ..ConfigChange::default() }
    };
    documents.apply(lay("a", None), meta("a")).await?;
    let first = documents.pulled().await?;
    assert_eq!(first.as_ref().map(|p| (p.turn, p.commit.as_str())), Some((0, "a")));

    documents.apply(lay("b", first.clone()), meta("b")).await?;
    for outpaced in [None, first] {
        let refused = documents.apply(lay("old", outpaced), meta("old")).await;
        assert!(matches!(refused, Err(StoreError::Outpaced)), "{refused:?}");
    }
    // Also where a branch came back to what it was: the same commit at another time is another turn.
    let second = documents.pulled().await?;
    documents.apply(lay("a", second.clone()), meta("a again")).await?;
    let third = documents.pulled().await?;
    assert_eq!(third.map(|p| (p.turn, p.fingerprint)), Some((2, "print of a".to_owned())));
    let refused = documents.apply(lay("old", second), meta("old")).await;
    assert!(matches!(refused, Err(StoreError::Outpaced)), "{refused:?}");
    assert_eq!(documents.load_all().await?.len(), 2, "nothing of what is refused is stored");
    Ok(())
}

pub(crate) async fn names_can_be_swapped_and_taken_names_are_refused(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let (mut a, mut b) = (document("app", "a", json!({})), document("app", "b", json!({})));
    (a.number, b.number) = (Some(1), Some(2));
    let both = |a, b| ConfigChange { upserts: vec![a, b], ..ConfigChange::default() };
    documents.apply(both(a.clone(), b.clone()), meta("new")).await?;
    std::mem::swap(&mut a.name, &mut b.name);
    std::mem::swap(&mut a.number, &mut b.number);
    let before = documents.apply(both(a.clone(), b.clone()), meta("swap")).await?;
    assert_eq!(documents.load_all().await?, [b.clone(), a]);

    let mut taken = document("app", "c", json!({}));
    taken.name = "a".to_owned();
    let fresh = document("app", "fresh", json!({}));
    let refused = documents.apply(both(fresh, taken), meta("taken")).await;
    assert!(matches!(&refused, Err(StoreError::Unique { field }) if field == "name"), "{refused:?}");
    assert_eq!(documents.load_all().await?.len(), 2, "nothing of it is stored");
    assert_eq!(documents.current_revision().await?, before);
    let same_name_of_another_kind = document("flow", "a", json!({}));
    documents.apply(both(same_name_of_another_kind, b), meta("other kind")).await?;
    Ok(())
}

pub(crate) async fn references_follow_their_documents(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let (app, flow) = (document("app", "a", json!({})), document("flow", "f", json!({})));
    let points =
        |to: &str, field: &str, index| DocumentRef { from: app.id, to: id(to), field: field.to_owned(), index };
    let refs = vec![points("flow f", "flow", 0), points("x", "stages", 0), points("y", "stages", 1)];
    let upserts = vec![app.clone(), flow.clone()];
    let change = ConfigChange { upserts, refs: refs.clone(), ..ConfigChange::default() };
    documents.apply(change, meta("refs")).await?;
    assert_eq!(documents.references().await?, refs);
    assert_eq!(documents.used_by(flow.id).await?, refs[..1]);

    let fewer = vec![points("y", "stages", 0)];
    let change = ConfigChange { upserts: vec![app.clone()], refs: fewer.clone(), ..ConfigChange::default() };
    documents.apply(change, meta("fewer")).await?;
    assert_eq!(documents.references().await?, fewer);
    let change = ConfigChange { deletes: vec![app.id], ..ConfigChange::default() };
    documents.apply(change, meta("none")).await?;
    assert!(documents.references().await?.is_empty());
    Ok(())
}

pub(crate) async fn numbers_are_never_given_out_twice(bench: &Bench) -> Outcome {
    let take = || {
        let store = bench.store.clone();
        tokio::spawn(async move { store.documents().next_number().await })
    };
    let mut numbers = BTreeSet::new();
    for task in (0..8).map(|_| take()).collect::<Vec<_>>() {
        assert!(numbers.insert(task.await??));
    }
    assert_eq!(numbers, (1..=8).collect());
    Ok(())
}
