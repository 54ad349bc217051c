//! Everything that outlives a request: sea-orm entities and repositories over SQLite and PostgreSQL.
//!
//! [`Store`] is cheap to clone and hands out one repository per kind of thing: `store.users()`,
//! `store.sessions()`, … Their methods are plain questions and commands; each is one transaction,
//! bounded in time, and leaves behind a note in the log of changes ([`Changes`]) from which every node
//! learns what to forget. The two databases behave alike, which one conformance suite proves.
//!
//! What may not enter this room: HTTP, decisions about who may do what, password hashing, clocks (the
//! time is an argument everywhere) and anything that knows what a configuration document means.
//! Secrets are kept as SHA-256 where they only need to be recognised ([`hash_secret`]) and sealed where
//! they must be read again ([`SealKey`]).

mod accounts;
mod authenticators;
mod changes;
mod connect;
mod consents;
mod decisions;
mod directory;
mod document_row;
mod documents;
mod entity;
mod error;
mod events;
mod expired;
mod factors;
mod figures;
mod flow_tokens;
mod group_filter;
mod groups;
mod held;
mod history;
mod installation;
mod invitations;
mod json_text;
mod leavings;
mod membership;
mod messages;
mod notifications;
mod oauth;
mod paging;
mod password_history;
mod principal;
mod proxy_sessions;
mod pulled;
mod redis;
mod reputation;
mod reseal;
mod roles;
mod schema;
mod seal;
mod session_list;
mod sessions;
mod setup;
mod store;
mod tasks;
mod text;
mod tokens;
mod transfer;
mod user_filter;
mod user_pages;
mod user_places;
mod users;
mod vitals;

pub use accounts::DeclaredAccount;
pub use authenticators::{
    Authenticator, AuthenticatorFilter, AuthenticatorKind, Authenticators, NewAuthenticator, NewProof,
};
pub use changes::{Change, ChangeCursor, Changes, Polled, Topic};
pub use connect::DatabaseSettings;
pub use consents::{Consent, ConsentFilter, Consents, NewConsent};
pub use decisions::{DecisionFilter, DecisionRecord, Decisions};
pub use documents::{ConfigChange, DocumentRef, Documents, Revision, RevisionMeta, RevisionOrigin, SealedFields};
pub use error::StoreError;
pub use events::{AppFigures, Event, EventFilter, EventPerson, EventPlace, Events, HourFigures};
pub use factors::Failures;
pub use figures::{Figures, PeopleFigures};
pub use flow_tokens::{FlowToken, FlowTokenContent, FlowTokenMade, FlowTokens, NewFlowToken, SendLimit};
pub use group_filter::GroupFilter;
pub use groups::{GroupPatch, Groups, NewGroup};
pub use history::{Changed, KEPT_REVISIONS};
pub use installation::{Installation, LOG};
pub use invitations::{Invitation, InvitationFilter, InvitationPatch, Invitations};
pub use json_text::JsonText;
pub use membership::Membership;
pub use messages::Messages;
pub use notifications::{Notification, NotificationFilter, Notifications};
pub use oauth::{
    AuthorizationCode, Codes, DeviceCode, DeviceCodes, DeviceState, GrantFilter, Issue, Issued, Login, Logins, NewCode,
    NewDeviceCode, NewOAuthToken, OAuthToken, OAuthTokens, Once, Polling, PublishedKey, PublishedKeys, PushedRequest,
    Redemption, TokenKind,
};
pub use paging::Page;
pub use principal::{principal_of, user_uid};
pub use proxy_sessions::{ProxySession, ProxySessions};
pub use pulled::{Pull, PulledCommit};
pub use redis::{Quota, Redis, RedisAddressError, SessionCopy};
pub use reputation::{Reputation, ReputationFilter, ReputationSums, Reputations, ScoreRules};
pub use reseal::{Resealed, ResealedTable};
pub use roles::Roles;
pub use schema::MigrationState;
pub use seal::{SealKey, hash_secret, plan_place, task_place};
pub use session_list::SessionFilter;
pub use sessions::{LoginScore, Session, Sessions};
pub(crate) use store::Lock;
pub use store::{Backend, Load, Store, Watch};
pub use tasks::{
    Schedule, ScheduleFilter, Schedules, Task, TaskEnd, TaskFilter, TaskLine, TaskOutcome, TaskState, Tasks, Worker,
    Workers,
};
pub use tokens::{Token, TokenFilter, TokenIntent, TokenPatch, Tokens};
pub use transfer::{
    BackupFile, FileError, LEFT, Restored, TableReport, TransferError, Transferred, TurnBack, copy, turn_back,
};
pub use user_filter::{DateFilter, UserFilter};
pub use users::{Case, NewUser, UserPatch, Users};
pub use vitals::Vitals;
