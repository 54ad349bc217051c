//! The rows, as sea-orm sees them. They never leave this crate: repositories answer in nouns.
//!
//! JSON is text and is parsed by the repositories, so that both databases hold the same bytes and the
//! order of keys survives.

// The derives put public items into these private modules.
#![allow(unreachable_pub)]

/// What every entity needs and none of ours uses: joins are written out where they are needed.
macro_rules! no_relations {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    };
}

mod config;
mod log;
mod oauth;
mod people;
mod sessions;
mod work;

pub(crate) use config::{document, document_ref, installation, revision, revision_change};
pub(crate) use log::{change, decision, event};
pub(crate) use oauth::{code, device_code, login, oauth_token, published_key, pushed_request, used};
pub(crate) use people::{
    authenticator, consent, credential, group, group_parent, invitation, membership, password_history, reputation,
    static_code, token, user, user_count, user_role, user_search,
};
pub(crate) use sessions::{flow_token, proxy_session, session};
pub(crate) use work::{notification, schedule, task, worker};
