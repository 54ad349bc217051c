//! What mails say: one pair of templates a sort, `templates/email/NAME.html` and `.txt`.

use askama::Template as _;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::kinds::EMAIL_TEMPLATES;
use lockgate_texts::Language;
use std::borrow::Cow;

/// A sort of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// A link to a new password.
    PasswordReset,
    /// A link that confirms an address.
    AccountConfirmation,
    /// A link that signs in.
    SignIn,
    /// A code.
    EmailOtp,
    /// An event that somebody is told of.
    EventNotification,
    /// An invitation.
    Invitation,
    /// Whether mail can be sent.
    TestEmail,
}

impl Template {
    /// The one of this name, as the API and stages name them: `email/password_reset.html`, or `password_reset`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let stem = name.strip_prefix("email/").unwrap_or(name);
        let stem = stem.strip_suffix(".html").unwrap_or(stem);
        // Of those that the API lists; a test mail is for the command line.
        EMAIL_TEMPLATES.iter().find(|(known, _)| *known == format!("email/{stem}.html"))?;
        Some(match stem {
            "password_reset" => Self::PasswordReset,
            "account_confirmation" => Self::AccountConfirmation,
            "sign_in" => Self::SignIn,
            "email_otp" => Self::EmailOtp,
            "event_notification" => Self::EventNotification,
            "invitation" => Self::Invitation,
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::AccountConfirmation => "account_confirmation",
            Self::SignIn => "sign_in",
            Self::EmailOtp => "email_otp",
            Self::EventNotification => "event_notification",
            Self::Invitation => "invitation",
            Self::TestEmail => "test_email",
        }
    }

    /// The one that stages send with a link: those that say nothing of one give way to the confirmation.
    #[must_use]
    pub fn with_link(name: &str) -> Self {
        match Self::named(name) {
            Some(of @ (Self::PasswordReset | Self::SignIn)) => of,
            _ => Self::AccountConfirmation,
        }
    }
}

/// What mails tell; each sort reads what it needs.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The language.
    pub t: Language,
    /// Title of the brand.
    pub brand: String,
    /// What the recipient is called; may be empty.
    pub name: String,
    /// The recipient's user name.
    pub username: String,
    /// Where the link leads.
    pub url: String,
    /// How long link or code work.
    pub life: Option<TimeDelta>,
    /// When an invitation ends.
    pub end: Option<DateTime<Utc>>,
    /// The code.
    pub code: String,
    /// What happened, in a sentence.
    pub summary: String,
    /// How severe it is.
    pub severity: String,
    /// What is known of it.
    pub facts: Vec<(String, String)>,
}

/// A mail, written.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// In plain text.
    pub text: String,
    /// As a page.
    pub html: String,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Written(..)")
    }
}

/// Fills both templates of a sort.
macro_rules! filled {
    ($content:expr, $html:tt, $text:tt) => {{
        #[derive(askama::Template)]
        #[template(path = $html)]
        struct Html<'a> {
            it: &'a Content,
        }
        #[derive(askama::Template)]
        #[template(path = $text)]
        struct Text<'a> {
            it: &'a Content,
        }
        let it = $content;
        Ok(Written { text: Text { it }.render()?, html: Html { it }.render()? })
    }};
}

impl Content {
    /// Writes a mail of a sort.
    ///
    /// # Errors
    /// None of ours: what the templates show can always be shown.
    pub fn write(&self, template: Template) -> Result<Written, askama::Error> {
        match template {
            Template::PasswordReset => filled!(self, "email/password_reset.html", "email/password_reset.txt"),
            Template::SignIn => filled!(self, "email/sign_in.html", "email/sign_in.txt"),
            Template::AccountConfirmation => {
                filled!(self, "email/account_confirmation.html", "email/account_confirmation.txt")
            }
            Template::EmailOtp => filled!(self, "email/email_otp.html", "email/email_otp.txt"),
            Template::EventNotification => {
                filled!(self, "email/event_notification.html", "email/event_notification.txt")
            }
            Template::Invitation => filled!(self, "email/invitation.html", "email/invitation.txt"),
            Template::TestEmail => filled!(self, "email/test_email.html", "email/test_email.txt"),
        }
    }

    /// The subject where nobody has given one.
    #[must_use]
    pub fn subject(&self, template: Template) -> String {
        match template {
            Template::Invitation => self.t.mail_invitation_subject(&self.brand),
            Template::TestEmail => self.t.mail_test_subject(&self.brand),
            _ => self.brand.clone(),
        }
    }

    fn greeting(&self) -> String {
        match self.name.as_str() {
            "" => self.t.mail_greeting().into_owned(),
            name => self.t.mail_greeting_name(name),
        }
    }

    /// What a notification is called, by its severity.
    fn event_title(&self) -> Cow<'static, str> {
        match self.severity.as_str() {
            "alert" => self.t.mail_alert(),
            "warning" => self.t.mail_warning(),
            _ => self.t.mail_notice(),
        }
    }

    fn life_told(&self) -> String {
        self.life.map(|life| self.t.span(life)).unwrap_or_default()
    }

    fn link_life(&self) -> String {
        self.t.mail_link_life(self.life_told())
    }

    fn code_life(&self) -> String {
        self.t.mail_code_life(self.life_told())
    }

    fn invitation_end(&self) -> String {
        self.t.mail_invitation_end(self.end.map(|end| self.t.moment(end)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content {
        Content {
            brand: "Acme & Sons".to_owned(),
            name: "<b>Ada</b>".to_owned(),
            username: "ada".to_owned(),
            url: "https://auth.example.com/if/flow/recovery/?flow_token=abc&x=1".to_owned(),
            life: Some(TimeDelta::minutes(30)),
            end: DateTime::from_timestamp(1_800_000_000, 0),
            code: "123456".to_owned(),
            summary: "login_failed: <script>".to_owned(),
            severity: "alert".to_owned(),
            facts: vec![("reason".to_owned(), "a < b".to_owned())],
            ..Content::default()
        }
    }

    const ALL: [Template; 7] = [
        Template::PasswordReset,
        Template::AccountConfirmation,
        Template::SignIn,
        Template::EmailOtp,
        Template::EventNotification,
        Template::Invitation,
        Template::TestEmail,
    ];

    #[test]
    fn every_template_that_is_listed_is_there() {
        for (name, _) in EMAIL_TEMPLATES {
            let template = Template::named(name).unwrap_or_else(|| panic!("there is no {name}"));
            assert_eq!(format!("email/{}.html", template.name()), name);
            assert_eq!(Template::named(template.name()), Some(template), "without folder and ending");
        }
        assert_eq!(Template::named("test_email"), None);
        assert_eq!(Template::named("../../etc/passwd"), None);
        assert_eq!(Template::with_link("email/email_otp.html"), Template::AccountConfirmation);
    }

    #[test]
    fn what_people_are_called_stays_text() {
        for template in ALL {
            let written = content().write(template).expect("it can be written");
            assert!(!written.html.contains("<b>Ada") && !written.html.contains("<script"), "{}", written.html);
            assert!(written.html.contains("Acme &#38; Sons"), "{}", written.html);
            assert!(written.text.contains("Acme & Sons"), "{}", written.text);
            assert!(!written.text.contains("&#"), "plain text is not escaped: {}", written.text);
            // One page, nothing from elsewhere.
            assert!(written.html.starts_with("<!doctype html>") && !written.html.contains("src="), "{}", written.html);
            assert!(!written.text.contains("\n\n\n"), "{}", written.text);
        }
    }

    #[test]
    fn both_parts_say_what_counts() {
        let written = |template| content().write(template).expect("it can be written");
        for template in [Template::PasswordReset, Template::AccountConfirmation, Template::SignIn, Template::Invitation]
        {
            let mail = written(template);
            assert!(mail.text.contains(&content().url), "{}", mail.text);
            assert!(mail.html.contains("flow_token=abc&#38;x=1"), "{}", mail.html);
        }
        let reset = written(Template::PasswordReset);
        assert!(reset.text.contains("works once, for 30 minutes"), "{}", reset.text);
        let otp = written(Template::EmailOtp);
        assert!(otp.text.contains("123456") && otp.html.contains("123456"));
        let event = written(Template::EventNotification);
        assert!(event.text.contains("reason: a < b") && event.html.contains("a &#60; b"), "{}", event.text);
        let invitation = written(Template::Invitation);
        assert!(invitation.text.contains("15 January 2027, 08:00 UTC"), "{}", invitation.text);
    }

    #[test]
    fn every_language_fills_every_template() {
        for language in Language::ALL {
            let content = Content { t: language, ..content() };
            for template in ALL {
                let written = content.write(template).expect("it can be written");
                assert!(written.html.contains(&format!("<html lang=\"{}\">", language.tag())), "{}", written.html);
                assert!(!written.text.contains("{ $") && written.text.contains("Acme & Sons"), "{}", written.text);
            }
        }
        let german = Content { t: Language::German, ..content() }.write(Template::PasswordReset).expect("it can");
        assert!(german.text.starts_with("Guten Tag <b>Ada</b>,"), "{}", german.text);
        assert!(german.text.contains("30 Minuten") && german.html.contains("„ada“"), "{}", german.text);
    }
}
