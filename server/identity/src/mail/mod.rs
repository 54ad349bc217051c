//! Mail: what it says ([`letters`]), the server that takes it ([`server`]), and that it arrives ([`post`]).
//!
//! A mail to one recipient is one task, stored in the transaction of what causes it where there is one, and tried again
//! until the mail server takes or refuses it, for a day. What it says lies sealed in the task, since links and codes let
//! people in.
//!
//! It is sent at least once: a process that ends between the mail server's yes and the note of it leaves the task to
//! another one, which sends the very same mail again, under the same `Message-ID`. Never more than that: what was
//! noted as sent is forgotten, and a task that somebody begins again finds nothing to send.

mod codes;
mod letters;
mod links;
mod post;
mod server;

pub use letters::{Content, Template, Written};
pub use post::{SEND, sent};
pub use server::{MailServer, MailSettings, MailSettingsError};

use serde::{Deserialize, Serialize};

/// A mail to one recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Whom the server hands it to.
    pub to: String,
    /// Whom it names as recipient, where that is somebody else: this one gets a copy.
    pub shown_to: Option<String>,
    /// Who gets a copy, as the mail tells.
    pub cc: Vec<String>,
    /// What the sender is called, where the server's settings do not say it.
    pub sender: String,
    /// Subject.
    pub subject: String,
    /// What it says, in plain text.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

impl Letter {
    /// A mail that says what was written.
    #[must_use]
    pub fn new(to: &str, sender: &str, subject: &str, written: Written) -> Self {
        Self {
            to: to.to_owned(),
            shown_to: None,
            cc: Vec::new(),
            sender: sender.to_owned(),
            subject: subject.to_owned(),
            text: written.text,
            html: written.html,
        }
    }
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What it says may let people in.
        write!(f, "Letter(to {})", self.to)
    }
}
