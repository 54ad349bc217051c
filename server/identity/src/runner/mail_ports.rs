//! The engine's port to mail: links that lead back into a flow.

use super::restore::Kept;
use crate::{
    Core,
    config::Snapshot,
    mail::{Content, Letter, Template},
    net::Client,
    sent::SendError,
    system::alphanumeric,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use lockgate_engine::ports::{Factor, Mail, MailLink, PortError, Posted, RequestFacts, SetupCode};
use lockgate_model::User;
use lockgate_store::{FlowTokenContent, FlowTokenMade, NewFlowToken};
use lockgate_texts::Language;

/// Characters of a link's key.
const KEY: usize = 48;

/// What goes out to people as the engine sees it, for one request: mail, messages, and what Duo asks.
#[derive(Clone, Copy)]
pub(crate) struct Post<'a> {
    pub(crate) core: &'a Core,
    pub(crate) snapshot: &'a Snapshot,
    /// Who asks, at which host.
    pub(crate) client: &'a Client,
}

#[async_trait]
impl Mail for Post<'_> {
    async fn send_link(&self, link: MailLink<'_>, request: &RequestFacts) -> Result<Posted, PortError> {
        let core = self.core;
        // Before anybody is looked at, so that it says nothing of who exists.
        let base = match (core.mail_server(self.snapshot, Some(link.stage)), self.base()) {
            (Ok(_), Some(base)) => base,
            (Err(SendError::Store(error)), _) => return Err(PortError::from(error)),
            (Err(error), _) => return Ok(unable(&link.settings.name, &error.to_string())),
            (Ok(_), None) => {
                let why = "nobody has said where links lead: set LOCKGATE_PUBLIC_URL, or a brand with this host";
                return Ok(unable(&link.settings.name, why));
            }
        };
        let key = alphanumeric(&*core.random, KEY);
        let url = format!("{base}/if/flow/{}/?flow_token={key}", link.plan.slug);
        let letter = self.letter(&link, url).map_err(PortError::from)?;
        let kept = Kept { email: letter.to.clone(), plan: link.plan.clone() };
        let kept = serde_json::to_vec(&kept).map_err(PortError::from)?;
        let template = Template::with_link(&link.settings.template);
        let task = core.mail_task(template, letter, Some(link.stage)).map_err(PortError::from)?;
        let place = format!("mail of stage {}", link.stage);
        let about = core.store.seal_key().recognise(&place, &link.identifier.to_lowercase());
        let span = link.settings.recovery_cache_timeout.delta();
        let new = NewFlowToken {
            key: &key,
            stage: link.stage,
            about: &about,
            content: match link.to {
                Some(user) => FlowTokenContent::Link(user.pk, &kept),
                None => FlowTokenContent::Nothing,
            },
            expires: request.now + link.settings.token_expiry.delta(),
            since: request.now - span,
            most: u64::try_from(link.settings.recovery_max_attempts).unwrap_or_default(),
            counts_until: request.now + span,
        };
        let made = core.store.flow_tokens().make(&new, &task, request.now).await.map_err(PortError::from)?;
        core.feed.settle().await;
        Ok(match made {
            FlowTokenMade::Sent | FlowTokenMade::Counted => Posted::Sent,
            FlowTokenMade::TooMany => Posted::TooMany { minutes: minutes(span) },
        })
    }

    async fn send_setup_code(&self, wanted: SetupCode<'_>, _: &RequestFacts) -> Result<(Posted, String), PortError> {
        self.setup_code(wanted).await
    }

    async fn send_code(&self, user: i64, factor: &Factor, _: &RequestFacts) -> Result<Posted, PortError> {
        self.factor_code(user, factor).await
    }
}

impl Post<'_> {
    fn base(&self) -> Option<String> {
        self.core.mail_base(self.snapshot, self.client)
    }

    /// The language of whoever gets a mail.
    pub(super) fn language(&self, to: Option<&User>) -> Language {
        self.snapshot.language(&self.client.host, to, &self.client.languages)
    }

    /// The mail; to nobody, where nothing goes out, so that it takes as long.
    fn letter(&self, link: &MailLink<'_>, url: String) -> Result<Letter, askama::Error> {
        let brand = self.snapshot.brand_facts(&self.client.host).title;
        let text = |of: fn(&User) -> &String| link.to.map(of).cloned().unwrap_or_default();
        let language = self.language(link.to);
        let content = Content {
            t: language,
            name: text(|user| &user.name),
            username: text(|user| &user.username),
            url,
            life: Some(link.settings.token_expiry.delta()),
            brand,
            ..Content::default()
        };
        let written = content.write(Template::with_link(&link.settings.template))?;
        let subject = language.told(&link.settings.subject);
        Ok(Letter::new(&text(|user| &user.email), &content.brand, &subject, written))
    }
}

pub(super) fn unable(stage: &str, why: &str) -> Posted {
    tracing::warn!(stage, why, "no mail can be sent: the flow denies");
    Posted::Unable("This server cannot send mail now. Please ask an administrator for help.".to_owned())
}

pub(super) fn minutes(span: TimeDelta) -> i64 {
    (span.num_seconds() + 59) / 60
}
