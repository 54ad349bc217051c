//! Password and second factors.

use super::*;
use askama::Template;
use std::borrow::Cow;

/// A sort of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FactorKind {
    /// Passkeys and security keys.
    Webauthn,
    /// An app that shows codes.
    #[default]
    Totp,
    /// Codes on paper.
    Static,
    /// Codes by mail.
    Email,
    /// Codes by text message.
    Sms,
    /// The Duo app.
    Duo,
}

impl FactorKind {
    /// All of them, the strongest first.
    pub const ALL: [Self; 6] = [Self::Webauthn, Self::Totp, Self::Duo, Self::Email, Self::Sms, Self::Static];

    /// The API's word, as in `/authenticators/totp/`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Webauthn => "webauthn",
            Self::Totp => "totp",
            Self::Static => "static",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Duo => "duo",
        }
    }

    /// The sort with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Name of its drawing.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Webauthn => "fingerprint",
            Self::Totp | Self::Duo => "phone",
            Self::Static => "paper",
            Self::Email => "mail",
            Self::Sms => "chat",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self, brand: &BrandView) -> Cow<'static, str> {
        match self {
            Self::Webauthn => brand.t.kind_passkey(),
            Self::Totp => brand.t.kind_app(),
            Self::Static => brand.t.kind_codes(),
            Self::Email => brand.t.kind_email(),
            Self::Sms => brand.t.kind_text(),
            Self::Duo => brand.t.kind_duo(),
        }
    }

    /// What it is good for, in a sentence.
    #[must_use]
    pub fn about(self, brand: &BrandView) -> Cow<'static, str> {
        match self {
            Self::Webauthn => brand.t.about_passkey(),
            Self::Totp => brand.t.about_app(),
            Self::Static => brand.t.about_codes(),
            Self::Email => brand.t.about_email(),
            Self::Sms => brand.t.about_text(),
            Self::Duo => brand.t.about_duo(),
        }
    }
}

/// A second factor that was set up.
#[derive(Debug, Clone, Default)]
pub struct FactorView {
    /// Its sort.
    pub kind: FactorKind,
    /// Its key.
    pub pk: String,
    /// What its owner calls it.
    pub name: String,
    /// The make of a passkey, where it is known.
    pub model: String,
    /// When it was set up.
    pub created: Option<Moment>,
    /// When it was shown last.
    pub used: Option<Moment>,
}

/// A factor that can be set up.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// Its sort.
    pub kind: FactorKind,
    /// Heading, where the configuration has one of its own.
    pub title: Option<String>,
    /// Where it is set up.
    pub url: String,
}

/// How somebody signs in.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "portal/factors.html")]
pub struct FactorsPage {
    /// Looks.
    pub brand: BrandView,
    /// What is around it.
    pub frame: Frame,
    /// When the password was changed last.
    pub password_changed: Option<Moment>,
    /// The factors.
    pub factors: Vec<FactorView>,
    /// What can be set up.
    pub offers: Vec<Offer>,
    /// Whether codes on paper are missing beside other factors.
    pub advises_codes: bool,
}
page!(FactorsPage);
