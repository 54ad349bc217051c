//! The settings under `email`: the server that takes mails.

use lockgate_identity::mail::{MailServer, MailSettings};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The server that takes mails.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailSettings {
    /// Its name or address; no mail is sent without one.
    pub(crate) host: Option<String>,
    /// Its port.
    pub(crate) port: u16,
    /// Account there; empty: none.
    pub(crate) username: String,
    /// Its password.
    pub(crate) password: String,
    /// Encrypt after a greeting in the clear (STARTTLS).
    pub(crate) use_tls: bool,
    /// Encrypt from the first byte.
    pub(crate) use_ssl: bool,
    /// Seconds to wait for an answer.
    pub(crate) timeout: u64,
    /// Who writes: an address, or `Name <address>`.
    pub(crate) from: String,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            host: None,
            port: 25,
            username: String::new(),
            password: String::new(),
            use_tls: false,
            use_ssl: false,
            timeout: 10,
            from: "lockgate@localhost".to_owned(),
        }
    }
}

impl EmailSettings {
    /// The server, if one is set.
    ///
    /// # Errors
    /// A sentence that names the settings.
    pub(crate) fn server(&self) -> Result<Option<MailServer>, String> {
        let Some(host) = self.host.clone().filter(|host| !host.is_empty()) else { return Ok(None) };
        let settings = MailSettings {
            host,
            port: self.port,
            username: self.username.clone(),
            password: self.password.clone(),
            use_tls: self.use_tls,
            use_ssl: self.use_ssl,
            timeout: Duration::from_secs(self.timeout),
            from: self.from.clone(),
        };
        MailServer::new(settings).map(Some).map_err(|error| format!("email (LOCKGATE_EMAIL__…): {error}"))
    }

    /// What is worth a line in the log.
    pub(crate) fn warning(&self) -> Option<String> {
        let open = self.server().ok().flatten().is_some_and(|server| server.shows_its_password());
        let text =
            "email: the password is sent to the mail server unencrypted; set LOCKGATE_EMAIL__USE_TLS or __USE_SSL";
        open.then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::read;
    use std::collections::BTreeMap;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_references_names_and_forms_are_understood() {
        let pairs = [
            ("AUTHENTIK_EMAIL__HOST", "mail.example.com"),
            ("AUTHENTIK_EMAIL__PORT", "587"),
            ("AUTHENTIK_EMAIL__USE_TLS", "True"),
            ("AUTHENTIK_EMAIL__USERNAME", "12345"),
            ("AUTHENTIK_EMAIL__PASSWORD", "env://MAIL_PASSWORD"),
            ("AUTHENTIK_EMAIL__FROM", "Acme <auth@example.com>"),
            ("LOCKGATE_EMAIL__TIMEOUT", "30"),
            ("MAIL_PASSWORD", "true"),
        ];
        let read = read(None, &env(&pairs)).expect("read");
        let email = &read.settings.email;
        assert_eq!((email.port, email.timeout, email.use_tls, email.use_ssl), (587, 30, true, false));
        assert_eq!((email.username.as_str(), email.password.as_str()), ("12345", "true"), "texts stay texts");
        let server = email.server().expect("sound").expect("set");
        assert_eq!(server.from(), "auth@example.com");
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    }

    #[test]
    fn without_a_host_there_is_no_server_and_bad_values_are_named() {
        let unset = read(None, &env(&[("LOCKGATE_EMAIL__PORT", "2525")])).expect("read");
        assert!(unset.settings.email.server().expect("sound").is_none());
        let host = ("LOCKGATE_EMAIL__HOST", "mail.example.com");
        for (name, value, told) in [
            ("LOCKGATE_EMAIL__FROM", "nobody at all", "no e-mail address"),
            ("LOCKGATE_EMAIL__PORT", "many", "LOCKGATE_EMAIL__PORT"),
            ("LOCKGATE_EMAIL__USE_TLS", "perhaps", "LOCKGATE_EMAIL__USE_TLS"),
        ] {
            let error = read(None, &env(&[host, (name, value)])).expect_err("must fail").to_string();
            assert!(error.contains(told), "{error}");
        }
        let both = [host, ("LOCKGATE_EMAIL__USE_TLS", "true"), ("LOCKGATE_EMAIL__USE_SSL", "true")];
        assert!(read(None, &env(&both)).expect_err("must fail").to_string().contains("not both"));
        let open = read(None, &env(&[host, ("LOCKGATE_EMAIL__USERNAME", "a")])).expect("read");
        assert!(open.warnings[0].contains("unencrypted"), "{:?}", open.warnings);
    }
}
