//! One transaction for documents and groups, and what revisions remember.

use lockgate_model::Origin;
use lockgate_store::{ConfigChange, GroupPatch, NewGroup, RevisionOrigin, StoreError};
use serde_json::{Map, json};

use crate::bench::{Bench, Outcome, document, id, meta, now};

fn group(name: &str) -> NewGroup {
    NewGroup {
        pk: id(name),
        name: name.to_owned(),
        is_superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Folder,
        source: None,
    }
}

pub(crate) async fn groups_and_documents_are_stored_together_or_not_at_all(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let app = document("app", "grafana", json!({}));
    let change = ConfigChange {
        upserts: vec![app.clone()],
        new_groups: vec![group("Editors"), group("Staff")],
        group_changes: vec![(id("Editors"), GroupPatch { parents: Some(vec![id("Staff")]), ..GroupPatch::default() })],
        held: Some(vec!["abc".to_owned()]),
        ..ConfigChange::default()
    };
    let first = documents.apply(change, meta("both")).await?;
    let editors = bench.store.groups().by_name("Editors").await?;
    assert_eq!(editors.map(|group| group.parents), Some(vec![id("Staff")]));
    assert_eq!(documents.held().await?, ["abc"]);

    // A name that is taken: neither the document nor the other group is stored.
    let wiki = document("app", "wiki", json!({}));
    let change = ConfigChange {
        upserts: vec![wiki.clone()],
        new_groups: vec![group("Guests"), NewGroup { pk: id("another"), ..group("Staff") }],
        held: Some(Vec::new()),
        ..ConfigChange::default()
    };
    let refused = documents.apply(change, meta("taken")).await;
    assert!(matches!(refused, Err(StoreError::Unique { .. })), "{refused:?}");
    assert_eq!(documents.get(wiki.id).await?, None);
    assert_eq!(bench.store.groups().by_name("Guests").await?, None);
    assert_eq!((documents.current_revision().await?, documents.held().await?), (first, vec!["abc".to_owned()]));

    // To let a folder come into force again is no revision.
    let change = ConfigChange { held: Some(Vec::new()), ..ConfigChange::default() };
    assert_eq!(documents.apply(change, meta("released")).await?, first);
    assert!(documents.held().await?.is_empty());
    Ok(())
}

pub(crate) async fn a_revision_knows_what_it_changed(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let secret = |text: &str| json!({"client_secret": text});
    let sealed = |document: &lockgate_model::Document| [(document.id, vec!["/client_secret".to_owned()])].into();
    let before = document("app", "grafana", secret("hush"));
    let change = ConfigChange { upserts: vec![before.clone()], sealed: sealed(&before), ..ConfigChange::default() };
    let first = documents.apply(change, meta("made")).await?;
    let mut after = before.clone();
    after.body = secret("quiet");
    let change = ConfigChange {
        upserts: vec![after.clone()],
        sealed: sealed(&after),
        new_groups: vec![group("Editors")],
        ..ConfigChange::default()
    };
    let second = documents.apply(change, meta("another secret")).await?;

    let changed = documents.changed(first).await?.ok_or("kept")?;
    assert_eq!(changed.documents, [(None, Some(before.clone()))]);
    let changed = documents.changed(second).await?.ok_or("kept")?;
    assert_eq!(changed.documents, [(Some(before), Some(after))]);
    let [(None, Some(made))] = changed.groups.as_slice() else { return Err(format!("{:?}", changed.groups).into()) };
    assert_eq!(made.name, "Editors");
    assert_eq!(documents.changed(second + 1).await?, None);

    let stored = bench.raw("SELECT COALESCE(before, '') || COALESCE(after, '') FROM revision_changes").await?.concat();
    assert!(stored.contains("sealed:v1:") && !stored.contains("hush") && !stored.contains("quiet"), "{stored}");
    let revision = documents.revision(second).await?.ok_or("there")?;
    assert!(revision.kept && revision.meta.git_dirty);
    Ok(())
}

pub(crate) async fn what_several_revisions_changed_is_told_in_one(bench: &Bench) -> Outcome {
    let documents = bench.store.documents();
    let stays = document("app", "stays", json!({}));
    let first = documents.apply(ConfigChange { upserts: vec![stays], ..ConfigChange::default() }, meta("1")).await?;
    let mut app = document("app", "grafana", json!({"n": 1}));
    documents.apply(ConfigChange { upserts: vec![app.clone()], ..ConfigChange::default() }, meta("2")).await?;
    app.body = json!({"n": 2});
    let change = ConfigChange { upserts: vec![app.clone()], ..ConfigChange::default() };
    let third = documents
        .apply(change, lockgate_store::RevisionMeta { origin: RevisionOrigin::Rollback, at: now(), ..meta("3") });
    let third = third.await?;
    let changed = documents.changed_since(first).await?.ok_or("kept")?;
    assert_eq!(changed.documents, [(None, Some(app))]);
    assert_eq!(documents.changed_since(third).await?.map(|changed| changed.documents.len()), Some(0));
    assert_eq!(documents.changed_since(third + 1).await?, None);
    let (page, total) = documents.revision_page(lockgate_store::Page { number: 1, size: 2 }).await?;
    assert_eq!((page.len(), total, page[0].number), (2, 3, third));
    Ok(())
}
