//! The pages as plain view structs, each beside its template in `templates/`.
//!
//! A handler fills a struct with text that is ready to be shown and hands it to
//! [`crate::page::respond`]. The structs know nothing of the engine or of services, so each can be
//! rendered from sample data; a test renders every one and holds the house rules against the HTML.

pub mod admin;
mod brand;
mod captcha;
mod factors;
mod flow;
mod message;
mod oauth;
pub mod portal;
mod prompt;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use brand::{BrandView, FooterLink, Theme};
pub use captcha::{Captcha, Sources, Widget};
pub use factors::{
    AppSetup, Code, Device, DuoSetup, MailSetup, PaperCodes, PasskeySetup, PhoneSetup, SecondFactor, SetupChoice,
};
pub use flow::{
    AccessDenied, Autosubmit, Body, Consent, Errors, FieldError, FlowError, FlowPage, Identification, Layout,
    LoginSource, Mail, Password, Permission, Person, SessionEnd,
};
pub use message::{Action, Denial, DeniedPage, MessagePage};
pub use oauth::{DevicePage, DeviceStep, SignOutPage};
pub use prompt::{Choice, FieldKind, PromptField};

use oauth::DEVICE_PATH;

/// Name of the hidden field that carries the token against cross-site request forgery.
pub const CSRF_FIELD: &str = "csrf_token";

/// `url` if a person may safely follow it from one of our pages, else `#`: addresses on this host,
/// http, https and mailto. Configuration and users can name links, and a `javascript:` one among
/// them would run as us wherever a browser ignores the Content-Security-Policy.
#[must_use]
pub fn href(url: &str) -> &str {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let known = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    let local = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    if known || local { url } else { "#" }
}

/// As [`href`] for the end of a flow, where native applications have schemes of their own
/// (RFC 8252 section 7.1): only the schemes that a browser would run or read itself are refused.
#[must_use]
pub fn redirect_target(url: &str) -> &str {
    let scheme: String =
        url.chars().take_while(|c| *c != ':').filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let refused = ["javascript", "data", "vbscript", "blob", "file", "about", "view-source"];
    let has_scheme = url.contains(':') && !url.starts_with('/');
    if has_scheme && !refused.contains(&scheme.to_ascii_lowercase().as_str()) { url } else { href(url) }
}

/// `key` as part of an element's id: what is not a letter, digit, `_` or `-` becomes `-`.
#[must_use]
pub fn dom_id(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

/// Up to two letters that stand for a name, or for the person in an email address, where there is
/// no picture.
#[must_use]
pub fn initials(name: &str) -> String {
    let name = name.split_once('@').map_or(name, |(local, _)| local);
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let chosen = match words.as_slice() {
        [] => return "?".to_owned(),
        [only] => vec![*only],
        [first, .., last] => vec![*first, *last],
    };
    chosen.into_iter().filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

/// One of six tints, always the same for the same name.
#[must_use]
pub fn tint(name: &str) -> usize {
    // FNV-1a: even for short names, and stable between versions of Rust.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ hash >> 15) as usize % 6
}
