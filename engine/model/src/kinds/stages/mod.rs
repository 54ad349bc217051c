//! The stages: what a flow asks of a person, or does for one.

mod account;
mod credentials;
mod device_types;
mod factors;
mod mail;
mod outcome;
mod prompt;
mod services;
mod session;

pub use account::{InvitationStage, ResumeOnMatchFailure, SourceStage, UserDeleteStage};
pub use credentials::{IdentificationStage, PasswordBackend, PasswordStage, UserField};
pub use device_types::{DeviceType, device_type, device_types};
pub use factors::{
    AuthenticatorAttachment, AuthenticatorStaticStage, AuthenticatorTOTPStage, AuthenticatorValidateStage,
    AuthenticatorWebAuthnStage, DeviceClass, Digits, NotConfiguredAction, UserVerification, WebAuthnHint,
};
pub use mail::{AuthenticatorEmailStage, EMAIL_TEMPLATES, EmailStage};
pub use outcome::{ConsentMode, ConsentStage, DenyStage, DummyStage, RedirectMode, RedirectStage};
pub use prompt::{Prompt, PromptStage, PromptType, UserCreationMode, UserWriteStage};
pub use services::{
    AuthenticatorDuoStage, AuthenticatorSMSStage, CaptchaStage, RequestContentType, SmsAuthType, SmsProvider,
};
pub use session::{GeoipBinding, NetworkBinding, UserLoginStage, UserLogoutStage};

/// Kinds of stages that are kept and checked, and that this version cannot run: a flow that reaches one denies.
const LATER: [&str; 1] = ["source_stage"];

/// Whether this version only keeps stages of this kind, and a flow that reaches one denies.
#[must_use]
pub fn is_later_stage(kind: &str) -> bool {
    LATER.contains(&kind)
}

/// A stage's metadata differs in its names only.
macro_rules! stage_kind {
    ($ty:ty, $kind:literal, $word:literal, $schema:literal, $path:literal, $component:literal, $verbose:literal, $model:literal, [$($filter:expr),* $(,)?]) => {
        impl crate::Kind for $ty {
            const META: crate::Meta = crate::Meta {
                kind: $kind,
                word: $word,
                family: crate::Family::Stage,
                schema: $schema,
                path: $path,
                lookup: crate::Lookup::Uuid("stage_uuid"),
                component: $component,
                verbose_name: concat!($verbose, " Stage"),
                verbose_name_plural: concat!($verbose, " Stages"),
                model: $model,
                search: &["name"],
                filters: &[crate::kind::exact("name"), $($filter),*],
                ordering: "name",
                bindable: false,
            };

            fn identifier(&self) -> String {
                self.name.clone()
            }

            fn check(&self, problems: &mut crate::Problems) {
                self.check_fields(problems);
            }
        }
        crate::kinds::target!($ty);
    };
}
use stage_kind;
