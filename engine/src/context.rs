//! What a plan knows so far.

use crate::{
    captcha::Solved,
    challenge::{Data, LogoutUrl, Permission},
    passkeys::Ceremony,
    ports::Push,
};
use chrono::{DateTime, Utc};
use lockgate_model::{UserType, kinds::PasswordBackend, people::User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Why the pending user is believed to be there. Stages that sign in or write refuse
/// [`Standing::Claimed`], whatever the flow's stages are: a flow can be put together wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody typed the name.
    Claimed,
    /// A credential of theirs was accepted in this plan.
    Proven,
    /// They are signed in in this session; holds only as long as they are.
    Session,
    /// The account was made by this plan.
    Created,
    /// The caller knows: a token from a mail, a recovery link, an external source.
    Vouched,
}

/// What somebody who is signed in can show again before they change what they sign in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Their password.
    Password,
    /// A second factor, if they have one: there is no password.
    Factor,
    /// Nothing: they came in by a recovery key, and have lost what they could show.
    Nothing,
}

/// The user that a plan is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Primary key; `None` for a name that belongs to nobody and is carried along all the same, so
    /// that names cannot be probed.
    pub pk: Option<i64>,
    /// What pages call them.
    pub shown: String,
    /// What was typed, or the user name.
    pub identifier: String,
    /// Why they are believed to be there.
    pub standing: Standing,
}

impl Pending {
    /// An account that the caller answers for.
    #[must_use]
    pub fn vouched(user: &User) -> Self {
        Self::of(user, Standing::Vouched)
    }

    pub(crate) fn of(user: &User, standing: Standing) -> Self {
        Self { pk: Some(user.pk), shown: user.username.clone(), identifier: user.username.clone(), standing }
    }
}

/// The application that a plan leads to or away from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppContext {
    /// Primary key.
    pub pk: Uuid,
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Address; may be empty.
    pub launch_url: String,
}

/// What a consent stage asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsentRequest {
    /// The question; `None`: the usual one.
    pub header: Option<String>,
    /// What is asked for.
    pub permissions: Vec<Permission>,
    /// Ask although an earlier consent covers it.
    pub always: bool,
}

/// What happened on the way through a flow, for whoever began it and has to know more than that the end was
/// reached: stages can be skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Passage {
    /// Who signed in on the way.
    pub signed_in: Option<i64>,
    /// The permissions that somebody agreed to on the way, by id; `None` when nobody was asked.
    pub consented: Option<Vec<String>>,
}

/// The invitation that a plan goes on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// Primary key.
    pub pk: Uuid,
    /// Its name.
    pub name: String,
    /// It is used up by the account that is written.
    pub single_use: bool,
}

/// End with the page "signed out of the application" instead of a redirect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEndContext {
    /// Where signing out of everything starts.
    pub invalidation_url: Option<String>,
}

/// What a plan knows so far. Given to [`crate::start`] by the caller, who is trusted, and filled by
/// the stages. Never holds a password.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The user that the plan is about.
    pub pending: Option<Pending>,
    /// Answers of prompts, by `field_key`; passwords are kept in `new_password` instead.
    pub prompt_data: Data,
    /// What an invitation says, which the answers of fixed fields are taken from.
    pub fixed_data: Data,
    /// The invitation that somebody came with.
    pub invitation: Option<Invited>,
    /// A new password, as [`crate::ports::Credentials::seal`] made it.
    pub new_password: Option<String>,
    /// How the pending user proved who they are: `password`, `token` …
    pub auth_method: Option<String>,
    /// More about it, for events.
    pub auth_method_args: Data,
    /// Which backend accepted the password.
    pub user_backend: Option<PasswordBackend>,
    /// The application at the end of the way.
    pub application: Option<AppContext>,
    /// What a consent stage asks.
    pub consent: Option<ConsentRequest>,
    /// Where the flow ends; trusted, may be absolute.
    pub redirect: Option<String>,
    /// Handed back in [`crate::Effect::Completed`], so that the caller knows which errand is done.
    pub ticket: Option<String>,
    /// Left for the caller when somebody gives up, as [`Self::ticket`] is at the end; they go to
    /// [`Self::redirect`] then. Nothing: the way home.
    pub cancel: Option<String>,
    /// What happened so far.
    pub passage: Passage,
    /// End with the page "signed out of the application".
    pub session_end: Option<SessionEndContext>,
    /// What tells applications in frames that the login has ended, at the end of a way on which it has.
    pub logout_urls: Vec<LogoutUrl>,
    /// What tells the application that is left that its login has ended, where the login as such goes on.
    pub left_urls: Vec<LogoutUrl>,
    /// The way was gone to its end; only the frames are still to be loaded.
    pub completed: bool,
    /// Another flow led here.
    pub is_redirected: bool,
    /// A flow token led here.
    pub is_restored: bool,
    /// An external source led here.
    pub is_sso: bool,
    /// What a deny stage says instead of its own text.
    pub deny_message: Option<String>,
    /// Groups that a written user joins.
    pub groups: Vec<Uuid>,
    /// Path of a new user, before the stage's own.
    pub user_path: Option<String>,
    /// Sort of a new user, before the stage's own.
    pub user_type: Option<UserType>,
    /// Wrong passwords so far, by stage.
    pub failed_attempts: BTreeMap<Uuid, u32>,
    /// What passing policies said.
    pub messages: Vec<String>,
    /// A second factor of the pending user was accepted, beside what proved who they are.
    pub second_factor: bool,
    /// What a stage is setting up and has shown, sealed, by stage.
    pub setting_up: BTreeMap<Uuid, String>,
    /// What browsers were asked to do with passkeys, by stage.
    pub ceremonies: BTreeMap<Uuid, Ceremony>,
    /// The setup that somebody chose where a factor was asked for and there was none.
    pub chosen_setup: Option<Uuid>,
    /// The factor that somebody chose to prove.
    pub chosen_factor: Option<i64>,
    /// The captcha that was solved last.
    pub captcha: Option<Solved>,
    /// Stages that have sent their mail.
    pub mailed: BTreeSet<Uuid>,
    /// Factors that have had a code sent.
    pub coded: BTreeSet<i64>,
    /// Factors that get no code before then, because there were too many.
    pub uncoded: BTreeMap<i64, DateTime<Utc>>,
    /// What the person whose own settings this is about can show again.
    pub proof: Option<Proof>,
    /// Phones that are asking, by factor.
    pub pushes: BTreeMap<i64, Push>,
    /// The plan has signed its user out.
    pub logged_out: bool,
    /// What the shown consent challenge must be answered with.
    pub consent_token: Option<String>,
}

impl Context {
    /// Makes somebody the pending user. What was proven before was proven for somebody else.
    pub(crate) fn set_pending(&mut self, pending: Pending) {
        self.forget_proofs();
        self.pending = Some(pending);
    }

    /// The plan is about nobody any more.
    pub(crate) fn forget_pending(&mut self) {
        self.forget_proofs();
        self.pending = None;
        self.passage.signed_in = None;
    }

    fn forget_proofs(&mut self) {
        self.auth_method = None;
        self.auth_method_args = Data::new();
        self.user_backend = None;
        self.second_factor = false;
        self.setting_up.clear();
        self.ceremonies.clear();
        self.chosen_setup = None;
        self.chosen_factor = None;
        self.mailed.clear();
        self.coded.clear();
        self.uncoded.clear();
        self.pushes.clear();
    }

    /// Whether a credential of the pending user was accepted.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.auth_method.is_some()
            && self
                .pending
                .as_ref()
                .is_some_and(|p| p.pk.is_some() && matches!(p.standing, Standing::Proven | Standing::Vouched))
    }

    /// The context under the names that expressions know (contract: plan context keys).
    #[must_use]
    pub fn to_map(&self) -> Data {
        let mut map = Data::new();
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        if let Some(pending) = &self.pending {
            put("pending_user_identifier", json!(pending.identifier));
        }
        if let Some(method) = &self.auth_method {
            put("auth_method", json!(method));
            put("auth_method_args", Value::Object(self.auth_method_args.clone()));
        }
        if let Some(app) = &self.application {
            put("application", json!(app));
        }
        if let Some(redirect) = &self.redirect {
            put("redirect", json!(redirect));
        }
        put("invitation_in_effect", json!(self.invitation.is_some()));
        if let Some(invited) = &self.invitation {
            // Without its key, which is as good as the invitation.
            put("invitation", json!({"name": invited.name, "single_use": invited.single_use}));
        }
        if let Some(proof) = self.proof {
            put("proof", json!(proof));
        }
        if let Some(solved) = &self.captcha {
            put("captcha", json!(solved));
        }
        put("prompt_data", Value::Object(self.prompt_data.clone()));
        put("email_sent", json!(!self.mailed.is_empty()));
        put("is_redirected", json!(self.is_redirected));
        put("is_restored", json!(self.is_restored));
        put("is_sso", json!(self.is_sso));
        map
    }
}
