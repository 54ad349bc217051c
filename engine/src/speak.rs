//! Puts what a challenge says into the language of whoever reads it. Stages say English, which events and logs keep;
//! what a configuration says in its own words stays as it is.

use crate::{
    challenge::{Body, Challenge, Choice, Permission, PromptField, ResponseErrors},
    stages,
};
use lockgate_texts::Language;

impl Challenge {
    /// The same in another language; the heading is said by whoever fills it in.
    pub(crate) fn spoken(mut self, language: Language) -> Self {
        if language != Language::English {
            let speaker = Speaker(language);
            speaker.body(&mut self.body);
            speaker.errors(&mut self.response_errors);
        }
        self
    }
}

struct Speaker(Language);

impl Speaker {
    fn say(&self, text: &mut String) {
        *text = self.0.told(text).into_owned();
    }

    fn errors(&self, errors: &mut ResponseErrors) {
        errors.0.values_mut().flatten().for_each(|complaint| self.say(&mut complaint.string));
    }

    fn body(&self, body: &mut Body) {
        match body {
            Body::Identification(it) => self.say(&mut it.primary_action),
            Body::Consent(it) => {
                self.say(&mut it.header_text);
                self.permissions(&mut it.permissions);
                self.permissions(&mut it.additional_permissions);
            }
            Body::Prompt(it) => it.fields.iter_mut().for_each(|field| self.field(field)),
            Body::AuthenticatorValidation(it) => {
                it.device_challenges.iter_mut().for_each(|device| self.say(&mut device.name));
                it.configuration_stages.iter_mut().for_each(|stage| self.say(&mut stage.name));
            }
            Body::Autosubmit(it) => it.title.iter_mut().for_each(|title| self.say(title)),
            Body::AccessDenied(it) => it.error_message.iter_mut().for_each(|message| self.say(message)),
            Body::IframeLogout(it) => self.body(&mut it.then),
            Body::Password(_)
            | Body::UserLogin(_)
            | Body::AuthenticatorTotp(_)
            | Body::AuthenticatorWebAuthn(_)
            | Body::AuthenticatorStatic(_)
            | Body::AuthenticatorEmail(_)
            | Body::AuthenticatorSms(_)
            | Body::AuthenticatorDuo(_)
            | Body::Captcha(_)
            | Body::Email(_)
            | Body::Dummy(_)
            | Body::FlowError(_)
            | Body::SessionEnd(_)
            | Body::Redirect(_)
            | Body::Shell(_) => {}
        }
    }

    fn permissions(&self, permissions: &mut [Permission]) {
        permissions.iter_mut().for_each(|permission| self.say(&mut permission.name));
    }

    fn field(&self, field: &mut PromptField) {
        self.say(&mut field.label);
        self.say(&mut field.placeholder);
        self.say(&mut field.sub_text);
        // What can be read, and is no answer.
        if stages::only_shows(field.field_type) {
            self.say(&mut field.initial_value);
        }
        field.choices.iter_mut().flatten().for_each(|Choice { label, .. }| self.say(label));
    }
}
