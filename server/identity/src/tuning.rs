//! The settings of the installation, for services that know nothing else of the configuration.

use arc_swap::ArcSwap;
use chrono::TimeDelta;
use lockgate_model::kinds::FolderSettings;
use std::sync::Arc;

/// The settings in force; whoever holds one sees every change.
#[derive(Debug, Clone, Default)]
pub struct Tuning(Arc<ArcSwap<FolderSettings>>);

impl Tuning {
    /// The settings in force.
    #[must_use]
    pub fn now(&self) -> Arc<FolderSettings> {
        self.0.load_full()
    }

    /// How long a token lasts when nobody says otherwise.
    #[must_use]
    pub fn token_life(&self) -> TimeDelta {
        self.now().default_token_duration.delta()
    }

    pub(crate) fn set(&self, settings: Arc<FolderSettings>) {
        self.0.store(settings);
    }
}
