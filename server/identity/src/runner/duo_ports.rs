//! The engine's port to Duo.

use super::{
    FlowRunner,
    mail_ports::{Post, minutes},
    session_data::SessionData,
};
use crate::{
    Core,
    config::Snapshot,
    duo::{Api, Preauth},
};
use async_trait::async_trait;
use lockgate_engine::ports::{
    Duo, DuoEnrolment, DuoProgress, Factor, PortError, Push, PushAnswer, Pushed, RequestFacts,
};
use lockgate_model::{User, kinds::AuthenticatorDuoStage};
use lockgate_store::{Authenticator, AuthenticatorKind, StoreError, plan_place};
use std::{net::IpAddr, time::Duration};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// How long one request waits for what somebody says on their phone.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it rests before it asks Duo again.
const PAUSE: Duration = Duration::from_millis(500);

/// Requests that wait at once; others are told to come again.
static SEATS: Semaphore = Semaphore::const_new(100);

const UNABLE: &str = "Duo can’t be asked now. Please use another way, or ask an administrator for help.";

#[async_trait]
impl Duo for Post<'_> {
    async fn enrol(
        &self,
        settings: &AuthenticatorDuoStage,
        user: &User,
    ) -> Result<Result<DuoEnrolment, String>, PortError> {
        let api = Api::of(settings, self.core.clock.now());
        let begun = match api.enroll(&user.username).await {
            Err(error) if error.may_be_known() => api.known(&user.username, &self.client.ip.to_string()).await,
            begun => begun,
        };
        Ok(begun.map_err(|error| unable(&settings.name, &error)))
    }

    async fn progress(
        &self,
        (id, settings): (Uuid, &AuthenticatorDuoStage),
        user: i64,
        enrolment: &mut DuoEnrolment,
    ) -> Result<Result<DuoProgress, String>, PortError> {
        let (now, ip) = (self.core.clock.now(), self.client.ip.to_string());
        let api = Api::of(settings, now);
        if !enrolment.is_known() {
            return Ok(api.enroll_status(enrolment).await.map_err(|error| unable(&settings.name, &error)));
        }
        let push = match enrolment.push.take().filter(|push| now < push.until) {
            Some(push) => push,
            None => {
                if let Some(within) = self.core.count_push(id, user).await.map_err(PortError::from)? {
                    return Ok(Ok(DuoProgress::TooMany { minutes: minutes(within) }));
                }
                match api.push(&enrolment.user_id, &[("type", self.kind().as_str())], &ip).await {
                    Ok(id) => Push { id, until: now + Push::LIFE },
                    Err(error) => return Ok(Err(unable(&settings.name, &error))),
                }
            }
        };
        let said = self.said(settings, &push.id).await;
        enrolment.push = (said == PushAnswer::Waiting).then_some(push);
        Ok(Ok(match said {
            PushAnswer::Allowed => DuoProgress::Success,
            PushAnswer::Denied => DuoProgress::Denied,
            PushAnswer::TimedOut => DuoProgress::TimedOut,
            PushAnswer::Waiting => DuoProgress::Waiting,
        }))
    }

    async fn push(&self, user: i64, factor: &Factor, request: &RequestFacts) -> Result<Pushed, PortError> {
        let Some((stage, account)) = self.core.duo_of(self.snapshot, factor.pk).await? else {
            return Ok(Pushed::Unable(unable(&factor.name, &"the stage that set it up is gone")));
        };
        if let Some(within) = self.core.count_push(stage.0, user).await.map_err(PortError::from)? {
            tracing::warn!(user, "a phone was not asked: it was too often");
            return Ok(Pushed::TooMany { minutes: minutes(within) });
        }
        let (api, ip) = (Api::of(stage.1, self.core.clock.now()), request.ip.to_string());
        match api.preauth(&account.user_id, &ip).await {
            Ok(Preauth::Ask) => {}
            Ok(Preauth::No(why)) => return Ok(Pushed::Unable(unable(&factor.name, &why))),
            Err(error) => return Ok(Pushed::Unable(unable(&factor.name, &error))),
        }
        let kind = self.kind();
        let shown = [("type", kind.as_str()), ("display_username", account.username.as_str())];
        Ok(match api.push(&account.user_id, &shown, &ip).await {
            Ok(id) => Pushed::Asked(id),
            Err(error) => Pushed::Unable(unable(&factor.name, &error)),
        })
    }

    async fn answer(&self, factor: &Factor, push: &str) -> Result<PushAnswer, PortError> {
        let Some((stage, account)) = self.core.duo_of(self.snapshot, factor.pk).await? else {
            return Ok(PushAnswer::Denied);
        };
        let said = self.said(stage.1, push).await;
        if said == PushAnswer::Allowed {
            let now = self.core.clock.now();
            let used = self.core.store.authenticators().note_use(&account.authenticator, None, now).await;
            used.map_err(PortError::from)?;
        }
        Ok(said)
    }
}

impl Post<'_> {
    /// What a phone says that it is about.
    fn kind(&self) -> String {
        format!("{} sign-in", self.snapshot.brand_facts(&self.client.host).title).trim_start().to_owned()
    }

    /// What somebody says on their phone, who is waited for a while.
    async fn said(&self, stage: &AuthenticatorDuoStage, push: &str) -> PushAnswer {
        let Ok(_seat) = SEATS.try_acquire() else {
            // Who waits asks again at once.
            self.core.steps.aside(tokio::time::sleep(PAUSE)).await;
            return PushAnswer::Waiting;
        };
        let waiting = async {
            loop {
                match Api::of(stage, self.core.clock.now()).auth_status(push).await {
                    Ok(PushAnswer::Waiting) => {}
                    Ok(said) => return said,
                    // Trouble at Duo is no answer of the person's.
                    Err(error) => _ = unable(&stage.name, &error),
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        self.core.steps.aside(tokio::time::timeout(PATIENCE, waiting)).await.unwrap_or(PushAnswer::Waiting)
    }
}

impl FlowRunner<'_> {
    /// How far the phone is that this session sets up by a stage for Duo; `None` where it sets up none by it, or Duo
    /// cannot be asked.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn duo_progress(
        &self,
        session_token: &str,
        ip: IpAddr,
        stage: Uuid,
    ) -> Result<Option<DuoProgress>, StoreError> {
        let session = self.core.sessions.reload(session_token).await?;
        let session = session.filter(|session| self.core.bound_here(session, ip));
        let Some(plan) = session.and_then(|session| SessionData::read(&session.data).plan) else { return Ok(None) };
        let snapshot = self.core.config.snapshot();
        match snapshot.objects.typed::<AuthenticatorDuoStage>(stage) {
            Some(settings) => Ok(self.core.duo_progress((stage, settings), &plan).await),
            None => Ok(None),
        }
    }
}

/// Logs why Duo is of no use, and answers what people are told.
fn unable(what: &str, why: &dyn std::fmt::Display) -> String {
    tracing::warn!(what, %why, "Duo cannot be asked");
    UNABLE.to_owned()
}

/// What is known of somebody at Duo.
pub(crate) struct Account {
    authenticator: Authenticator,
    user_id: String,
    username: String,
}

impl Core {
    /// How Duo is asked about a factor, and as whom it knows its owner; nothing where the stage is gone.
    async fn duo_of<'s>(
        &self,
        snapshot: &'s Snapshot,
        factor: i64,
    ) -> Result<Option<((Uuid, &'s AuthenticatorDuoStage), Account)>, PortError> {
        let authenticators = self.store.authenticators();
        let known = authenticators.get(AuthenticatorKind::Duo, factor).await.map_err(PortError::from)?;
        let Some(known) = known else { return Ok(None) };
        let id = known.details.get("stage").and_then(|stage| Uuid::parse_str(stage.as_str()?).ok());
        let stage = id.and_then(|id| Some((id, snapshot.objects.typed::<AuthenticatorDuoStage>(id)?)));
        let (user_id, _) = authenticators.secret(factor).await.map_err(PortError::from)?;
        let owner = self.store.users().get(known.user_pk).await.map_err(PortError::from)?;
        let account = |owner: User| Account { authenticator: known, user_id, username: owner.username };
        Ok(stage.zip(owner.map(account)).filter(|(_, account)| !account.user_id.is_empty()))
    }

    /// Whether Duo takes a passcode of a factor. It is used up there.
    pub(crate) async fn take_duo_code(&self, factor: &Factor, code: &str) -> Result<bool, PortError> {
        let figures = (6..=16).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        let snapshot = self.config.snapshot();
        let Some((stage, account)) = self.duo_of(&snapshot, factor.pk).await?.filter(|_| figures) else {
            return Ok(false);
        };
        let now = self.clock.now();
        let taken = Api::of(stage.1, now).passcode(&account.user_id, code).await.unwrap_or_else(|error| {
            unable(&factor.name, &error);
            false
        });
        if taken {
            let used = self.store.authenticators().note_use(&account.authenticator, None, now).await;
            used.map_err(PortError::from)?;
        }
        Ok(taken)
    }

    /// How far the phone is that a plan has begun to set up by this stage.
    async fn duo_progress(
        &self,
        (id, stage): (Uuid, &AuthenticatorDuoStage),
        plan: &lockgate_engine::Plan,
    ) -> Option<DuoProgress> {
        let context = &plan.context;
        let (user, sealed) = (context.pending.as_ref()?.pk?, context.setting_up.get(&id)?);
        let opened = self.store.seal_key().open(&plan_place(user), sealed).ok()?;
        let enrolment: DuoEnrolment = serde_json::from_slice(&opened).ok()?;
        if enrolment.is_known() {
            return Some(DuoProgress::Waiting);
        }
        let said = Api::of(stage, self.clock.now()).enroll_status(&enrolment).await;
        said.inspect_err(|error| _ = unable(&stage.name, error)).ok()
    }
}
