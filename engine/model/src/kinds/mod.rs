//! The declarations, one file a noun, and the list of them all.

pub mod application;
pub mod bindings;
pub mod blueprint;
pub mod brand;
pub mod entitlement;
pub mod flow;
pub mod folder;
pub mod key_pair;
pub mod notification;
pub mod oauth2_provider;
pub mod object_attribute;
pub mod outpost;
pub mod policy;
pub mod proxy_provider;
pub mod role;
pub mod scope_mapping;
pub mod service_account;
pub mod settings;
pub mod stages;

use crate::kind::KindDef;

pub use application::Application;
pub use bindings::{FlowStageBinding, InvalidResponseAction, PolicyBinding};
pub use blueprint::{BlueprintInstance, BlueprintStatus};
pub use brand::Brand;
pub use entitlement::ApplicationEntitlement;
pub use flow::{DeniedAction, Flow, FlowAuthentication, FlowDesignation, FlowLayout, PolicyEngineMode};
pub use folder::{CedarFile, LinkedPrincipal, LinkedResource, PolicyLink};
pub use key_pair::CertificateKeyPair;
pub use notification::{
    NotificationRule, NotificationSeverity, NotificationTransport, NotificationWebhookMapping, TransportMode,
};
pub use oauth2_provider::{
    ClientType, GrantType, IssuerMode, LogoutMethod, MatchingMode, OAuth2Provider, RedirectUri, RedirectUriType,
    SubMode,
};
pub use object_attribute::{AttributeOwner, AttributeType, ObjectAttribute};
pub use outpost::{Outpost, OutpostType};
pub use policy::{
    CedarPolicy, DummyPolicy, EventActions, EventMatcherPolicy, ExpressionPolicy, GeoIPPolicy, PasswordExpiryPolicy,
    PasswordPolicy, ReputationPolicy, UniquePasswordPolicy,
};
pub use proxy_provider::{ProxyMode, ProxyProvider};
pub use role::{Codename, InitialPermissions, ObjectPermission, Role};
pub use scope_mapping::ScopeMapping;
pub use service_account::ServiceAccount;
pub use settings::{DefaultAccess, FolderSettings, FooterLink, KeptFlags};
pub use stages::*;

/// One line a kind. The order is that of references: what is pointed at comes first.
pub(crate) const ALL: &[KindDef] = &[
    KindDef::of::<Flow>(),
    KindDef::of::<IdentificationStage>(),
    KindDef::of::<PasswordStage>(),
    KindDef::of::<UserLoginStage>(),
    KindDef::of::<UserLogoutStage>(),
    KindDef::of::<UserWriteStage>(),
    KindDef::of::<Prompt>(),
    KindDef::of::<PromptStage>(),
    KindDef::of::<ConsentStage>(),
    KindDef::of::<DenyStage>(),
    KindDef::of::<DummyStage>(),
    KindDef::of::<RedirectStage>(),
    KindDef::of::<InvitationStage>(),
    KindDef::of::<UserDeleteStage>(),
    KindDef::of::<SourceStage>(),
    KindDef::of::<EmailStage>(),
    KindDef::of::<CaptchaStage>(),
    KindDef::of::<AuthenticatorTOTPStage>(),
    KindDef::of::<AuthenticatorStaticStage>(),
    KindDef::of::<AuthenticatorWebAuthnStage>(),
    KindDef::of::<AuthenticatorEmailStage>(),
    KindDef::of::<AuthenticatorSMSStage>(),
    KindDef::of::<AuthenticatorDuoStage>(),
    KindDef::of::<AuthenticatorValidateStage>(),
    KindDef::of::<FlowStageBinding>(),
    KindDef::of::<ExpressionPolicy>(),
    KindDef::of::<CedarPolicy>(),
    KindDef::of::<DummyPolicy>(),
    KindDef::of::<EventMatcherPolicy>(),
    KindDef::of::<GeoIPPolicy>(),
    KindDef::of::<PasswordPolicy>(),
    KindDef::of::<PasswordExpiryPolicy>(),
    KindDef::of::<ReputationPolicy>(),
    KindDef::of::<UniquePasswordPolicy>(),
    KindDef::of::<ServiceAccount>(),
    KindDef::of::<ScopeMapping>(),
    KindDef::of::<CertificateKeyPair>(),
    KindDef::of::<OAuth2Provider>(),
    KindDef::of::<ProxyProvider>(),
    KindDef::of::<Application>(),
    KindDef::of::<ApplicationEntitlement>(),
    KindDef::of::<NotificationWebhookMapping>(),
    KindDef::of::<NotificationTransport>(),
    KindDef::of::<NotificationRule>(),
    KindDef::of::<PolicyBinding>(),
    KindDef::of::<Outpost>(),
    KindDef::of::<Brand>(),
    KindDef::of::<Role>(),
    KindDef::of::<InitialPermissions>(),
    KindDef::of::<ObjectAttribute>(),
    KindDef::of::<BlueprintInstance>(),
    KindDef::of::<CedarFile>(),
    KindDef::of::<PolicyLink>(),
    KindDef::of::<FolderSettings>(),
];

/// For `#[serde(default = "yes")]`.
pub(crate) fn yes() -> bool {
    true
}

/// Marks a struct as the target of references of its own kind.
macro_rules! target {
    ($ty:ty) => {
        impl crate::RefTarget for $ty {
            const TARGET: &'static str = <$ty as crate::Kind>::META.kind;
        }
    };
}
pub(crate) use target;
