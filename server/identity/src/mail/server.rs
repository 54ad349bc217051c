//! A mail server, and handing it one mail (SMTP, RFC 5321).

use super::Letter;
use crate::sent::SendError;
use chrono::{DateTime, Utc};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use lockgate_model::kinds::{AuthenticatorEmailStage, EmailStage};
use std::{time::Duration, time::SystemTime};
use thiserror::Error;
use uuid::Uuid;

/// One mail may take this long in all, whatever the server's settings: a worker has its task for twice the time.
const PATIENCE: Duration = Duration::from_secs(55);

/// What servers answer to a login that they refuse (RFC 4954, section 6). It is somebody's setting, not this mail's
/// fault.
const LOGIN_REFUSED: [&str; 5] = ["454", "530", "534", "535", "538"];

/// How a mail server is reached, as settings say it.
#[derive(Clone)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Account there; empty: none.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Encrypt after a greeting in the clear (STARTTLS).
    pub use_tls: bool,
    /// Encrypt from the first byte.
    pub use_ssl: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Who writes: an address, or `Name <address>`.
    pub from: String,
}

/// The two stages that send mail have the same fields.
macro_rules! of_stage {
    ($stage:ty) => {
        impl From<&$stage> for MailSettings {
            fn from(stage: &$stage) -> Self {
                Self {
                    host: stage.host.clone(),
                    port: u16::try_from(stage.port).unwrap_or_default(),
                    username: stage.username.clone(),
                    password: stage.password.clone(),
                    use_tls: stage.use_tls,
                    use_ssl: stage.use_ssl,
                    timeout: Duration::from_secs(u64::try_from(stage.timeout).unwrap_or_default()),
                    from: stage.from_address.clone(),
                }
            }
        }
    };
}

of_stage!(EmailStage);
of_stage!(AuthenticatorEmailStage);

/// What is wrong with the settings of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MailSettingsError {
    /// The sender is no address.
    #[error("from: \"{0}\" is no e-mail address; write mail@example.com or Name <mail@example.com>")]
    From(String),
    /// The two ways to encrypt exclude each other.
    #[error("use_tls and use_ssl: one of them can be set, not both")]
    Encryption,
}

/// A mail server.
#[derive(Clone)]
pub struct MailServer {
    settings: MailSettings,
    from: Mailbox,
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailServer({}:{})", self.settings.host, self.settings.port)
    }
}

impl MailServer {
    /// A server by its settings; nobody is asked yet.
    ///
    /// # Errors
    /// [`MailSettingsError`].
    pub fn new(settings: MailSettings) -> Result<Self, MailSettingsError> {
        if settings.use_tls && settings.use_ssl {
            return Err(MailSettingsError::Encryption);
        }
        let from = settings.from.parse().map_err(|_| MailSettingsError::From(settings.from.clone()))?;
        Ok(Self { settings, from })
    }

    /// Whether a password would go over the network for everybody to read.
    #[must_use]
    pub fn shows_its_password(&self) -> bool {
        let MailSettings { host, username, use_tls, use_ssl, .. } = &self.settings;
        !username.is_empty() && !use_tls && !use_ssl && !crate::net::is_loopback(host)
    }

    /// Who writes.
    #[must_use]
    pub fn from(&self) -> String {
        self.from.email.to_string()
    }

    /// Hands a mail to the server; answers what it said. `id` is the same whenever the same mail is sent again, so that
    /// whoever gets it twice can tell.
    ///
    /// # Errors
    /// [`SendError::Never`] where sender, recipient or text are refused, [`SendError::NotNow`] for everything that may
    /// pass.
    pub async fn deliver(&self, letter: &Letter, id: Uuid, now: DateTime<Utc>) -> Result<String, SendError> {
        let message = self.message(letter, id, now)?;
        let transport = self.transport()?;
        let sending = tokio::time::timeout(PATIENCE, transport.send(message));
        let late = |_| SendError::NotNow("the mail server took too long".to_owned());
        let said = sending.await.map_err(late)?.map_err(|error| self.failed(&error))?;
        Ok(format!("the mail server answered {}", said.code()))
    }

    /// Connects, encrypts and signs in as for a mail, and says goodbye without one.
    ///
    /// # Errors
    /// As [`Self::deliver`].
    pub async fn greet(&self) -> Result<(), SendError> {
        let transport = self.transport()?;
        let late = |_| SendError::NotNow("the mail server took too long".to_owned());
        let greeted = tokio::time::timeout(PATIENCE, transport.test_connection()).await.map_err(late)?;
        match greeted.map_err(|error| self.failed(&error))? {
            true => Ok(()),
            false => Err(SendError::NotNow("the mail server hung up".to_owned())),
        }
    }

    fn message(&self, letter: &Letter, id: Uuid, now: DateTime<Utc>) -> Result<Message, SendError> {
        let recipient: Address = address(&letter.to)?;
        let name = self.from.name.clone().or_else(|| Some(one_line(&letter.sender)).filter(|name| !name.is_empty()));
        let from = Mailbox::new(name, self.from.email.clone());
        let broken = |error: lettre::error::Error| SendError::Never(format!("no mail can be made of it: {error}"));
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![recipient]).map_err(broken)?;
        let mut builder = Message::builder()
            .from(from)
            .to(Mailbox::new(None, address(letter.shown_to.as_ref().unwrap_or(&letter.to))?))
            .subject(one_line(&letter.subject))
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{}@{}>", id.simple(), self.from.email.domain())))
            // Nobody's absence is told to a machine (RFC 3834, section 5).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .envelope(envelope);
        for copy in &letter.cc {
            builder = builder.cc(Mailbox::new(None, address(copy)?));
        }
        let parts = MultiPart::alternative()
            .boundary(id.simple().to_string())
            .singlepart(SinglePart::plain(letter.text.clone()))
            .singlepart(SinglePart::html(letter.html.clone()));
        builder.multipart(parts).map_err(broken)
    }

    fn failed(&self, error: &smtp::Error) -> SendError {
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        let text = format!("the mail server {}:{}: {error}", self.settings.host, self.settings.port);
        if error.is_permanent() && !LOGIN_REFUSED.contains(&code.as_str()) {
            SendError::Never(text)
        } else {
            SendError::NotNow(text)
        }
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
        let MailSettings { host, port, username, password, use_tls, use_ssl, timeout, .. } = &self.settings;
        let tls = || {
            TlsParameters::new(host.clone())
                .map_err(|error| SendError::NotNow(format!("no encryption can be had: {error}")))
        };
        let tls = match (use_tls, use_ssl) {
            (true, _) => Tls::Required(tls()?),
            (_, true) => Tls::Wrapper(tls()?),
            _ => Tls::None,
        };
        let timeout = if timeout.is_zero() { PATIENCE } else { *timeout };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(*port)
            .tls(tls)
            .timeout(Some(timeout.min(PATIENCE)))
            .hello_name(ClientId::Domain(self.from.email.domain().to_owned()));
        if !username.is_empty() {
            builder = builder.credentials(Credentials::new(username.clone(), password.clone()));
        }
        Ok(builder.build())
    }
}

fn address(text: &str) -> Result<Address, SendError> {
    text.parse().map_err(|_| SendError::Never(format!("\"{text}\" is no e-mail address")))
}

/// Headers are lines.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MailSettings {
        MailSettings {
            host: "mail.example.com".to_owned(),
            port: 25,
            username: String::new(),
            password: String::new(),
            use_tls: false,
            use_ssl: false,
            timeout: Duration::from_secs(10),
            from: "Acme <mail@example.com>".to_owned(),
        }
    }

    fn letter() -> Letter {
        Letter {
            to: "ada@example.org".to_owned(),
            shown_to: None,
            cc: vec!["bob@example.org".to_owned()],
            sender: "Acme".to_owned(),
            subject: "Grüße\r\nBcc: eve@example.org".to_owned(),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        }
    }

    #[test]
    fn a_mail_is_the_same_whenever_it_is_made() {
        let server = MailServer::new(settings()).expect("sound");
        let made = || server.message(&letter(), Uuid::from_u128(7), DateTime::UNIX_EPOCH).expect("a mail").formatted();
        let text = String::from_utf8(made()).expect("ASCII");
        assert_eq!(text.as_bytes(), made());
        assert!(text.contains("From: Acme <mail@example.com>\r\n") || text.contains("From: \"Acme\""), "{text}");
        assert!(text.contains("Message-ID: <00000000000000000000000000000007@example.com>"), "{text}");
        assert!(text.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated") && text.contains("multipart/alternative"), "{text}");
        assert!(!text.contains("\nBcc:"), "a subject cannot make headers: {text}");
        let envelope = server.message(&letter(), Uuid::nil(), DateTime::UNIX_EPOCH).expect("a mail");
        let to: Vec<String> = envelope.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(to, ["ada@example.org"], "each recipient has a mail of its own");
    }

    #[test]
    fn what_cannot_be_sent_is_told_by_name() {
        let refused = |settings: MailSettings| MailServer::new(settings).err();
        assert_eq!(
            refused(MailSettings { use_tls: true, use_ssl: true, ..settings() }),
            Some(MailSettingsError::Encryption)
        );
        let from = MailSettings { from: "nobody".to_owned(), ..settings() };
        assert_eq!(refused(from), Some(MailSettingsError::From("nobody".to_owned())));
        let server = MailServer::new(settings()).expect("sound");
        let nowhere = Letter { to: "ada".to_owned(), ..letter() };
        assert!(matches!(server.message(&nowhere, Uuid::nil(), DateTime::UNIX_EPOCH), Err(SendError::Never(_))));
        assert!(!server.shows_its_password());
        let open = MailSettings { username: "a".to_owned(), password: "hush".to_owned(), ..settings() };
        let open = MailServer::new(open).expect("sound");
        assert!(open.shows_its_password() && !format!("{open:?}").contains("hush"));
    }
}
