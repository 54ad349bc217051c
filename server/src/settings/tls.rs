//! Whether and with which certificate there is HTTPS.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// Where there is HTTPS unless it is said.
const USUAL: &str = "0.0.0.0:9443";

/// Where there is HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Https(String);

impl Default for Https {
    fn default() -> Self {
        Self(USUAL.to_owned())
    }
}

impl Https {
    /// Whether nobody has said so.
    pub(crate) fn is_default(&self) -> bool {
        self.0 == USUAL
    }

    /// The address; none where it is off.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(crate) fn address(&self) -> Result<Option<SocketAddr>, String> {
        if self.0 == "off" {
            return Ok(None);
        }
        let wrong = || {
            format!(
                "listen.https (LOCKGATE_LISTEN__HTTPS): \"{}\" is neither an address such as {USUAL} nor off",
                self.0
            )
        };
        self.0.parse().map(Some).map_err(|_| wrong())
    }
}

/// The certificate of the HTTPS port, instead of what brands name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// File with the certificate and those that vouch for it, in PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// File with its private key, in PEM.
    pub(crate) key: Option<PathBuf>,
}

/// Both files.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    /// The certificate.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl TlsSettings {
    /// Both files, or none.
    ///
    /// # Errors
    /// When only one is named.
    pub(crate) fn files(&self) -> Result<Option<TlsFiles>, String> {
        match (self.certificate.clone(), self.key.clone()) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
            (None, None) => Ok(None),
            _ => Err(
                "tls: a certificate (LOCKGATE_TLS__CERTIFICATE) needs its key (LOCKGATE_TLS__KEY), and the other way \
                      round"
                    .to_owned(),
            ),
        }
    }
}
