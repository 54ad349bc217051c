//! Memory that has been free for a while goes back to the operating system.
//!
//! The allocator does that while it serves a new page and when a thread ends. A server at rest does
//! neither, and would keep what one password hash needed (19 MiB) for good. So a thread ends now and then.

use std::{hint::black_box, thread, time::Duration};

/// How often. The allocator waits a second before it gives back what is free.
const EVERY: Duration = Duration::from_secs(5);

/// Gives memory back until the runtime ends.
pub(crate) async fn give_back() {
    loop {
        tokio::time::sleep(EVERY).await;
        // The allocator only notices threads that have had memory of it.
        if let Err(error) = thread::Builder::new().name("memory".to_owned()).spawn(|| drop(black_box(Box::new(0_u64))))
        {
            tracing::debug!(%error, "no thread could be started to give memory back");
        }
    }
}
