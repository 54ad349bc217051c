//! On the database itself.

use super::{AppliedRevision, Failure, Place, RevisionView};
use crate::serve::{ask, open};
use lockgate_engine::ports::Clock;
use lockgate_flows::plan::PlanReport;
use lockgate_identity::{
    config::{Applied, Desk, Note, Refusal, Texts, told},
    look::Look,
    replay::{Bounds, Replay, Replayed},
    system::SystemClock,
};
use lockgate_model::Validity;
use lockgate_store::{Page, Revision, Store};

/// Revisions that are listed.
const LISTED: Page = Page { number: 1, size: 1_000 };

impl From<Applied> for AppliedRevision {
    fn from(applied: Applied) -> Self {
        Self { revision: applied.revision, is_new: applied.is_new, report: applied.report }
    }
}

impl RevisionView {
    fn of(revision: Revision) -> Self {
        let Revision { number, meta, kept } = revision;
        Self {
            number,
            created: meta.at,
            author: meta.author,
            origin: meta.origin.as_str().to_owned(),
            summary: meta.summary,
            git_commit: meta.git_commit,
            git_dirty: meta.git_dirty,
            kept,
            objects: None,
        }
    }
}

pub(super) fn desk(place: &Place<'_>, store: Store) -> Desk {
    let geo = place.settings.geoip.files();
    Desk::new(
        store,
        place.settings.environment(place.environment.clone()),
        place.settings.config_dir().as_deref(),
        &geo,
    )
}

pub(super) async fn plan(place: &Place<'_>, texts: Texts) -> Result<PlanReport, Failure> {
    let made = ask(place.settings, async |look| Ok(desk(place, look.store.clone()).plan(&texts).await)).await?;
    Ok(made?)
}

pub(super) async fn replay(place: &Place<'_>, texts: &Texts, since: &Validity) -> Result<Replayed, Failure> {
    let made =
        ask(place.settings, async |look| Ok(replayed(look, &desk(place, look.store.clone()), texts, since).await));
    made.await?
}

async fn replayed(look: &Look, desk: &Desk, texts: &Texts, since: &Validity) -> Result<Replayed, Failure> {
    let proposed = desk.compiled(texts).await?;
    let fetcher = look.fetcher();
    let replay = Replay::of(look, &fetcher, &proposed.snapshot);
    let made = replay.since(SystemClock.now() - since.delta(), Bounds::default()).await;
    made.map_err(|e| Failure::Other(e.to_string()))
}

pub(super) async fn apply(
    place: &Place<'_>,
    texts: &Texts,
    note: &Note,
    expected: Option<i64>,
) -> Result<AppliedRevision, Failure> {
    write(place, async |desk| desk.apply(texts, note, expected).await).await
}

pub(super) async fn rollback(place: &Place<'_>, number: i64, note: &Note) -> Result<AppliedRevision, Failure> {
    write(place, async |desk| desk.roll_back(number, note).await).await
}

async fn write(
    place: &Place<'_>,
    work: impl AsyncFnOnce(Desk) -> Result<Applied, Refusal>,
) -> Result<AppliedRevision, Failure> {
    let store = open(place.settings).await?;
    store.migrate().await.map_err(|e| format!("database: the schema could not be brought up to date: {e}"))?;
    let made = work(desk(place, store.clone())).await;
    store.close().await.map_err(|e| e.to_string())?;
    Ok(made?.into())
}

pub(super) async fn revisions(place: &Place<'_>) -> Result<Vec<RevisionView>, Failure> {
    let listed =
        ask(place.settings, async |look| look.store.documents().revision_page(LISTED).await.map_err(|e| e.to_string()));
    Ok(listed.await?.0.into_iter().map(RevisionView::of).collect())
}

pub(super) async fn revision(place: &Place<'_>, number: i64) -> Result<RevisionView, Failure> {
    let found = ask(place.settings, async |look| told(&look.store, number).await.map_err(|e| e.to_string())).await?;
    let found = found.ok_or_else(|| format!("there is no revision {number}"))?;
    Ok(RevisionView { objects: found.objects, ..RevisionView::of(found.revision) })
}
