//! What the OAuth2 provider keeps: codes, tokens and their families, device codes, pushed requests,
//! identifiers that count once, published keys, and who is signed in where.

mod codes;
mod devices;
mod grant_list;
mod issue;
mod keys;
mod logins;
mod once;
mod tokens;

pub use codes::{AuthorizationCode, Codes, NewCode, Redemption};
pub use devices::{DeviceCode, DeviceCodes, DeviceState, NewDeviceCode, Polling};
pub use grant_list::GrantFilter;
pub use issue::{Issue, Issued};
pub use keys::{PublishedKey, PublishedKeys};
pub use logins::{Login, Logins};
pub use once::{Once, PushedRequest};
pub use tokens::{NewOAuthToken, OAuthToken, OAuthTokens, TokenKind};
