//! Messages by publish and subscribe.

use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike as _, EventInterface as _, PubsubInterface as _};
use fred::types::Message;
use tokio::sync::broadcast;
use tokio::time::sleep;

use super::{PREFIX, Redis, answered, options};

/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(1);

/// The one channel that all nodes listen to.
fn channel() -> String {
    format!("{PREFIX}changes")
}

/// What came of listening.
pub(crate) enum Heard {
    /// A message.
    Message(String),
    /// Messages may have been missed.
    Gap,
}

/// Listens until the process ends.
pub(crate) struct Channel {
    messages: broadcast::Receiver<Message>,
    reconnects: broadcast::Receiver<fred::types::config::Server>,
    _subscriber: SubscriberClient,
}

impl Redis {
    pub(crate) async fn listen(&self) -> Channel {
        let (messages, reconnects) = (self.subscriber.message_rx(), self.subscriber.reconnect_rx());
        // Once it has been done, the driver does it again with each new connection.
        while let Err(error) = self.subscriber.subscribe(channel()).await {
            tracing::debug!(error = error.details(), "Redis cannot be listened to yet");
            sleep(PAUSE).await;
        }
        Channel { messages, reconnects, _subscriber: self.subscriber.clone() }
    }

    /// Tells all nodes, this one too.
    pub(crate) async fn publish(&self, text: &str) -> bool {
        let client = self.client.with_options(&options());
        answered::<i64>("publish", client.publish(channel(), text)).await.is_some()
    }
}

impl Channel {
    pub(crate) async fn next(&mut self) -> Heard {
        tokio::select! {
            message = self.messages.recv() => match message {
                Ok(message) => message.value.as_string().map_or(Heard::Gap, Heard::Message),
                Err(_) => Heard::Gap,
            },
            _ = self.reconnects.recv() => Heard::Gap,
        }
    }
}
