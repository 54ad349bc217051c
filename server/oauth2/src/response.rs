//! The answer to the client, in its response mode, with the issuer's name in it against mix-up (RFC 6749,
//! sections 4.1.2 and 4.1.2.1; Multiple Response Types, section 2.1; Form Post Response Mode; RFC 9207).

use crate::request::{AuthorizeError, ResponseMode};
use url::{Url, form_urlencoded::Serializer};

/// Where an answer goes, and what every answer holds.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The proven redirect URI.
    pub url: &'a Url,
    /// How the answer travels.
    pub mode: ResponseMode,
    /// Echo for the client.
    pub state: Option<&'a str>,
    /// `iss`.
    pub issuer: &'a str,
}

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The browser is sent there.
    Redirect(Url),
    /// The browser posts a form there.
    Post {
        /// Where.
        url: Url,
        /// Its fields.
        fields: Vec<(String, String)>,
    },
}

impl Target<'_> {
    /// The answer with these members.
    #[must_use]
    pub fn answer(&self, members: &[(&str, &str)]) -> Answer {
        let mut all = members.to_vec();
        all.extend(self.state.map(|state| ("state", state)));
        all.push(("iss", self.issuer));
        let mut url = self.url.clone();
        match self.mode {
            ResponseMode::Query => {
                url.query_pairs_mut().extend_pairs(all);
            }
            ResponseMode::Fragment => {
                let text = Serializer::new(String::new()).extend_pairs(all).finish();
                url.set_fragment(Some(&text));
            }
            ResponseMode::FormPost => {
                let fields = all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                return Answer::Post { url, fields };
            }
        }
        Answer::Redirect(url)
    }

    /// The answer that something is wrong.
    #[must_use]
    pub fn failure(&self, error: &AuthorizeError) -> Answer {
        self.answer(&[("error", error.code), ("error_description", &error.description)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_the_address_and_hides_nothing_in_the_state() {
        let url = Url::parse("https://app.test/cb?x=1").expect("an address");
        let state = "s&t=u#v\r\nSet-Cookie: a=b";
        let target = |mode| Target { url: &url, mode, state: Some(state), issuer: "https://auth.test/" };
        let encoded = "code=C0de&state=s%26t%3Du%23v%0D%0ASet-Cookie%3A+a%3Db&iss=https%3A%2F%2Fauth.test%2F";
        let redirect = |mode| match target(mode).answer(&[("code", "C0de")]) {
            Answer::Redirect(to) => to.to_string(),
            Answer::Post { .. } => String::new(),
        };
        assert_eq!(redirect(ResponseMode::Query), format!("https://app.test/cb?x=1&{encoded}"));
        assert_eq!(redirect(ResponseMode::Fragment), format!("https://app.test/cb?x=1#{encoded}"));
        let posted = target(ResponseMode::FormPost).failure(&AuthorizeError::server_error());
        let Answer::Post { url: to, fields } = posted else { panic!("a form") };
        assert_eq!(to, url);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["error", "error_description", "state", "iss"]);
        assert_eq!(fields[2].1, state);
    }
}
