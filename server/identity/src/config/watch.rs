//! Watches the configuration folder and reloads it when it changes.

use super::Texts;
use crate::Identity;
use notify::{Event, EventKind, RecursiveMode, Watcher};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Editors and git write several files in a row: wait until it is quiet.
const QUIET: Duration = Duration::from_millis(150);

/// Network file systems tell nobody of changes: look by ourselves now and then.
const LOOK: Duration = Duration::from_secs(10);

/// Reloads the folder on every change until the process ends; returns at once without a folder.
pub(crate) async fn follow(identity: Identity) {
    let Some(folder) = identity.config.folder().map(Path::to_path_buf) else { return };
    let changed = Arc::new(Notify::new());
    let _watcher = watch(&folder, Arc::clone(&changed));
    loop {
        tokio::select! {
            () = changed.notified() => tokio::time::sleep(QUIET).await,
            () = tokio::time::sleep(LOOK) => {}
        }
        // Others read the folder too, at a signal or by the API: what counts is what was laid down last.
        if !identity.config.has_laid(fingerprint(&folder).await.as_deref()) {
            identity.config.reload_folder().await;
        }
    }
}

fn watch(folder: &Path, changed: Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let told = move |event: notify::Result<Event>| {
        if event.is_ok_and(|e| !matches!(e.kind, EventKind::Access(_))) {
            changed.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(told)
        .inspect_err(|error| tracing::warn!(%error, "the folder cannot be watched; it is looked at every 10 s"))
        .ok()?;
    watcher
        .watch(folder, RecursiveMode::Recursive)
        .inspect_err(|error| tracing::warn!(%error, "the folder cannot be watched; it is looked at every 10 s"))
        .ok()?;
    Some(watcher)
}

/// The folder's texts, hashed: touching a file without changing it reloads nothing.
async fn fingerprint(folder: &Path) -> Option<String> {
    Texts::read(folder).await.ok().map(|texts| texts.fingerprint())
}
