//! The certificates of the HTTPS port: files that are read again when they change, else what the brand of the host names,
//! else the certificate that the installation has signed itself.

use crate::settings::TlsFiles;
use arc_swap::ArcSwapOption;
use lockgate_identity::{Identity, keys};
use lockgate_model::kinds::{CertificateKeyPair, key_pair::DEFAULT_SIGNING_KEY};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// Key pairs that are kept ready.
const READY: usize = 64;

/// A key pair that is ready, with what it was made of.
type Ready = (Arc<str>, Arc<CertifiedKey>);

/// Chooses a certificate; see the module.
pub(crate) struct Certificates {
    identity: Identity,
    provider: Arc<CryptoProvider>,
    files: Option<TlsFiles>,
    of_files: ArcSwapOption<CertifiedKey>,
    ready: Mutex<HashMap<Uuid, Ready>>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificates")
    }
}

impl Certificates {
    /// Reads the files, if there are some.
    ///
    /// # Errors
    /// A sentence for the operator, when they hold no certificate with its key.
    pub(crate) fn open(identity: Identity, files: Option<TlsFiles>) -> Result<Arc<Self>, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let of_files = files.as_ref().map(|files| read(&provider, files).map(Arc::new)).transpose()?;
        let (of_files, ready) = (ArcSwapOption::new(of_files), Mutex::default());
        Ok(Arc::new(Self { identity, provider, files, of_files, ready }))
    }

    /// What shakes hands with these certificates, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// When the library lacks a version of TLS.
    pub(crate) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, String> {
        let versions =
            ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions();
        let config = versions.map_err(|e| format!("TLS: {e}"))?.with_no_client_auth();
        let chooser: Arc<dyn ResolvesServerCert> = Arc::clone(self) as _;
        let mut config = config.with_cert_resolver(chooser);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again whenever they change, until the process ends. What cannot be used changes nothing. One that has
    /// ended is used all the same, and told: browsers warn of it, which is more than they get from a closed port.
    pub(crate) async fn follow(self: Arc<Self>) {
        let Some(files) = self.files.clone() else { return };
        let mut seen = changed(&files);
        let mut told = None;
        loop {
            let ends = self.of_files.load().as_ref().and_then(|key| keys::ends(key.cert.first()?));
            if ends.is_some_and(|ends| ends <= self.identity.clock.now()) && told != ends {
                tracing::error!(certificate = %files.certificate.display(), ?ends, "the certificate of HTTPS has ended");
                told = ends;
            }
            tokio::time::sleep(LOOK).await;
            let now = changed(&files);
            if now == seen {
                continue;
            }
            match read(&self.provider, &files) {
                Ok(key) => {
                    self.of_files.store(Some(Arc::new(key)));
                    tracing::info!(certificate = %files.certificate.display(), "a new certificate is in use");
                }
                Err(error) => tracing::error!(%error, "the new certificate cannot be used; the one before stays"),
            }
            seen = now;
        }
    }

    fn of_host(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let snapshot = self.identity.config.snapshot();
        let named = snapshot.brand(name.unwrap_or_default()).and_then(|(_, brand)| brand.web_certificate);
        let pairs = snapshot.objects.all::<CertificateKeyPair>();
        let is_own = |pair: &CertificateKeyPair| pair.name == DEFAULT_SIGNING_KEY;
        let (object, pair) = pairs
            .iter()
            .find(|(object, _)| named.is_some_and(|pair| pair.0 == object.document.id))
            .or_else(|| pairs.iter().find(|(_, pair)| is_own(pair)))?;
        self.made_ready(object.document.id, pair)
    }

    fn made_ready(&self, id: Uuid, pair: &CertificateKeyPair) -> Option<Arc<CertifiedKey>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = ready.get(&id).filter(|(text, _)| **text == *pair.certificate_data) {
            return Some(Arc::clone(key));
        }
        let made = certified(&self.provider, pair.certificate_data.as_bytes(), pair.key_data.as_bytes());
        let made = made.inspect_err(|error| tracing::warn!(pair = pair.name, error, "no certificate for HTTPS"));
        let key = Arc::new(made.ok()?);
        if ready.len() >= READY {
            ready.clear();
        }
        ready.insert(id, (pair.certificate_data.as_str().into(), Arc::clone(&key)));
        Some(key)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.of_files.load_full().or_else(|| self.of_host(hello.server_name()))
    }
}

fn read(provider: &CryptoProvider, files: &TlsFiles) -> Result<CertifiedKey, String> {
    let bytes = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let made = certified(provider, &bytes(&files.certificate)?, &bytes(&files.key)?);
    made.map_err(|e| format!("{} with {}: {e}", files.certificate.display(), files.key.display()))
}

fn certified(provider: &CryptoProvider, certificates: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.map_err(|e| format!("no certificates in PEM: {e}"))?;
    if chain.is_empty() {
        return Err("there is no certificate in PEM".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| format!("no private key in PEM: {e}"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|e| e.to_string())
}

/// When the files were written; `None` where one is not there.
fn changed(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
}
