//! Claims that a client asks for one by one (OpenID Connect Core, section 5.5).

use crate::request::AuthorizeError;
use lockgate_identity::oauth::{ACR, ClaimsRequest, scope_of};
use serde_json::{Map, Value};

/// Claims that one request may name at a place.
const MAX_CLAIMS: usize = 64;

/// What the parameter `claims` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedClaims {
    /// Claims that may be released: the scope that owns them exists for the client.
    pub release: ClaimsRequest,
    /// Scopes that own them; the person is asked about these as well.
    pub scopes: Vec<String>,
    /// The person that it must be about (section 5.5.1).
    pub subject: Option<String>,
}

impl AskedClaims {
    /// Reads the parameter. `scopes`: those that exist for the client.
    ///
    /// # Errors
    /// When it is no such object, or wants a way of signing in that there is not (section 5.5.1.1;
    /// OpenID Connect Core Error Code `unmet_authentication_requirements`).
    pub fn read(text: Option<&str>, scopes: &[String]) -> Result<Self, AuthorizeError> {
        let Some(text) = text else { return Ok(Self::default()) };
        let malformed = || AuthorizeError::invalid_request("The parameter claims is malformed.");
        let whole: Map<String, Value> = serde_json::from_str(text).map_err(|_| malformed())?;
        let mut asked = Self::default();
        for (name, place) in [("userinfo", Place::Userinfo), ("id_token", Place::IdToken)] {
            let members = match whole.get(name) {
                None | Some(Value::Null) => continue,
                Some(Value::Object(members)) if members.len() <= MAX_CLAIMS => members,
                Some(_) => return Err(malformed()),
            };
            for (claim, wish) in members {
                if !wish.is_null() && !wish.is_object() {
                    return Err(malformed());
                }
                asked.take(claim, wish, scopes, place)?;
            }
        }
        Ok(asked)
    }

    fn take(&mut self, claim: &str, wish: &Value, scopes: &[String], place: Place) -> Result<(), AuthorizeError> {
        match claim {
            "sub" => {
                let Some(subject) = wish.get("value").and_then(Value::as_str) else { return Ok(()) };
                if self.subject.as_deref().is_some_and(|other| other != subject) {
                    return Err(AuthorizeError::invalid_request("The parameter claims names two people."));
                }
                self.subject = Some(subject.to_owned());
            }
            "acr" if wish.get("essential") == Some(&Value::Bool(true)) && !is_met(wish) => {
                let text = "There is no way of signing in that fulfils the requested acr.";
                return Err(AuthorizeError::new("unmet_authentication_requirements", text));
            }
            _ => {
                let Some(scope) = scope_of(claim).filter(|scope| scopes.iter().any(|s| s == scope)) else {
                    return Ok(());
                };
                if !self.scopes.iter().any(|s| s == scope) {
                    self.scopes.push(scope.to_owned());
                }
                match place {
                    Place::Userinfo => self.release.userinfo.push(claim.to_owned()),
                    Place::IdToken => self.release.id_token.push(claim.to_owned()),
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Place {
    Userinfo,
    IdToken,
}

/// Whether every login fulfils what is wanted of `acr`; no value means that any will do.
fn is_met(wish: &Value) -> bool {
    let one = wish.get("value");
    let many = wish.get("values").and_then(Value::as_array);
    match (one, many) {
        (None, None) => true,
        (Some(one), _) => one == ACR,
        (None, Some(many)) => many.iter().any(|value| value == ACR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AskedClaims, &'static str> {
        let scopes = ["openid".to_owned(), "email".to_owned()];
        AskedClaims::read(Some(text), &scopes).map_err(|error| error.code)
    }

    #[test]
    fn only_claims_of_the_clients_scopes_are_released() {
        let asked = read(
            r#"{"userinfo": {"email": null, "name": null, "made_up": null, "aud": null},
                "id_token": {"email_verified": {"essential": true}, "auth_time": {"essential": true},
                             "sub": {"value": "ada"}}, "other": 1}"#,
        )
        .expect("claims");
        assert_eq!(asked.release.userinfo, ["email"]);
        assert_eq!(asked.release.id_token, ["email_verified"]);
        assert_eq!((asked.scopes, asked.subject), (vec!["email".to_owned()], Some("ada".to_owned())));
        assert_eq!(AskedClaims::read(None, &[]), Ok(AskedClaims::default()));
    }

    #[test]
    fn what_cannot_be_met_is_told_apart_from_what_cannot_be_read() {
        let acr = |wish: &str| read(&format!(r#"{{"id_token": {{"acr": {wish}}}}}"#)).map(|_| ());
        assert_eq!(acr(&format!(r#"{{"essential": true, "values": ["gold", "{ACR}"]}}"#)), Ok(()));
        assert_eq!(acr(r#"{"essential": true}"#), Ok(()));
        assert_eq!(acr(r#"{"value": "gold"}"#), Ok(()), "a wish, not a condition");
        assert_eq!(acr(r#"{"essential": true, "value": "gold"}"#), Err("unmet_authentication_requirements"));
        for malformed in [
            "",
            "[]",
            "1",
            r#"{"userinfo": []}"#,
            r#"{"id_token": {"email": 1}}"#,
            r#"{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}"#,
        ] {
            assert_eq!(read(malformed), Err("invalid_request"), "{malformed}");
        }
    }
}
