//! The widget of a captcha: somebody else's script on one page of ours, and what the browser has to permit for it.

use super::Person;
use url::Url;

/// What a page needs to start a widget. Its token is sent as a field of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Widget {
    /// Name of the field that the token is sent as.
    pub field: &'static str,
    /// The script that brings the widget.
    pub script: String,
    /// The key that the widget is shown with.
    pub site_key: String,
    /// The person has to do something for it.
    pub interactive: bool,
}

/// `ak-stage-captcha`: are you a person?
#[derive(Debug, Clone, Default)]
pub struct Captcha {
    /// Whom the flow is about.
    pub person: Person,
    /// The widget.
    pub widget: Widget,
}

/// Where the parts of a widget come from, as sources of a Content-Security-Policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Scripts.
    pub scripts: Vec<String>,
    /// Frames.
    pub frames: Vec<String>,
    /// Where scripts send requests to.
    pub requests: Vec<String>,
    /// Style sheets.
    pub styles: Vec<String>,
}

/// What the providers say that their widgets need, by the host of the script. Whoever is not here has all of it at the
/// script's own origin.
const PROVIDERS: [Provider; 4] = [
    // https://developers.google.com/recaptcha/docs/faq
    Provider {
        hosts: &["www.google.com", "google.com"],
        scripts: &["https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/"],
        frames: &["https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"],
        requests: &["https://www.google.com/recaptcha/"],
        styles: &[],
    },
    Provider {
        hosts: &["www.recaptcha.net", "recaptcha.net"],
        scripts: &["https://www.recaptcha.net/recaptcha/", "https://www.gstatic.com/recaptcha/"],
        frames: &["https://www.recaptcha.net/recaptcha/"],
        requests: &["https://www.recaptcha.net/recaptcha/"],
        styles: &[],
    },
    // https://docs.hcaptcha.com/#content-security-policy-settings
    Provider {
        hosts: &["js.hcaptcha.com", "hcaptcha.com", "www.hcaptcha.com"],
        scripts: &["https://hcaptcha.com", "https://*.hcaptcha.com"],
        frames: &["https://hcaptcha.com", "https://*.hcaptcha.com"],
        requests: &["https://hcaptcha.com", "https://*.hcaptcha.com"],
        styles: &["https://hcaptcha.com", "https://*.hcaptcha.com"],
    },
    // https://developers.cloudflare.com/turnstile/reference/content-security-policy/
    Provider {
        hosts: &["challenges.cloudflare.com"],
        scripts: &["https://challenges.cloudflare.com"],
        frames: &["https://challenges.cloudflare.com"],
        requests: &[],
        styles: &[],
    },
];

struct Provider {
    hosts: &'static [&'static str],
    scripts: &'static [&'static str],
    frames: &'static [&'static str],
    requests: &'static [&'static str],
    styles: &'static [&'static str],
}

impl Widget {
    /// Where its parts come from. Nothing for an address that is none.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let Ok(url) = Url::parse(&self.script) else { return Sources::default() };
        if !matches!(url.scheme(), "http" | "https") {
            return Sources::default();
        }
        let host = url.host_str().unwrap_or_default();
        let list = |all: &[&str]| all.iter().map(|source| (*source).to_owned()).collect();
        match PROVIDERS.iter().find(|known| url.scheme() == "https" && known.hosts.contains(&host)) {
            Some(known) => Sources {
                scripts: list(known.scripts),
                frames: list(known.frames),
                requests: list(known.requests),
                styles: list(known.styles),
            },
            None => {
                let own = vec![url.origin().ascii_serialization()];
                Sources { scripts: own.clone(), frames: own.clone(), requests: own, styles: Vec::new() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(script: &str) -> Sources {
        Widget { script: script.to_owned(), ..Widget::default() }.sources()
    }

    #[test]
    fn a_widget_is_permitted_what_its_provider_needs_and_no_more() {
        let turnstile = sources("https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit");
        assert_eq!(turnstile.scripts, ["https://challenges.cloudflare.com"]);
        assert_eq!(turnstile.frames, turnstile.scripts);
        assert!(turnstile.requests.is_empty() && turnstile.styles.is_empty());
        let recaptcha = sources("https://www.recaptcha.net/recaptcha/api.js");
        assert!(recaptcha.scripts.iter().all(|source| source.ends_with("/recaptcha/")), "no other script of that host");
        assert!(sources("https://js.hcaptcha.com/1/api.js").styles.contains(&"https://*.hcaptcha.com".to_owned()));
        let own = sources("https://captcha.example.com:8443/api.js?x=; script-src *");
        assert_eq!(own.scripts, ["https://captcha.example.com:8443"]);
        // Only the provider itself has what it needs at other hosts.
        assert_eq!(sources("http://www.google.com/x.js").scripts, ["http://www.google.com"]);
        assert_eq!(sources("javascript:alert(1)"), Sources::default());
        assert_eq!(sources("nowhere"), Sources::default());
    }
}
