//! May this person use this client? Asked whenever something is issued, and again at every renewal: who
//! lost the group loses the next token.

use lockgate_identity::{Identity, config::Client, config::Snapshot, net::Client as Peer, principals::PrincipalEntry};
use lockgate_policies::{Decision, Facts, Login};
use serde_json::{Map, Value};

/// A question about a client.
pub(crate) struct Question<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) peer: &'a Peer,
    pub(crate) client: &'a Client,
    pub(crate) who: &'a PrincipalEntry,
    /// How the person proved who they are.
    pub(crate) login: &'a Login,
    /// `oauth_scopes` and the like, for expressions.
    pub(crate) context: &'a Map<String, Value>,
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
}

impl Question<'_> {
    /// Decides, and notes a refusal. A permission is noted by who acts on it, when it is worth it.
    pub(crate) async fn decide(&self) -> Decision {
        let facts = Facts {
            ip: Some(self.peer.ip),
            path: self.path,
            host: &self.peer.host,
            method: self.method,
            user_agent: &self.peer.user_agent,
            context: self.context,
            ..Facts::at(self.identity.clock.now()).with_login(self.login)
        };
        let access = &self.identity.access;
        let decision = access.app(self.snapshot, Some(self.who), &self.client.app_slug, &facts).await;
        access.keep(&decision, Some(self.who), &self.client.app_slug, &facts);
        if !decision.allow {
            access.retire(self.snapshot, &decision, Some(self.who)).await;
            access.record(self.snapshot, &decision, Some(self.who), self.peer.ip, &self.client.app_slug);
        }
        decision
    }
}
