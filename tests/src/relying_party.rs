//! What a visitor does for an application that signs people in elsewhere: walk
//! from the authorize endpoint to the application's redirect address.

use url::Url;

use crate::{Client, Executor, FlowEnd, query_of};

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
    /// signs in and approves.
    ///
    /// # Panics
    /// When that does not end on the page that says so.
    pub async fn approve_device(&self, url: &str, username: &str, password: &str) {
        let mut next = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let mut passed = Vec::new();
        for _ in 0..MOST_STEPS {
            passed.push(next.to_string());
            let journey = self.open(next.as_str()).await;
            let flow = Executor::at(self, journey.url())
                .unwrap_or_else(|| panic!("{passed:#?} ends in {}:\n{}", journey.reply.status, journey.reply.text()));
            match flow.login(username, password).await {
                FlowEnd::Page(_) => return,
                end => {
                    let to = end.redirect();
                    next = flow.page().join(&to).unwrap_or_else(|error| panic!("{to}: {error}"));
                }
            }
        }
        panic!("the way does not end: {passed:#?}");
    }
}

/// Whether an address is the one given, whatever its query and fragment are.
fn is_at(url: &Url, address: &str) -> bool {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    bare.as_str() == address
}
