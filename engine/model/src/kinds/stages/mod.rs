//! The stages: what a flow asks of a person, or does for one.

mod credentials;
mod outcome;
mod prompt;
mod session;

pub use credentials::{IdentificationStage, PasswordBackend, PasswordStage, UserField};
pub use outcome::{ConsentMode, ConsentStage, DenyStage, DummyStage, RedirectMode, RedirectStage};
pub use prompt::{Prompt, PromptStage, PromptType, UserCreationMode, UserWriteStage};
pub use session::{GeoipBinding, NetworkBinding, UserLoginStage, UserLogoutStage};

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
