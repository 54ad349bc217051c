//! Second factors: apps that show codes, codes on paper, the pauses after wrong ones, and what a browser remembers.

use crate::Core;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::{
    factors::paper_code,
    ports::{CodeOutcome, Factor, NewFactor, PortError, Random},
};
use lockgate_model::{
    User,
    kinds::{DeviceClass, Digits},
};
use lockgate_store::{Authenticator, AuthenticatorKind, Failures, NewAuthenticator, NewProof, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;

/// Bytes of an app's secret (RFC 4226, section 4).
const SECRET_BYTES: usize = 20;

/// The longest pause after wrong codes: nobody is kept out of an account for longer by somebody else.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// The most sign-ins that one browser remembers.
const MOST_REMEMBERED: usize = 8;

/// What a browser's reminder is sealed for.
const REMINDER: &str = "authentik_mfa";

/// The sort of the database as stages name it.
pub(crate) fn class_of(kind: AuthenticatorKind) -> DeviceClass {
    match kind {
        AuthenticatorKind::Duo => DeviceClass::Duo,
        AuthenticatorKind::Email => DeviceClass::Email,
        AuthenticatorKind::Sms => DeviceClass::Sms,
        AuthenticatorKind::Static => DeviceClass::Static,
        AuthenticatorKind::Totp => DeviceClass::Totp,
        AuthenticatorKind::WebAuthn => DeviceClass::Webauthn,
    }
}

pub(crate) fn factor(one: Authenticator) -> Factor {
    Factor { pk: one.pk, class: class_of(one.kind), name: one.name, last_used: one.last_used }
}

/// Before the hash of a number of which nothing else is kept.
const HASHED: &str = "hash:";

/// Whether no code can go to it: it proved once that somebody has a number.
pub(crate) fn is_hashed(one: &Authenticator) -> bool {
    let number = one.details.get("phone_number").and_then(|number| number.as_str());
    one.kind == AuthenticatorKind::Sms && number.is_some_and(|number| number.starts_with(HASHED))
}

/// A sign-in that a browser remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Remembered {
    user: i64,
    stage: Uuid,
    /// Seconds since 1970.
    at: i64,
}

/// An app's secret as it is kept, which tells how long its codes are.
struct App {
    digits: Digits,
    secret: String,
}

impl App {
    fn kept(&self) -> String {
        format!("{}:{}", figures(self.digits), self.secret)
    }

    fn read(kept: &str) -> Option<Self> {
        let (digits, secret) = kept.split_once(':')?;
        let digits = if digits == "8" { Digits::Eight } else { Digits::Six };
        Some(Self { digits, secret: secret.to_owned() })
    }

    /// Codes of half a minute by SHA-1, which is what every app knows; the step before and the one after count.
    fn totp(&self, account: &str, issuer: &str) -> Result<Totp, PortError> {
        let secret = Secret::try_from_base32(&self.secret).map_err(PortError::from)?;
        // A colon parts the one from the other.
        let plain = |name: &str| name.replace(':', " ");
        let issuer = Some(plain(issuer)).filter(|issuer| !issuer.is_empty());
        let builder = Builder::new().with_digits(figures(self.digits)).with_secret(secret);
        builder.with_account_name(plain(account)).with_issuer(issuer).build().map_err(PortError::from)
    }

    /// The time step that a code is of.
    fn step(&self, code: &str, now: DateTime<Utc>) -> Result<Option<i64>, PortError> {
        let now = u64::try_from(now.timestamp()).unwrap_or_default();
        Ok(self.totp("", "")?.check(code, now).and_then(|step| i64::try_from(step).ok()))
    }
}

fn figures(digits: Digits) -> u8 {
    match digits {
        Digits::Six => 6,
        Digits::Eight => 8,
    }
}

/// A new secret for an app, in base32.
pub(crate) fn app_secret(random: &dyn Random) -> String {
    let mut bytes = [0_u8; SECRET_BYTES];
    random.fill(&mut bytes);
    Secret::from(bytes).to_base32()
}

/// The address by which an app takes a secret.
pub(crate) fn app_address(secret: &str, digits: Digits, account: &str, issuer: &str) -> Result<String, PortError> {
    App { digits, secret: secret.to_owned() }.totp(account, issuer)?.to_url().map_err(PortError::from)
}

/// How long nobody is listened to after so many wrong codes.
fn pause(failures: Failures, throttling: f64, now: DateTime<Utc>) -> Option<TimeDelta> {
    let last = failures.last.filter(|_| failures.count > 0 && throttling > 0.0)?;
    let seconds = throttling * 2_f64.powi(i32::try_from(failures.count.min(32)).unwrap_or(32) - 1);
    let lasting = LONGEST_PAUSE.min(TimeDelta::milliseconds((seconds.min(1e6) * 1_000.0) as i64));
    Some(last + lasting - now).filter(|left| *left > TimeDelta::zero())
}

impl Core {
    /// See [`lockgate_engine::ports::Factors::usable`].
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn usable_factors(&self, user: i64) -> Result<Vec<Factor>, StoreError> {
        let found = self.store.authenticators().usable(user).await?;
        Ok(found.into_iter().filter(|one| !is_hashed(one)).map(factor).collect())
    }

    /// See [`lockgate_engine::ports::Factors::check`].
    pub(crate) async fn check_code(
        &self,
        factor: &Factor,
        code: &str,
        throttling: f64,
    ) -> Result<CodeOutcome, PortError> {
        let (authenticators, now) = (self.store.authenticators(), self.clock.now());
        let (secret, failures) = authenticators.secret(factor.pk).await.map_err(PortError::from)?;
        if let Some(left) = pause(failures, throttling, now) {
            let retry_after = u64::try_from(left.num_seconds()).unwrap_or_default() + 1;
            return Ok(CodeOutcome::Paused { retry_after });
        }
        if throttling > 0.0 && !authenticators.begin_try(factor.pk, failures, now).await.map_err(PortError::from)? {
            return Ok(CodeOutcome::Paused { retry_after: 1 });
        }
        let taken = match factor.class {
            DeviceClass::Static => authenticators.take_code(factor.pk, &code.to_lowercase(), now).await,
            DeviceClass::Totp => {
                let app = App::read(&secret).ok_or_else(|| PortError("an app without a secret".to_owned()))?;
                match app.step(code, now)? {
                    Some(step) => authenticators.take_step(factor.pk, step, now).await,
                    None => Ok(false),
                }
            }
            DeviceClass::Email | DeviceClass::Sms => self.take_sent_code(factor.pk, code, now).await,
            DeviceClass::Duo => Ok(self.take_duo_code(factor, code).await?),
            DeviceClass::Webauthn => {
                return Err(PortError("this factor has no codes".to_owned()));
            }
        };
        Ok(if taken.map_err(PortError::from)? { CodeOutcome::Accepted } else { CodeOutcome::Rejected })
    }

    /// See [`lockgate_engine::ports::Factors::enrol`].
    pub(crate) async fn enrol_factor(
        &self,
        user: i64,
        name: &str,
        new: NewFactor,
    ) -> Result<Option<Factor>, PortError> {
        let (authenticators, now) = (self.store.authenticators(), self.clock.now());
        let mut details = Map::new();
        let (kind, proof, step) = match new {
            NewFactor::App { secret, digits, code } => {
                let app = App { digits, secret };
                let Some(step) = app.step(&code, now)? else { return Ok(None) };
                (AuthenticatorKind::Totp, NewProof::Secret(app.kept()), Some(step))
            }
            NewFactor::Codes(codes) => {
                authenticators.drop_all(user, AuthenticatorKind::Static).await.map_err(PortError::from)?;
                (AuthenticatorKind::Static, NewProof::Codes(codes), None)
            }
            NewFactor::Mail { address, stage } => {
                details.insert("email".to_owned(), address.as_str().into());
                details.insert("stage".to_owned(), stage.to_string().into());
                (AuthenticatorKind::Email, NewProof::Secret(address), None)
            }
            NewFactor::Phone { number, stage, hashed } => {
                let hash = self.store.seal_key().recognise(&format!("numbers of stage {stage}"), &number);
                let (shown, secret) =
                    if hashed { (format!("{HASHED}{hash}"), String::new()) } else { (number.clone(), number) };
                details.insert("phone_number".to_owned(), shown.into());
                details.insert("stage".to_owned(), stage.to_string().into());
                (AuthenticatorKind::Sms, NewProof::Unique { id: format!("sms:{hash}"), secret }, None)
            }
            NewFactor::Duo { user_id, stage } => {
                let id = format!("duo:{stage}:{user}:{user_id}");
                details.insert("stage".to_owned(), stage.to_string().into());
                (AuthenticatorKind::Duo, NewProof::Unique { id, secret: user_id }, None)
            }
        };
        // Whoever shows again that a number is theirs has shown it.
        let number = match &proof {
            NewProof::Unique { id, .. } if kind == AuthenticatorKind::Sms => Some(id.clone()),
            _ => None,
        };
        let new = NewAuthenticator { kind, user_pk: user, name: name.to_owned(), confirmed: true, details, proof };
        let made = match (authenticators.create(new, now).await, number) {
            (Err(StoreError::Unique { .. }), Some(number)) => {
                let known = authenticators.by_external_id(&number).await.map_err(PortError::from)?;
                return Ok(known.filter(|known| known.user_pk == user).map(factor));
            }
            // Somebody has it already.
            (Err(StoreError::Unique { .. }), None) => return Ok(None),
            (made, _) => made.map_err(PortError::from)?,
        };
        if let Some(step) = step {
            authenticators.take_step(made.pk, step, now).await.map_err(PortError::from)?;
        }
        Ok(Some(factor(made)))
    }

    /// An app for somebody who is to be handed its address, which holds its secret: nothing has shown yet that they have it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn hand_out_app(
        &self,
        user: &User,
        name: &str,
        digits: Digits,
        issuer: &str,
    ) -> Result<(Factor, String), PortError> {
        let secret = app_secret(&*self.random);
        let address = app_address(&secret, digits, &user.username, issuer)?;
        let new = NewAuthenticator {
            kind: AuthenticatorKind::Totp,
            user_pk: user.pk,
            name: name.to_owned(),
            confirmed: true,
            details: Map::new(),
            proof: NewProof::Secret(App { digits, secret }.kept()),
        };
        let made = self.store.authenticators().create(new, self.clock.now()).await.map_err(PortError::from)?;
        Ok((factor(made), address))
    }

    /// Codes on paper for somebody who is to be handed them, in place of those that they had.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn hand_out_codes(
        &self,
        user: i64,
        name: &str,
        (count, length): (usize, usize),
    ) -> Result<(Factor, Vec<String>), PortError> {
        let codes: Vec<String> = (0..count).map(|_| paper_code(&*self.random, length)).collect();
        let made = self.enrol_factor(user, name, NewFactor::Codes(codes.clone())).await?;
        let made = made.ok_or_else(|| PortError("codes on paper were not kept".to_owned()))?;
        Ok((made, codes))
    }

    /// What a browser remembers, with one more sign-in.
    pub(crate) fn remember_factor(&self, old: Option<&str>, user: i64, stage: Uuid) -> Option<String> {
        let mut all = self.reminders(old);
        all.retain(|one| (one.user, one.stage) != (user, stage));
        all.push(Remembered { user, stage, at: self.clock.now().timestamp() });
        let surplus = all.len().saturating_sub(MOST_REMEMBERED);
        all.drain(..surplus);
        let text = serde_json::to_vec(&all).ok()?;
        self.store.seal_key().seal(REMINDER, &text).ok()
    }

    /// See [`lockgate_engine::ports::Factors::remembered`]. A new password forgets.
    pub(crate) async fn is_remembered(
        &self,
        token: Option<&str>,
        user: i64,
        stage: Uuid,
        within: TimeDelta,
    ) -> Result<bool, PortError> {
        let all = self.reminders(token);
        let Some(one) = all.iter().find(|one| (one.user, one.stage) == (user, stage)) else { return Ok(false) };
        let at = DateTime::from_timestamp(one.at, 0).unwrap_or_default();
        let found = self.store.users().get(user).await.map_err(PortError::from)?;
        let changed = found.map(|user| user.password_change_date);
        Ok(self.clock.now() - at < within && changed.is_some_and(|changed| changed.timestamp() <= one.at))
    }

    fn reminders(&self, token: Option<&str>) -> Vec<Remembered> {
        let opened = token.and_then(|token| self.store.seal_key().open(REMINDER, token).ok());
        opened.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the codes of SHA-1 with eight digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() -> Result<(), PortError> {
        let secret = Secret::from(b"12345678901234567890".to_vec()).to_base32();
        let app = App { digits: Digits::Eight, secret };
        for (time, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let now = DateTime::from_timestamp(time, 0).unwrap_or_default();
            assert_eq!(app.step(code, now)?, Some(time / 30), "{time}");
            assert_eq!(app.step("00000000", now)?, None, "{time}");
            let later = now + TimeDelta::seconds(61);
            assert_eq!(app.step(code, later)?, None, "two steps late");
        }
        Ok(())
    }

    #[test]
    fn an_address_names_account_and_issuer() -> Result<(), PortError> {
        let secret = Secret::from([7_u8; SECRET_BYTES]).to_base32();
        let address = app_address(&secret, Digits::Six, "ada:1", "Acme: Ltd")?;
        assert!(address.starts_with("otpauth://totp/Acme%20%20Ltd:ada%201?"), "{address}");
        assert!(address.contains(&format!("secret={secret}")) && address.contains("issuer=Acme"), "{address}");
        Ok(())
    }

    #[test]
    fn each_wrong_code_doubles_the_pause() {
        let now = DateTime::from_timestamp(1_000, 0).unwrap_or_default();
        let left = |count, throttling, ago| {
            let failures = Failures { count, last: Some(now - TimeDelta::seconds(ago)) };
            pause(failures, throttling, now).map(|left| left.num_seconds())
        };
        assert_eq!(left(0, 1.0, 0), None);
        assert_eq!((left(1, 1.0, 0), left(2, 1.0, 0), left(5, 1.0, 0)), (Some(1), Some(2), Some(16)));
        assert_eq!((left(5, 1.0, 15), left(5, 1.0, 16)), (Some(1), None));
        assert_eq!((left(5, 0.0, 0), left(5, 0.5, 0)), (None, Some(8)));
        assert_eq!(left(4_000_000, 1000.0, 0), Some(3_600), "nobody is kept out for longer");
    }
}
