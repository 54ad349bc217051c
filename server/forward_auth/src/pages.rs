//! What people see when the gate says no. The program passes its own pages in as [`Pages`];
//! [`PlainPages`] are ours, complete in themselves, since they are shown on the application's host,
//! where no style sheet of ours is served.

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header};
use lockgate_identity::journal::with_request_id;
use lockgate_texts::Language;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Somebody who is signed in and may not enter.
#[derive(Debug, Clone)]
pub struct Denied<'a> {
    /// Name of the application.
    pub app: &'a str,
    /// User name.
    pub user: &'a str,
    /// Id of the recorded decision.
    pub decision: String,
    /// What is missing, in sentences.
    pub missing: Vec<String>,
    /// Public address of the sign-in host, if it is known; without a slash at the end.
    pub base: Option<String>,
    /// What the person reads.
    pub language: Language,
}

/// Something that went wrong, or that cannot be done.
#[derive(Debug, Clone)]
pub struct Trouble<'a> {
    /// Status of the answer.
    pub status: StatusCode,
    /// What happened, in a few words.
    pub title: &'a str,
    /// What it means and what to do.
    pub text: &'a str,
    /// Address to try again at.
    pub retry: Option<&'a str>,
    /// What the person reads.
    pub language: Language,
}

/// The pages of the gate.
pub trait Pages: Send + Sync + 'static {
    /// Status 403: signed in, and denied.
    fn denied(&self, denied: &Denied<'_>) -> Response;

    /// Status 401: the `Authorization` header was not accepted, and a redirect would not help its sender.
    fn no_redirect(&self, app: &str, language: Language) -> Response {
        self.trouble(&Trouble {
            status: StatusCode::UNAUTHORIZED,
            title: &language.not_signed_in(),
            text: &language.not_redirected(app),
            retry: None,
            language,
        })
    }

    /// Anything else.
    fn trouble(&self, trouble: &Trouble<'_>) -> Response;
}

/// Pages of our own: one document, no script, nothing loaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainPages;

impl Pages for PlainPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        let t = denied.language;
        let mut body = format!("<p>{}</p>", t.signed_in_as_html(denied.user));
        if !denied.missing.is_empty() {
            body.push_str("<ul>");
            denied.missing.iter().for_each(|line| _ = write!(body, "<li>{}</li>", escape(line)));
            body.push_str("</ul>");
        }
        if let Some(base) = &denied.base {
            let _ = write!(body, "<p><a href=\"{}/if/user/\">{}</a></p>", escape(base), t.your_applications());
        }
        let _ = write!(body, "<p class=\"id\">{} <code>{}</code></p>", t.decision(), escape(&denied.decision));
        body.push_str(&request(t));
        page(StatusCode::FORBIDDEN, t, &t.no_access_to(denied.app), &body)
    }

    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        let t = trouble.language;
        let mut body = format!("<p>{}</p>", escape(&t.told(trouble.text)));
        if let Some(retry) = trouble.retry {
            let _ = write!(body, "<p><a href=\"{}\">{}</a></p>", escape(retry), t.try_again());
        }
        body.push_str(&request(t));
        page(trouble.status, t, &t.told(trouble.title), &body)
    }
}

/// What the log knows the request by, small, so that somebody can quote it.
fn request(t: Language) -> String {
    let told = |id: &str| format!("<p class=\"id\">{} <code>{id}</code></p>", t.request_id());
    with_request_id(told).unwrap_or_default()
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2430;--paper:#f4f5f7;--card:#fff;--line:#d8dce3;--link:#1f5fbf}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--paper:#12161d;--card:#1b212b;--line:#323b49;--link:#8ab4f8}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;\
background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,sans-serif}\
main{max-width:32rem;width:100%;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:2rem}\
h1{font-size:1.375rem;line-height:1.3;margin:0 0 1rem}p,ul{margin:0 0 1rem}a{color:var(--link)}\
a:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:.125rem}\
.id{margin:0;font-size:.875rem;opacity:.75}code{overflow-wrap:anywhere}";

fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>",
        language.tag()
    );
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'");
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_never_markup() {
        assert_eq!(escape("<b a='\"&'>"), "&lt;b a=&#39;&quot;&amp;&#39;&gt;");
        let denied = Denied {
            app: "<script>",
            user: "ann",
            decision: "id".into(),
            missing: vec!["You need more.".into()],
            base: Some("https://auth.test".into()),
            language: Language::English,
        };
        let response = PlainPages.denied(&denied);
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    }
}
