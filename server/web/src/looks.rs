//! From the brand of a host to what pages show of it, and the address that serves its own CSS.

use crate::{
    pages::{BrandView, FooterLink, Theme},
    visit::Visit,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use lockgate_identity::config::Snapshot;
use lockgate_model::{User, kinds::Brand};
use lockgate_texts::Language;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Name of the cookie by which pages that know nobody look as somebody has chosen in this browser.
const THEME_COOKIE: &str = "lockgate_theme";

/// How long a browser remembers looks, in seconds: a year.
const REMEMBERED: u32 = 31_536_000;

/// Where the brand's own CSS stands.
const CSS_PATH: &str = "/if/brand.css";

/// The looks of a host, in a language; without any brand, ours.
pub(crate) fn of(snapshot: &Snapshot, host: &str, language: Language) -> BrandView {
    let footer_links = snapshot
        .settings
        .footer_links
        .iter()
        .map(|link| FooterLink { name: link.name.clone(), href: link.href.clone() });
    let looks = snapshot.brand(host).map_or_else(BrandView::default, |(_, brand)| view(brand));
    BrandView { footer_links: footer_links.collect(), t: language, ..looks }
}

/// The looks that a person has chosen, if any.
pub(crate) fn theme_of(user: &User) -> Option<Theme> {
    let setting = user.attributes.get("settings").and_then(|settings| settings.get("theme")?.get("base")?.as_str());
    setting.map(Theme::from_setting)
}

/// What a browser remembers of looks; `lines` are the request's `Cookie` headers.
pub(crate) fn theme_cookie<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Theme> {
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(THEME_COOKIE)?.strip_prefix('='));
    values.next().map(Theme::from_setting)
}

/// Value of the `Set-Cookie` header that has a browser remember looks.
pub(crate) fn set_theme_cookie(theme: Theme, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    let word = theme.word();
    format!("{THEME_COOKIE}={word}; Path=/; SameSite=Lax; HttpOnly; Max-Age={REMEMBERED}{secure}")
}

fn view(brand: &Brand) -> BrandView {
    let theme = brand.attributes.get("settings").and_then(|s| s.get("theme")?.get("base")?.as_str());
    let css = &brand.branding_custom_css;
    BrandView {
        title: brand.branding_title.clone(),
        logo_url: BrandView::picture(&brand.branding_logo),
        favicon_url: BrandView::picture(&brand.branding_favicon),
        background_url: BrandView::picture(&brand.branding_default_flow_background),
        custom_css_url: (!css.is_empty()).then(|| format!("{CSS_PATH}?v={}", fingerprint(css))),
        theme: Theme::from_setting(theme.unwrap_or_default()),
        ..BrandView::default()
    }
}

/// 64 bits of the content's SHA-256: the address changes with the content.
fn fingerprint(css: &str) -> String {
    Sha256::digest(css).iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `GET /if/brand.css`: the CSS of the host's brand, which no page may hold inline.
pub(crate) async fn brand_css(visit: Visit, headers: HeaderMap) -> Response {
    let Some((_, brand)) = visit.snapshot.brand(&visit.client.host) else { return visit.not_found() };
    let css = &brand.branding_custom_css;
    if css.is_empty() { visit.not_found() } else { send(css, &visit.query, &headers) }
}

fn send(css: &str, query: &str, asked: &HeaderMap) -> Response {
    let hash = fingerprint(css);
    let tag = format!("\"{hash}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|list| list.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let mut response = Response::new(if same { Body::empty() } else { Body::from(css.to_owned()) });
    *response.status_mut() = if same { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let current = query.strip_prefix("v=") == Some(hash.as_str());
    let caching = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        out.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_brand_shows_its_own_pictures_and_serves_its_own_css() {
        let brand: Brand = serde_json::from_value(json!({
            "domain": "example.com", "branding_title": "Acme", "branding_logo": "/media/logo.png",
            "branding_favicon": "/static/dist/assets/icons/icon.png", "branding_custom_css": "h1{color:red}",
            "attributes": {"settings": {"theme": {"base": "dark"}}},
        }))
        .expect("a brand");
        let view = view(&brand);
        assert_eq!((view.title.as_str(), view.theme), ("Acme", Theme::Dark));
        assert_eq!((view.logo_url.as_deref(), view.favicon_url.as_deref()), (Some("/media/logo.png"), None));
        let address = view.custom_css_url.expect("CSS");
        let query = address.strip_prefix("/if/brand.css?").expect("an address of ours");
        let first = send(&brand.branding_custom_css, query, &HeaderMap::new());
        assert!(first.headers()[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"));
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        assert_eq!(send(&brand.branding_custom_css, "", &again).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(send("h1{}", query, &again).headers()[header::CACHE_CONTROL], "no-cache");
    }
}
