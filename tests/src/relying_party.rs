//! What a visitor does for an application that signs people in elsewhere: walk
//! from the authorize endpoint to the application's redirect address.

use reqwest::Method;
use url::Url;

use crate::{Client, Executor, Reply, query_of};

/// Redirects and flows passed before the way counts as endless.
const MOST_STEPS: usize = 16;

/// The visitor's return to the application: the address that a browser would
/// ask next, which nobody needs to serve.
#[derive(Debug, Clone)]
pub struct Callback(Url);

impl Callback {
    /// The whole address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Decoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        query_of(&self.0, name)
    }

    /// The authorization code.
    ///
    /// # Panics
    /// When the provider has sent none.
    #[track_caller]
    pub fn code(&self) -> String {
        self.query("code").unwrap_or_else(|| panic!("no code: {}", self.0))
    }
}

impl Client {
    /// Opens an address of the provider and goes on, signing in and consenting
    /// where a flow asks for it, until the provider sends the visitor to
    /// `back`.
    ///
    /// # Panics
    /// When the way ends elsewhere, with the page's text.
    pub async fn sent_back(&self, url: &str, back: &str, username: &str, password: &str) -> Callback {
        let mut next = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let mut passed = Vec::new();
        for _ in 0..MOST_STEPS {
            if is_at(&next, back) {
                return Callback(next);
            }
            passed.push(next.to_string());
            let to = match Executor::at(self, &next) {
                Some(flow) => flow.login(username, password).await.redirect(),
                None => {
                    let reply = self.get(next.as_str()).await;
                    let to = reply.location().filter(|_| (300..400).contains(&reply.status));
                    to.unwrap_or_else(|| panic!("{passed:#?} ends in {}:\n{}", reply.status, reply.text()))
                }
            };
            next = next.join(&to).unwrap_or_else(|error| panic!("{to}: {error}"));
        }
        panic!("the way does not end: {passed:#?}");
    }

    /// Does what a device asks of its user: opens the address that it shows,
    /// signs in where a flow asks for it, and allows what the page asks.
    ///
    /// # Panics
    /// When that does not end on the page that says so.
    pub async fn approve_device(&self, url: &str, username: &str, password: &str) {
        let journey = self.open_signing_in(url, username, password).await;
        let page = journey.reply.expect(200).text();
        let field = |name: &str| field_of(&page, name).unwrap_or_else(|| panic!("the page has no {name}:\n{page}"));
        let (code, csrf) = (field("code"), field("csrf_token"));
        let form = [("code", code.as_str()), ("csrf_token", csrf.as_str()), ("decision", "allow")];
        let mut address = journey.hops[journey.hops.len() - 1].url.clone();
        address.set_query(None);
        let done = Reply::of(self.request(Method::POST, address.as_str()).form(&form)).await.expect(200).text();
        assert!(field_of(&done, "csrf_token").is_none(), "the page asks again:\n{done}");
    }
}

/// Value of a page's input field.
fn field_of(page: &str, name: &str) -> Option<String> {
    let named = format!("name=\"{name}\"");
    let tag =
        page.split("<input").skip(1).filter_map(|rest| rest.split('>').next()).find(|tag| tag.contains(&named))?;
    let (_, value) = tag.split_once("value=\"")?;
    value.split('"').next().map(str::to_owned)
}

/// Whether an address is the one given, whatever its query and fragment are.
fn is_at(url: &Url, address: &str) -> bool {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    bare.as_str() == address
}
