//! Storing tokens by group commit: what comes while the database is busy with the last transaction goes
//! into the next one, all together. Every answer waits until its own tokens are on disk.

use lockgate_engine::ports::Clock;
use lockgate_store::{Issue, Issued, Store, StoreError};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait.
const QUEUE: usize = 8_192;

/// Requests of one transaction.
const BATCH: usize = 512;

type Answer = Result<Issued, StoreError>;

struct Request {
    issue: Issue,
    answer: oneshot::Sender<Answer>,
}

/// The queue.
pub(super) struct Ledger(mpsc::Sender<Request>);

impl Ledger {
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>) -> Self {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            // Ends when the services do.
            while receiver.recv_many(&mut batch, BATCH).await > 0 {
                commit(&store, &*clock, std::mem::take(&mut batch)).await;
            }
        });
        Self(sender)
    }

    pub(super) async fn issue(&self, issue: Issue) -> Answer {
        let (answer, wait) = oneshot::channel();
        let unavailable = || StoreError::Unavailable { reason: "too many tokens wait to be stored".to_owned() };
        self.0.try_send(Request { issue, answer }).map_err(|_| unavailable())?;
        wait.await.map_err(|_| unavailable())?
    }
}

async fn commit(store: &Store, clock: &dyn Clock, batch: Vec<Request>) {
    let (issues, answers): (Vec<Issue>, Vec<_>) = batch.into_iter().map(|r| (r.issue, r.answer)).unzip();
    match store.oauth_tokens().issue(&issues, clock.now()).await {
        Ok(issued) => answers.into_iter().zip(issued).for_each(|(answer, issued)| _ = answer.send(Ok(issued))),
        // One of them cannot be stored, and must not take the others with it.
        Err(StoreError::Dangling | StoreError::Unique { .. } | StoreError::TooLong { .. }) if issues.len() > 1 => {
            for (issue, answer) in issues.into_iter().zip(answers) {
                _ = answer.send(alone(store, clock, issue).await);
            }
        }
        Err(error) => {
            tracing::warn!(%error, requests = answers.len(), "tokens could not be stored");
            answers.into_iter().for_each(|answer| _ = answer.send(Err(told(&error))));
        }
    }
}

async fn alone(store: &Store, clock: &dyn Clock, issue: Issue) -> Answer {
    let mut issued = store.oauth_tokens().issue(&[issue], clock.now()).await?;
    issued.pop().ok_or(StoreError::Corrupt { what: "oauth_tokens".to_owned() })
}

/// The error as each of those who waited for it is told.
fn told(error: &StoreError) -> StoreError {
    match error {
        StoreError::Dangling => StoreError::Dangling,
        other => StoreError::Unavailable { reason: other.to_string() },
    }
}
