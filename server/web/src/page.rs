//! From a view struct to an HTTP response: rendering, Content-Security-Policy, headers.

use crate::pages::Sources;
use askama::Template;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use url::Url;

/// A whole page: it renders itself, and knows what its own content needs the browser to permit.
pub trait Page: Template {
    /// The Content-Security-Policy of this page.
    fn policy(&self) -> Csp;
}

/// A Content-Security-Policy that permits our own files and nothing else, until a page widens it
/// by single origins. Inline scripts and styles cannot be permitted at all.
#[derive(Debug, Clone, Default)]
pub struct Csp {
    images: Vec<String>,
    form_targets: Vec<String>,
    /// No form of the page is for us.
    forms_leave: bool,
    frames: Vec<String>,
    /// Scripts may ask our own host.
    requests: bool,
    /// What widgets of others need.
    widgets: Sources,
}

impl Csp {
    /// The narrowest policy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets pictures come from where `url` points to. Addresses on our own host and what is not
    /// http or https change nothing.
    #[must_use]
    pub fn image(mut self, url: &str) -> Self {
        push_origin(&mut self.images, url);
        self
    }

    /// Lets a form be sent to where `url` points to, or be redirected there after it was sent:
    /// Chromium holds `form-action` against every redirect that follows a form.
    #[must_use]
    pub fn form_target(mut self, url: &str) -> Self {
        push_origin(&mut self.form_targets, url);
        self
    }

    /// Lets a form be sent anywhere: for a page whose only form is for somebody else. Where its receiver
    /// redirects to is not ours to say, and `form-action` would be held against that as well.
    #[must_use]
    pub fn any_form_target(mut self) -> Self {
        self.forms_leave = true;
        self
    }

    /// Lets a frame show what `url` points to, as far as that site permits it.
    #[must_use]
    pub fn frame(mut self, url: &str) -> Self {
        push_origin(&mut self.frames, url);
        self
    }

    /// Lets scripts send requests to our own host.
    #[must_use]
    pub fn own_requests(mut self) -> Self {
        self.requests = true;
        self
    }

    /// Lets a widget of somebody else run in the page.
    #[must_use]
    pub fn widget(mut self, sources: Sources) -> Self {
        self.widgets.scripts.extend(sources.scripts);
        self.widgets.requests.extend(sources.requests);
        self.widgets.styles.extend(sources.styles);
        self.frames.extend(sources.frames);
        self
    }

    /// The header's value.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        let mut value = String::from("default-src 'none'");
        let mut rule = |name: &str, own: &[&str], others: &[String]| {
            let sources = own.iter().copied().chain(others.iter().map(String::as_str));
            let sources: Vec<&str> = sources.collect();
            // Without any, `default-src` speaks: none.
            if !sources.is_empty() {
                value.push_str(&format!("; {name} {}", sources.join(" ")));
            }
        };
        rule("script-src", &["'self'"], &self.widgets.scripts);
        rule("style-src", &["'self'"], &self.widgets.styles);
        rule("font-src", &["'self'"], &[]);
        rule("base-uri", &["'none'"], &[]);
        rule("frame-ancestors", &["'none'"], &[]);
        rule("img-src", &["'self'", "data:"], &self.images);
        if !self.forms_leave {
            rule("form-action", &["'self'"], &self.form_targets);
        }
        let requests: &[&str] = if self.requests { &["'self'"] } else { &[] };
        rule("connect-src", requests, &self.widgets.requests);
        rule("frame-src", &[], &self.frames);
        // Origins are ASCII (RFC 6454 section 6.2); should one not be, nothing is permitted.
        HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
    }
}

fn push_origin(list: &mut Vec<String>, url: &str) {
    let Ok(url) = Url::parse(url) else { return };
    if !matches!(url.scheme(), "http" | "https") {
        return;
    }
    let origin = url.origin().ascii_serialization();
    if !list.contains(&origin) {
        list.push(origin);
    }
}

/// Headers of every page. There is no Cross-Origin-Opener-Policy: it would cut the login pop-ups
/// of applications off from the window that opened them. The referrer stays on our own host, and
/// is not left out altogether, since browsers would then send `Origin: null` with our forms.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// Renders `page` as a response with `status` and all security headers.
pub fn respond<P: Page>(status: StatusCode, page: &P) -> Response {
    let (status, html) = match page.render() {
        Ok(html) => (status, html),
        Err(error) => {
            tracing::error!(%error, "page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "<!doctype html><title>Error</title><h1>This page could not be shown</h1>".to_owned(),
            )
        }
    };
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy().header_value());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_widens_by_origins_only() {
        let policy = Csp::new()
            .image("https://cdn.example.com/logo.svg?x=; script-src *")
            .image("/media/logo.png")
            .image("javascript:alert(1)")
            .form_target("https://app.example.com:8443/callback")
            .frame("https://a.example.com/logout?sid=1; script-src *")
            .frame("https://b.example.com/")
            .frame("javascript:alert(1)");
        let value = policy.header_value();
        let value = value.to_str().expect("ASCII");
        assert!(
            value.contains(
                "img-src 'self' data: https://cdn.example.com; form-action 'self' https://app.example.com:8443"
            ),
            "{value}"
        );
        assert!(value.ends_with("; frame-src https://a.example.com https://b.example.com"), "{value}");
        assert!(!Csp::new().header_value().to_str().expect("ASCII").contains("frame-src"));
        assert!(value.contains("script-src 'self';") && !value.contains("unsafe"));
        let leaving = Csp::new().form_target("https://x.example.com/").any_form_target().header_value();
        assert!(!leaving.to_str().expect("ASCII").contains("form-action"));
    }
}
