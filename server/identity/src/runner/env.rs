//! The engine's ports for one request.

use super::{
    Visit,
    decide::{Decider, Judge},
    mail_ports::Post,
    ports::Ports,
};
use lockgate_engine::StepEnv;

impl Visit<'_> {
    pub(super) async fn with_env<T>(&self, work: impl AsyncFnOnce(&StepEnv<'_>) -> T) -> T {
        self.with_judge(self.core, work).await
    }

    /// With somebody of one's own who puts questions to the policies.
    pub(super) async fn with_judge<T>(&self, judge: &dyn Judge, work: impl AsyncFnOnce(&StepEnv<'_>) -> T) -> T {
        let acted_as = self.session.as_ref().filter(|s| s.original_pk.is_some()).and_then(|s| s.user_pk);
        let (mfa_token, device_token) = (self.mfa_token, self.device_token);
        let ports = Ports { core: self.core, client: self.client, acted_as, mfa_token, device_token };
        let post = Post { core: self.core, snapshot: self.snapshot, client: self.client };
        let login = self.session.as_ref().filter(|s| s.user_pk.is_some()).map(crate::sessions::login_of);
        let decider = Decider { judge, snapshot: self.snapshot, setup_open: self.setup_open, login };
        let env = StepEnv {
            directory: &ports,
            credentials: &ports,
            factors: &ports,
            passkeys: &ports,
            captchas: &ports,
            consents: &ports,
            invitations: &ports,
            mail: &post,
            sms: &post,
            duo: &post,
            decide: &decider,
            events: &ports,
            random: &*self.core.random,
            request: &self.facts,
            brand: &self.brand,
            session: self.who.as_ref().map(|p| &**p.principal()),
        };
        work(&env).await
    }
}
