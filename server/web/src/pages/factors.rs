//! Pages of second factors: one is asked for, an app is set up, codes are written down.

use super::Person;
use lockgate_texts::Language;
use qrcode::{Color, QrCode};
use std::borrow::Cow;
use url::Url;

/// A factor that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Sent back to choose it.
    pub uid: String,
    /// What its owner calls it.
    pub name: String,
    /// Its codes are figures, which phones have a keyboard for.
    pub figures: bool,
    /// What the browser needs to ask for a passkey, as JSON; no code is typed then.
    pub passkey: Option<String>,
    /// Its codes are sent by email.
    pub mailed: bool,
    /// Its codes are sent by SMS.
    pub texted: bool,
    /// Duo asks a phone.
    pub duo: bool,
}

impl Device {
    /// What to do, in a sentence.
    #[must_use]
    pub fn hint(&self, t: &Language) -> Cow<'static, str> {
        if self.passkey.is_some() {
            t.confirm_with_passkey()
        } else if self.mailed {
            t.type_code_from_email()
        } else if self.texted {
            t.type_code_from_phone()
        } else if self.duo {
            t.confirm_in_duo()
        } else if self.figures {
            t.type_code_from_app()
        } else {
            t.type_kept_code()
        }
    }
}

/// A setup that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupChoice {
    /// Sent back as `selected_stage`.
    pub id: String,
    /// What people read.
    pub name: String,
}

/// `ak-stage-authenticator-validate`: the code of a factor; or which to set up, where there is none.
#[derive(Debug, Clone, Default)]
pub struct SecondFactor {
    /// Whose.
    pub person: Person,
    /// The factor that is asked for.
    pub device: Option<Device>,
    /// Those that may be shown instead.
    pub others: Vec<Device>,
    /// What may be set up.
    pub setups: Vec<SetupChoice>,
    /// The phone is asking.
    pub asking: bool,
}

/// `ak-stage-authenticator-totp`: an app takes a secret, and shows a code in return.
#[derive(Debug, Clone, Default)]
pub struct AppSetup {
    /// Whose.
    pub person: Person,
    /// What the app takes: `otpauth://totp/…`.
    pub address: String,
}

impl AppSetup {
    /// The secret as people type it: in groups of four.
    #[must_use]
    pub fn key(&self) -> String {
        let address = Url::parse(&self.address).ok();
        let secret = address.iter().flat_map(|address| address.query_pairs()).find(|(name, _)| name == "secret");
        let secret: Vec<char> = secret.map(|(_, secret)| secret.chars().collect()).unwrap_or_default();
        let groups: Vec<String> = secret.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }

    /// The address as a QR code (ISO/IEC 18004).
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        Code::of(&self.address)
    }
}

/// A QR code, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Modules on a side, with the quiet zone of four around them.
    pub side: usize,
    /// The dark modules as a path of SVG.
    pub path: String,
}

impl Code {
    const QUIET: usize = 4;

    fn of(text: &str) -> Option<Self> {
        use std::fmt::Write as _;
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % width + Self::QUIET, at / width + Self::QUIET);
        }
        Some(Self { side: width + 2 * Self::QUIET, path })
    }
}

/// `ak-stage-authenticator-webauthn`: the browser makes a passkey.
#[derive(Debug, Clone, Default)]
pub struct PasskeySetup {
    /// Whose.
    pub person: Person,
    /// What the browser needs for it, as JSON.
    pub options: String,
}

/// `ak-stage-authenticator-email`: an address gets a code, and the code comes back.
#[derive(Debug, Clone, Default)]
pub struct MailSetup {
    /// Whose.
    pub person: Person,
    /// Where the code was sent to; none: an address is asked for.
    pub email: Option<String>,
}

/// `ak-stage-authenticator-sms`: a number gets a code, and the code comes back.
#[derive(Debug, Clone, Default)]
pub struct PhoneSetup {
    /// Whose.
    pub person: Person,
    /// Where the code was sent to; none: a number is asked for.
    pub number: Option<String>,
    /// It was sent just now.
    pub sent: bool,
}

/// `ak-stage-authenticator-duo`: Duo's app takes a code.
#[derive(Debug, Clone, Default)]
pub struct DuoSetup {
    /// Whose.
    pub person: Person,
    /// What the app takes: `duo://…`; empty where Duo knows the phone already.
    pub activation: String,
    /// Address of Duo's picture of it, which is not shown: it tells what the app scans.
    pub barcode: String,
}

impl DuoSetup {
    /// What Duo's picture would show, as a QR code of ours.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        let address = Url::parse(&self.barcode).ok();
        let shown = address.iter().flat_map(|address| address.query_pairs()).find(|(name, _)| name == "value");
        Code::of(shown.as_ref().map_or(self.activation.as_str(), |(_, value)| value))
    }

    /// What opens Duo's app on this device.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        Some(self.activation.as_str()).filter(|link| link.starts_with("duo://"))
    }
}

/// `ak-stage-authenticator-static`: codes to be kept.
#[derive(Debug, Clone, Default)]
pub struct PaperCodes {
    /// Whose.
    pub person: Person,
    /// The codes.
    pub codes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_duo_would_show_is_drawn_here() {
        let barcode = "https://api.duo.example/frame/qr?value=duo%3A%2F%2Fabc-def".to_owned();
        let setup = DuoSetup { activation: "duo://abc-def".to_owned(), barcode, ..DuoSetup::default() };
        assert_eq!(setup.code(), Code::of("duo://abc-def"));
        assert_eq!(setup.link(), Some("duo://abc-def"));
        let odd = DuoSetup { activation: "javascript:alert(1)".to_owned(), ..DuoSetup::default() };
        assert_eq!(odd.link(), None, "whatever Duo says");
    }

    #[test]
    fn a_secret_is_read_out_of_its_address_and_drawn() {
        let address = "otpauth://totp/Acme:ada?secret=ABCDEFGHIJ&issuer=Acme".to_owned();
        let setup = AppSetup { address, ..AppSetup::default() };
        assert_eq!(setup.key(), "ABCD EFGH IJ");
        let code = setup.code().expect("it fits");
        assert!(code.side > 29 && code.path.starts_with("M4 4h1v1h-1z"), "{code:?}");
    }
}
