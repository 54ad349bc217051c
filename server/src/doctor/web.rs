//! Asking addresses as a browser does, one request at a time: no redirect is followed, nothing is waited for long, and
//! no answer is read without a limit.

use chrono::{DateTime, Utc};
use lockgate_identity::keys;
use reqwest::{
    Certificate, Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::HeaderMap,
    redirect::Policy,
    tls::TlsInfo,
};
use std::{error::Error, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use url::Url;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a body is read, in bytes.
const MOST: usize = 64 * 1024;

/// An answer.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The beginning of the body.
    pub(crate) text: String,
    /// When the certificate ends that was shown.
    pub(crate) ends: Option<DateTime<Utc>>,
}

impl Seen {
    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where a redirect leads.
    pub(crate) fn leads_to(&self, from: &Url) -> Option<Url> {
        let location = self.header("location").filter(|_| (300..400).contains(&self.status))?;
        from.join(location).ok()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// The name is not known.
    Name,
    /// Nobody listens there.
    Connection,
    /// The certificate is not accepted.
    Certificate,
    /// It took too long.
    Time,
    /// Something else.
    Other,
}

/// No answer.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) sort: Sort,
    /// In the words of whoever noticed.
    pub(crate) text: String,
}

impl Silence {
    fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        let lower = text.to_lowercase();
        let sort = match () {
            () if lower.contains("certificate") || lower.contains("unknownissuer") => Sort::Certificate,
            () if lower.contains("lookup") || lower.contains("dns") || lower.contains("name or service") => Sort::Name,
            () if error.is_timeout() => Sort::Time,
            () if error.is_connect() => Sort::Connection,
            () => Sort::Other,
        };
        Self { sort, text }
    }

    /// How to mend it, for an address.
    pub(crate) fn mend(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        match self.sort {
            Sort::Name => {
                format!("make a DNS entry for {host} that leads to the proxy, or say --via ADDRESS to look without one")
            }
            Sort::Connection => {
                format!("start the proxy, and let it listen on port {}", url.port_or_known_default().unwrap_or(80))
            }
            Sort::Certificate => {
                format!(
                    "give the proxy a certificate for {host} that is valid; for one of an authority of your own, name it with --ca FILE"
                )
            }
            Sort::Time => "look into firewall and proxy: nothing comes back".to_owned(),
            Sort::Other => "look into the proxy's log".to_owned(),
        }
    }
}

/// Whatever a name is, it is at one address.
struct Via(SocketAddr);

impl Resolve for Via {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Asks.
#[derive(Clone)]
pub(crate) struct Web(Client);

impl Web {
    /// Asks with the certificates of the machine, and those of `ca`; `via` is where all names lead to instead of what they
    /// resolve to. Proxies of the environment are not used: what is looked at is the way of a browser.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn new(via: Option<std::net::IpAddr>, ca: Option<&Path>) -> Result<Self, String> {
        let agent = concat!("Lockgate-doctor/", env!("CARGO_PKG_VERSION"));
        let mut builder = Client::builder().user_agent(agent).redirect(Policy::none()).no_proxy();
        builder = builder.timeout(PATIENCE).connect_timeout(PATIENCE).tls_info(true).pool_max_idle_per_host(0);
        if let Some(path) = ca {
            let told = |e: &dyn Error| format!("--ca {}: {e}", path.display());
            let text = std::fs::read(path).map_err(|e| told(&e))?;
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(&text).map_err(|e| told(&e))?);
        }
        if let Some(address) = via {
            // Port 0: the one of the address that is asked.
            builder = builder.dns_resolver(Arc::new(Via(SocketAddr::new(address, 0))));
        }
        builder.build().map(Self).map_err(|e| format!("no connection can be made: {e}"))
    }

    /// GET, with these headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn get(&self, url: &Url, headers: &[(&str, &str)]) -> Result<Seen, Silence> {
        let mut request = self.0.get(url.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send().await.map_err(Silence::of)?;
        let shown = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let ends = shown.and_then(keys::ends);
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Ok(Some(part)) = answer.chunk().await {
            body.extend_from_slice(&part);
            if body.len() > MOST {
                break;
            }
        }
        Ok(Seen { status, headers, text: String::from_utf8_lossy(&body).into_owned(), ends })
    }
}
