//! Flows made ready to run: every reference followed, once per configuration.

use lockgate_model::{
    Kind, Object, ObjectSet, Ref,
    kinds::{
        AuthenticatorDuoStage, AuthenticatorEmailStage, AuthenticatorSMSStage, AuthenticatorStaticStage,
        AuthenticatorTOTPStage, AuthenticatorValidateStage, AuthenticatorWebAuthnStage, CaptchaStage, ConsentStage,
        DenyStage, DummyStage, EmailStage, Flow, FlowStageBinding, IdentificationStage, InvitationStage, PasswordStage,
        Prompt, PromptStage, RedirectMode, RedirectStage, UserDeleteStage, UserLoginStage, UserLogoutStage,
        UserWriteStage, is_later_stage,
    },
};
use thiserror::Error;
use uuid::Uuid;

/// A flow made ready to run.
#[derive(Debug, Clone)]
pub struct CompiledFlow {
    /// Primary key.
    pub id: Uuid,
    /// The flow itself.
    pub flow: Flow,
    /// Its stages, by ascending order.
    pub stages: Vec<CompiledStage>,
}

/// A stage at its place in a flow.
#[derive(Debug, Clone)]
pub struct CompiledStage {
    /// Primary key of the binding.
    pub binding_id: Uuid,
    /// The binding.
    pub binding: FlowStageBinding,
    /// Primary key of the stage.
    pub stage_id: Uuid,
    /// The stage.
    pub stage: Stage,
}

/// A stage of any kind, with what it refers to.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Who is it?
    Identification(Box<Identification>),
    /// The password.
    Password(PasswordStage),
    /// Signs in.
    UserLogin(Box<UserLoginStage>),
    /// Signs out.
    UserLogout(UserLogoutStage),
    /// Writes the account.
    UserWrite(UserWriteStage),
    /// Asks for data.
    Prompt(CompiledPrompts),
    /// Asks for consent.
    Consent(ConsentStage),
    /// Refuses.
    Deny(DenyStage),
    /// Does nothing.
    Dummy(DummyStage),
    /// Leads elsewhere.
    Redirect(RedirectTarget),
    /// Lets in who was invited.
    Invitation(InvitationStage),
    /// Deletes the account.
    UserDelete(UserDeleteStage),
    /// Asks for a second factor.
    Mfa(Box<Mfa>),
    /// Sets up an app that shows codes.
    EnrollTotp(AuthenticatorTOTPStage),
    /// Registers a passkey.
    EnrollWebAuthn(AuthenticatorWebAuthnStage),
    /// Gives out codes that each work once.
    EnrollStatic(AuthenticatorStaticStage),
    /// Sends a link that leads back into the flow.
    Email(Box<EmailStage>),
    /// Sets up an address that codes are sent to.
    EnrollEmail(Box<AuthenticatorEmailStage>),
    /// Sets up a phone number that codes are sent to.
    EnrollSms(Box<AuthenticatorSMSStage>),
    /// Sets up a phone that Duo asks.
    EnrollDuo(Box<AuthenticatorDuoStage>),
    /// Is it a person?
    Captcha(Box<CaptchaStage>),
    /// Is kept, and cannot be run by this version.
    Later(Later),
}

impl Stage {
    /// Whether it sets up a second factor.
    fn sets_up(&self) -> bool {
        matches!(
            self,
            Self::EnrollTotp(_)
                | Self::EnrollWebAuthn(_)
                | Self::EnrollStatic(_)
                | Self::EnrollEmail(_)
                | Self::EnrollSms(_)
                | Self::EnrollDuo(_)
        )
    }

    /// What people read instead of its name, if it says that.
    fn friendly_name(&self) -> Option<&str> {
        let name = match self {
            Self::EnrollTotp(stage) => &stage.friendly_name,
            Self::EnrollWebAuthn(stage) => &stage.friendly_name,
            Self::EnrollStatic(stage) => &stage.friendly_name,
            Self::EnrollEmail(stage) => &stage.friendly_name,
            Self::EnrollSms(stage) => &stage.friendly_name,
            Self::EnrollDuo(stage) => &stage.friendly_name,
            _ => return None,
        };
        (!name.is_empty()).then_some(name.as_str())
    }
}

/// A stage that this version cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// Its name.
    pub name: String,
    /// Its word in YAML.
    pub word: &'static str,
}

/// A stage that asks for a second factor, with what it refers to.
#[derive(Debug, Clone)]
pub struct Mfa {
    /// The stage.
    pub stage: AuthenticatorValidateStage,
    /// What may be set up where there is none.
    pub setups: Vec<Setup>,
}

/// A stage that sets up a second factor.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Primary key of the stage.
    pub id: Uuid,
    /// What people read.
    pub title: String,
    /// Name of its kind.
    pub verbose_name: &'static str,
    /// Its model.
    pub model: &'static str,
    /// The stage.
    pub stage: Stage,
}

/// An identification stage with what it refers to.
#[derive(Debug, Clone)]
pub struct Identification {
    /// The stage.
    pub stage: IdentificationStage,
    /// The password stage on the same page, with its primary key.
    pub password: Option<(Uuid, PasswordStage)>,
    /// The stage whose passkeys are taken on the same page, with its primary key.
    pub passkeys: Option<(Uuid, AuthenticatorValidateStage)>,
    /// The captcha on the same page, with its primary key.
    pub captcha: Option<(Uuid, Box<CaptchaStage>)>,
    /// Slug of the flow for people without an account.
    pub enrollment: Option<String>,
    /// Slug of the flow for people who forgot their password.
    pub recovery: Option<String>,
    /// Slug of the flow for signing in without a password.
    pub passwordless: Option<String>,
}

/// A prompt stage with its fields.
#[derive(Debug, Clone)]
pub struct CompiledPrompts {
    /// The stage.
    pub stage: PromptStage,
    /// Its fields with their primary keys, by order, then name.
    pub fields: Vec<(Uuid, Prompt)>,
    /// Primary keys of the policies that the answers must pass.
    pub policies: Vec<Uuid>,
}

/// Where a redirect stage leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectTarget {
    /// To an address.
    Address(String),
    /// To another flow.
    Flow {
        /// Primary key.
        id: Uuid,
        /// Slug.
        slug: String,
        /// Pass the context on.
        keep_context: bool,
    },
}

/// Why a flow cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompileError {
    /// No such object of the kind that is expected at this place.
    #[error("flow \"{flow}\": there is no {expected} with the id {id}")]
    Missing {
        /// Slug of the flow, or its id.
        flow: String,
        /// Kind that was expected.
        expected: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// A setting that this build cannot honour, and whose absence would make the flow weaker.
    #[error("flow \"{flow}\", stage \"{stage}\": {what}")]
    Unsupported {
        /// Slug of the flow.
        flow: String,
        /// Name of the stage.
        stage: String,
        /// What and why.
        what: &'static str,
    },
}

impl CompiledFlow {
    /// Whether it has a stage after which nobody is signed in any more.
    #[must_use]
    pub fn signs_out(&self) -> bool {
        self.stages.iter().any(|at| matches!(at.stage, Stage::UserLogout(_) | Stage::UserDelete(_)))
    }

    /// Makes the flow `id` ready to run.
    ///
    /// # Errors
    /// A dangling reference, or a setting that this build cannot honour.
    pub fn build(set: &ObjectSet, id: Uuid) -> Result<Self, CompileError> {
        let flow: Flow = Builder { set, flow: &id.to_string() }.get(id)?;
        let builder = Builder { set, flow: &flow.slug };
        let mut stages = Vec::new();
        for (object, binding) in set.all::<FlowStageBinding>() {
            if binding.target.0 == id {
                stages.push(builder.stage(object.document.id, binding)?);
            }
        }
        stages.sort_by_key(|s| (s.binding.order, s.binding_id));
        Ok(Self { id, flow, stages })
    }

    /// Makes every flow ready to run.
    ///
    /// # Errors
    /// The first flow that is not sound.
    pub fn build_all(set: &ObjectSet) -> Result<Vec<Self>, CompileError> {
        set.all::<Flow>().into_iter().map(|(object, _)| Self::build(set, object.document.id)).collect()
    }

    /// The stage at this binding.
    #[must_use]
    pub fn stage(&self, binding: Uuid) -> Option<&CompiledStage> {
        self.stages.iter().find(|s| s.binding_id == binding)
    }
}

struct Builder<'a> {
    set: &'a ObjectSet,
    flow: &'a str,
}

impl Builder<'_> {
    fn missing(&self, expected: &'static str, id: Uuid) -> CompileError {
        CompileError::Missing { flow: self.flow.to_owned(), expected, id }
    }

    fn get<K: Kind + Clone>(&self, id: Uuid) -> Result<K, CompileError> {
        self.set.typed::<K>(id).cloned().ok_or_else(|| self.missing(K::META.kind, id))
    }

    fn slug(&self, flow: Option<Ref<Flow>>) -> Result<Option<String>, CompileError> {
        flow.map(|f| self.get::<Flow>(f.0).map(|f| f.slug)).transpose()
    }

    fn stage(&self, binding_id: Uuid, binding: &FlowStageBinding) -> Result<CompiledStage, CompileError> {
        let stage_id = binding.stage.0;
        let object = self.set.get(stage_id).ok_or_else(|| self.missing("stage", stage_id))?;
        let stage = self.typed(object)?.ok_or_else(|| self.missing("stage", stage_id))?;
        Ok(CompiledStage { binding_id, binding: binding.clone(), stage_id, stage })
    }

    fn typed(&self, object: &Object) -> Result<Option<Stage>, CompileError> {
        Ok(Some(if let Some(stage) = object.typed::<IdentificationStage>() {
            Stage::Identification(Box::new(self.identification(stage)?))
        } else if let Some(stage) = object.typed::<PasswordStage>() {
            Stage::Password(stage.clone())
        } else if let Some(stage) = object.typed::<UserLoginStage>() {
            Stage::UserLogin(Box::new(stage.clone()))
        } else if let Some(stage) = object.typed::<UserLogoutStage>() {
            Stage::UserLogout(stage.clone())
        } else if let Some(stage) = object.typed::<UserWriteStage>() {
            Stage::UserWrite(stage.clone())
        } else if let Some(stage) = object.typed::<PromptStage>() {
            Stage::Prompt(self.prompts(stage)?)
        } else if let Some(stage) = object.typed::<ConsentStage>() {
            Stage::Consent(stage.clone())
        } else if let Some(stage) = object.typed::<DenyStage>() {
            Stage::Deny(stage.clone())
        } else if let Some(stage) = object.typed::<DummyStage>() {
            Stage::Dummy(stage.clone())
        } else if let Some(stage) = object.typed::<RedirectStage>() {
            Stage::Redirect(self.redirect(stage)?)
        } else if let Some(stage) = object.typed::<InvitationStage>() {
            Stage::Invitation(stage.clone())
        } else if let Some(stage) = object.typed::<UserDeleteStage>() {
            Stage::UserDelete(stage.clone())
        } else if let Some(stage) = object.typed::<AuthenticatorValidateStage>() {
            Stage::Mfa(Box::new(self.mfa(stage)?))
        } else if let Some(stage) = object.typed::<AuthenticatorTOTPStage>() {
            Stage::EnrollTotp(stage.clone())
        } else if let Some(stage) = object.typed::<AuthenticatorWebAuthnStage>() {
            Stage::EnrollWebAuthn(stage.clone())
        } else if let Some(stage) = object.typed::<AuthenticatorStaticStage>() {
            Stage::EnrollStatic(stage.clone())
        } else if let Some(stage) = object.typed::<EmailStage>() {
            Stage::Email(Box::new(stage.clone()))
        } else if let Some(stage) = object.typed::<AuthenticatorEmailStage>() {
            Stage::EnrollEmail(Box::new(stage.clone()))
        } else if let Some(stage) = object.typed::<AuthenticatorSMSStage>() {
            Stage::EnrollSms(Box::new(stage.clone()))
        } else if let Some(stage) = object.typed::<AuthenticatorDuoStage>() {
            Stage::EnrollDuo(Box::new(stage.clone()))
        } else if let Some(stage) = object.typed::<CaptchaStage>() {
            Stage::Captcha(Box::new(stage.clone()))
        } else if is_later_stage(object.kind.meta.kind) {
            Stage::Later(Later { name: object.document.name.clone(), word: object.kind.meta.word })
        } else {
            return Ok(None);
        }))
    }

    fn identification(&self, stage: &IdentificationStage) -> Result<Identification, CompileError> {
        let password = stage.password_stage.map(|p| self.get::<PasswordStage>(p.0).map(|s| (p.0, s))).transpose()?;
        let passkeys = stage.webauthn_stage.map(|id| self.get::<AuthenticatorValidateStage>(id.0).map(|s| (id.0, s)));
        let captcha = stage.captcha_stage.map(|id| self.get::<CaptchaStage>(id.0).map(|s| (id.0, Box::new(s))));
        Ok(Identification {
            stage: stage.clone(),
            captcha: captcha.transpose()?,
            password,
            passkeys: passkeys.transpose()?,
            enrollment: self.slug(stage.enrollment_flow)?,
            recovery: self.slug(stage.recovery_flow)?,
            passwordless: self.slug(stage.passwordless_flow)?,
        })
    }

    fn mfa(&self, stage: &AuthenticatorValidateStage) -> Result<Mfa, CompileError> {
        let mut setups = Vec::new();
        for setup in &stage.configuration_stages {
            let object = self.set.get(setup.0).ok_or_else(|| self.missing("stage", setup.0))?;
            let meta = &object.kind.meta;
            let built = match object.typed::<AuthenticatorValidateStage>() {
                // One that asks would ask for ever.
                Some(_) => None,
                None => self.typed(object)?.filter(|built| built.sets_up()),
            };
            let unsuitable = || CompileError::Unsupported {
                flow: self.flow.to_owned(),
                stage: stage.name.clone(),
                what: "configuration_stages may only name stages that set up a second factor",
            };
            let stage = built.ok_or_else(unsuitable)?;
            let title = stage.friendly_name().unwrap_or(&object.document.name).to_owned();
            setups.push(Setup { id: setup.0, title, verbose_name: meta.verbose_name, model: meta.model, stage });
        }
        Ok(Mfa { stage: stage.clone(), setups })
    }

    fn prompts(&self, stage: &PromptStage) -> Result<CompiledPrompts, CompileError> {
        let mut fields = Vec::new();
        for field in &stage.fields {
            fields.push((field.0, self.get::<Prompt>(field.0)?));
        }
        fields.sort_by(|(_, a), (_, b)| (a.order, &a.name).cmp(&(b.order, &b.name)));
        let policies = stage.validation_policies.iter().map(|p| p.0).collect();
        Ok(CompiledPrompts { stage: stage.clone(), fields, policies })
    }

    fn redirect(&self, stage: &RedirectStage) -> Result<RedirectTarget, CompileError> {
        match (stage.mode, stage.target_flow) {
            (RedirectMode::Static, _) => Ok(RedirectTarget::Address(stage.target_static.clone())),
            (RedirectMode::Flow, Some(flow)) => {
                let slug = self.get::<Flow>(flow.0)?.slug;
                Ok(RedirectTarget::Flow { id: flow.0, slug, keep_context: stage.keep_context })
            }
            (RedirectMode::Flow, None) => Err(CompileError::Unsupported {
                flow: self.flow.to_owned(),
                stage: stage.name.clone(),
                what: "mode flow needs target_flow",
            }),
        }
    }
}
