//! The files that pages load: a style sheet and a script for all, more for the portal, the admin interface and the page on
//! the API, two drawings.
//!
//! They are part of the binary. Their addresses carry a hash of their content, so a browser may
//! keep them for ever and a new version is a new address. A request for the hash of another
//! version, as happens while several nodes are upgraded one by one, gets the current content
//! without the permission to keep it.

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, io::Write as _, sync::LazyLock};

/// One embedded file, ready to be sent.
#[derive(Debug)]
pub struct Asset {
    stem: &'static str,
    extension: &'static str,
    media_type: &'static str,
    hash: String,
    url: String,
    plain: &'static [u8],
    gzip: Vec<u8>,
}

impl Asset {
    fn new(stem: &'static str, extension: &'static str, media_type: &'static str, plain: &'static [u8]) -> Self {
        let mut hash = String::with_capacity(16);
        for byte in &Sha256::digest(plain)[..8] {
            // Writing to a String cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Self {
            stem,
            extension,
            media_type,
            url: format!("/static/dist/{stem}-{hash}.{extension}"),
            hash,
            plain,
            gzip: gzip(plain),
        }
    }

    /// Address on our own host, with the content's hash in it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Size in bytes as most browsers receive it.
    #[must_use]
    pub fn transferred(&self) -> usize {
        self.gzip.len()
    }

    /// The hash that `name` asks for, if `name` is some version of this file.
    fn asked_hash<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_suffix(self.extension)?.strip_suffix('.')?.strip_prefix(self.stem)?.strip_prefix('-')
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to a Vec cannot fail; an empty result would only mean that the file goes out unpacked.
    encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default()
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        Asset::new("lockgate", "css", "text/css; charset=utf-8", include_bytes!("../assets/lockgate.css")),
        Asset::new("lockgate", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/lockgate.js")),
        Asset::new("logo", "svg", "image/svg+xml", include_bytes!("../assets/logo.svg")),
        Asset::new("favicon", "svg", "image/svg+xml", include_bytes!("../assets/favicon.svg")),
        Asset::new("api_docs", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/api_docs.js")),
        Asset::new("admin", "css", "text/css; charset=utf-8", include_bytes!("../assets/admin.css")),
        Asset::new("admin", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/admin.js")),
        Asset::new("portal", "css", "text/css; charset=utf-8", include_bytes!("../assets/portal.css")),
        Asset::new("portal", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/portal.js")),
    ]
});

/// Every embedded file.
#[must_use]
pub fn all() -> &'static [Asset] {
    &ASSETS
}

/// Address of the style sheet.
#[must_use]
pub fn css() -> &'static str {
    ASSETS[0].url()
}

/// Address of the script.
#[must_use]
pub fn script() -> &'static str {
    ASSETS[1].url()
}

/// Address of the logo: the mark with the name beside it, for mails and clients of the API.
#[must_use]
pub fn logo() -> &'static str {
    ASSETS[2].url()
}

/// Address of the icon for the browser's tab.
#[must_use]
pub fn favicon() -> &'static str {
    ASSETS[3].url()
}

/// Address of the script that starts the page on the API.
#[must_use]
pub fn api_docs() -> &'static str {
    ASSETS[4].url()
}

/// Address of the file with this name; empty without one.
fn url_of(stem: &str, extension: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.stem == stem && asset.extension == extension).map_or("", Asset::url)
}

/// Address of the portal's own style sheet.
#[must_use]
pub fn portal_css() -> &'static str {
    url_of("portal", "css")
}

/// Address of the portal's own script.
#[must_use]
pub fn portal_script() -> &'static str {
    url_of("portal", "js")
}

/// Address of the admin interface's style sheet.
#[must_use]
pub fn admin_css() -> &'static str {
    url_of("admin", "css")
}

/// Address of the admin interface's script.
#[must_use]
pub fn admin_script() -> &'static str {
    url_of("admin", "js")
}

/// Addresses that clients of the reference know, and the file that stands behind each here.
const KNOWN_ELSEWHERE: [(&str, usize); 4] = [
    ("assets/icons/icon_left_brand.svg", 2),
    ("assets/icons/icon_left_brand.png", 2),
    ("assets/icons/icon.svg", 3),
    ("assets/icons/icon.png", 3),
];

/// The routes of the embedded files: `/static/dist/…` and `/favicon.ico`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            "/static/dist/{*name}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { serve(&name, &headers) }),
        )
        .route("/favicon.ico", get(|headers: HeaderMap| async move { send(&ASSETS[3], false, &headers) }))
}

fn serve(name: &str, headers: &HeaderMap) -> Response {
    if let Some((asset, hash)) = ASSETS.iter().find_map(|asset| Some((asset, asset.asked_hash(name)?))) {
        return send(asset, asset.hash == hash, headers);
    }
    match KNOWN_ELSEWHERE.iter().find(|(known, _)| *known == name) {
        Some((_, index)) => send(&ASSETS[*index], false, headers),
        None => answer(StatusCode::NOT_FOUND, Body::empty()),
    }
}

fn send(asset: &'static Asset, keep: bool, headers: &HeaderMap) -> Response {
    let packed = !asset.gzip.is_empty() && accepts_gzip(headers);
    let mut response = answer(StatusCode::OK, Body::from(if packed { asset.gzip.as_slice() } else { asset.plain }));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let caching = if keep { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    // A drawing opened by itself is a document: it may load and run nothing.
    out.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    if packed {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn answer(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether the client takes gzip (RFC 9110 section 12.5.3): named, and not with the weight zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let refused = |weight: &str| weight.strip_prefix("q=").is_some_and(|q| q.parse().is_ok_and(|q: f32| q == 0.0));
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !parts.any(refused)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(coding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(coding))])
    }

    #[test]
    fn current_address_may_be_kept_for_ever_and_another_version_may_not() {
        let name = css().strip_prefix("/static/dist/").expect("own folder");
        let current = serve(name, &asking("br, gzip"));
        assert_eq!(current.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(current.headers()[header::CONTENT_ENCODING], "gzip");
        let other = serve("lockgate-0123456789abcdef.css", &asking("gzip;q=0"));
        assert_eq!(other.headers()[header::CACHE_CONTROL], "public, max-age=300");
        assert!(!other.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(serve("../Cargo.toml", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }
}
