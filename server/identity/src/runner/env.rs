//! The engine's ports for one request.

use super::{
    Visit,
    decide::{Decider, Judge},
    mail_ports::Post,
    ports::Ports,
};
use lockgate_engine::{
    StepEnv,
    ports::{BrandFacts, Decide, RequestFacts},
};
use lockgate_model::Principal;

impl Visit<'_> {
    pub(super) async fn with_env<T>(&self, work: impl AsyncFnOnce(&StepEnv<'_>) -> T) -> T {
        self.with_judge(self.core, work).await
    }

    /// With somebody of one's own who puts questions to the policies.
    pub(super) async fn with_judge<T>(&self, judge: &dyn Judge, work: impl AsyncFnOnce(&StepEnv<'_>) -> T) -> T {
        let acted_as = self.session.as_ref().filter(|s| s.original_pk.is_some()).and_then(|s| s.user_pk);
        let (mfa_token, device_token) = (self.mfa_token, self.device_token);
        let (core, client, setup_open) = (self.core, self.client, self.setup_open);
        let ports = Ports { core, client, acted_as, setup_open, mfa_token, device_token };
        let post = Post { core: self.core, snapshot: self.snapshot, client: self.client };
        let login = self.session.as_ref().filter(|s| s.user_pk.is_some()).map(crate::sessions::login_of);
        let decider = Decider { judge, snapshot: self.snapshot, setup_open: self.setup_open, login };
        let known = (&self.facts, &self.brand, self.who.as_ref().map(|p| &**p.principal()));
        let env = ports.env(&post, &decider, known);
        work(&env).await
    }
}

impl Ports<'_> {
    /// These, with how things are sent, who decides, and what is known of the request, of its host and of who is signed
    /// in.
    pub(super) fn env<'e>(
        &'e self,
        post: &'e Post<'_>,
        decide: &'e dyn Decide,
        (request, brand, session): (&'e RequestFacts, &'e BrandFacts, Option<&'e Principal>),
    ) -> StepEnv<'e> {
        StepEnv {
            directory: self,
            credentials: self,
            factors: self,
            passkeys: self,
            captchas: self,
            consents: self,
            invitations: self,
            mail: post,
            sms: post,
            duo: post,
            decide,
            events: self,
            random: &*self.core.random,
            request,
            brand,
            session,
        }
    }
}
