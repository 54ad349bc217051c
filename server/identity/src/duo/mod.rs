//! Duo: its Auth API (version 2) and, for taking over who is enrolled there already, its Admin API.
//!
//! What Duo says counts only as it is meant: a user whom Duo would let through without asking (`bypass`, or `allow`
//! before anything was asked) has shown no second factor.

mod api;
mod import;

pub(crate) use api::{Api, DuoError};
pub use import::{DuoImport, DuoImportError};

use lockgate_engine::ports::{DuoEnrolment, DuoProgress, PushAnswer};
use serde_json::Value;

/// How long somebody may take to activate a phone, in seconds.
const ENROLMENT: &str = "86400";

/// Before the name of an account whose key Duo does not tell; no key looks so.
const NAMED: &str = "name:";

/// What Duo wants to know before it asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Preauth {
    /// It can ask.
    Ask,
    /// It will not; what Duo says about it.
    No(String),
}

impl Api<'_> {
    /// Has Duo wait for a phone of a new user.
    pub(crate) async fn enroll(&self, username: &str) -> Result<DuoEnrolment, DuoError> {
        let answer = self.post("/auth/v2/enroll", &[("username", username), ("valid_secs", ENROLMENT)]).await?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned).ok_or(DuoError::Odd);
        Ok(DuoEnrolment {
            user_id: text("user_id")?,
            activation_code: text("activation_code")?,
            activation_barcode: text("activation_barcode")?,
            push: None,
        })
    }

    /// How far that is.
    pub(crate) async fn enroll_status(&self, enrolment: &DuoEnrolment) -> Result<DuoProgress, DuoError> {
        let params = [("user_id", enrolment.user_id.as_str()), ("activation_code", &enrolment.activation_code)];
        match self.post("/auth/v2/enroll_status", &params).await?.as_str() {
            Some("success") => Ok(DuoProgress::Success),
            Some("waiting") => Ok(DuoProgress::Waiting),
            Some("invalid") => Ok(DuoProgress::Invalid),
            _ => Err(DuoError::Odd),
        }
    }

    /// A user whom Duo knows by this name already, where it would ask them.
    pub(crate) async fn known(&self, username: &str, ip: &str) -> Result<DuoEnrolment, DuoError> {
        let account = format!("{NAMED}{username}");
        match self.preauth(&account, ip).await? {
            Preauth::Ask => Ok(DuoEnrolment::of_known(account)),
            Preauth::No(why) => Err(DuoError::Known(why)),
        }
    }

    /// Whether Duo would ask this user.
    pub(crate) async fn preauth(&self, account: &str, ip: &str) -> Result<Preauth, DuoError> {
        let answer = self.post("/auth/v2/preauth", &[whom(account), ("ipaddr", ip)]).await?;
        Ok(match answer["result"].as_str() {
            Some("auth") => Preauth::Ask,
            Some(other) => {
                let said = answer["status_msg"].as_str().unwrap_or_default();
                Preauth::No(format!("{other}: {said}"))
            }
            None => return Err(DuoError::Odd),
        })
    }

    /// Has the phone of a user ask; answers the name of the question.
    pub(crate) async fn push(&self, account: &str, shown: &[(&str, &str)], ip: &str) -> Result<String, DuoError> {
        let mut params = vec![whom(account), ("factor", "push"), ("device", "auto"), ("async", "1")];
        params.push(("ipaddr", ip));
        params.extend(shown);
        let answer = self.post("/auth/v2/auth", &params).await?;
        answer["txid"].as_str().map(str::to_owned).ok_or(DuoError::Odd)
    }

    /// What came of a question so far.
    pub(crate) async fn auth_status(&self, txid: &str) -> Result<PushAnswer, DuoError> {
        said(&self.get("/auth/v2/auth_status", &[("txid", txid)]).await?)
    }

    /// Whether Duo takes a passcode of a user.
    pub(crate) async fn passcode(&self, account: &str, code: &str) -> Result<bool, DuoError> {
        let params = [whom(account), ("factor", "passcode"), ("passcode", code)];
        Ok(said(&self.post("/auth/v2/auth", &params).await?)? == PushAnswer::Allowed)
    }
}

/// How Duo is told whom it is about: by its own key, or by the name where it does not tell the key.
fn whom(account: &str) -> (&'static str, &str) {
    account.strip_prefix(NAMED).map_or(("user_id", account), |name| ("username", name))
}

fn said(answer: &Value) -> Result<PushAnswer, DuoError> {
    let status = answer["status"].as_str().unwrap_or_default();
    Ok(match (answer["result"].as_str(), status) {
        (Some("allow"), "allow") => PushAnswer::Allowed,
        (Some("waiting"), _) => PushAnswer::Waiting,
        (Some("deny"), "timeout") => PushAnswer::TimedOut,
        (Some("deny" | "allow"), _) => PushAnswer::Denied,
        _ => return Err(DuoError::Odd),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_an_asked_yes_is_one() -> Result<(), DuoError> {
        let of = |result: &str, status: &str| said(&json!({"result": result, "status": status}));
        assert_eq!(of("allow", "allow")?, PushAnswer::Allowed);
        assert_eq!(of("waiting", "pushed")?, PushAnswer::Waiting);
        assert_eq!(of("deny", "timeout")?, PushAnswer::TimedOut);
        for (result, status) in
            [("allow", "bypass"), ("allow", "trusted"), ("allow", ""), ("deny", "fraud"), ("deny", "")]
        {
            assert_eq!(of(result, status)?, PushAnswer::Denied, "{result} {status}");
        }
        assert!(of("perhaps", "").is_err() && said(&json!({})).is_err());
        Ok(())
    }
}
