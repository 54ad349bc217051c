//! Takes over who is enrolled at Duo already.

use super::{Api, DuoError};
use crate::Core;
use lockgate_engine::ports::{Factor, NewFactor, PortError};
use lockgate_model::{Object, kinds::AuthenticatorDuoStage};
use lockgate_store::Case;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

/// Users that are asked for at once, and how often at most.
const PAGE: (&str, usize) = ("100", 1_000);

/// What a device is called that was taken over.
const NAME: &str = "Imported Duo Authenticator";

/// Why nobody was taken over.
#[derive(Debug, Error)]
pub enum DuoImportError {
    /// The stage has no keys of the Admin API.
    #[error("The stage has no integration key and secret key of Duo's Admin API.")]
    Unset,
    /// Nobody here has this name.
    #[error("There is no user with this name.")]
    NoUser,
    /// The database.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What came of taking over everybody.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DuoImport {
    /// Devices that were made.
    pub made: Vec<(i64, Factor)>,
    /// Why it ended before everybody was looked at; empty: it did not.
    pub error: String,
}

impl Core {
    /// Gives whoever has this name the account at Duo with this key as a factor; `None` where they have it.
    ///
    /// # Errors
    /// [`DuoImportError`].
    pub async fn take_over_duo(
        &self,
        stage: Uuid,
        username: &str,
        user_id: &str,
    ) -> Result<Option<(i64, Factor)>, DuoImportError> {
        let found = self.store.users().by_username(username, Case::Fold).await.map_err(PortError::from)?;
        let user = found.ok_or(DuoImportError::NoUser)?.pk;
        let new = NewFactor::Duo { user_id: user_id.to_owned(), stage };
        Ok(self.enrol_factor(user, NAME, new).await?.map(|factor| (user, factor)))
    }

    /// Gives everybody whom Duo knows by the name that they have here, and who has a phone there, a factor.
    ///
    /// # Errors
    /// [`DuoImportError`]. What Duo says stands in the outcome.
    pub async fn take_over_all_of_duo(&self, object: &Object) -> Result<DuoImport, DuoImportError> {
        let stage = object.typed::<AuthenticatorDuoStage>().ok_or(DuoImportError::Unset)?;
        let mut offset = "0".to_owned();
        let mut outcome = DuoImport::default();
        for _ in 0..PAGE.1 {
            let api = Api::admin(stage, self.clock.now()).ok_or(DuoImportError::Unset)?;
            let (users, next) = match page(api, &offset).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(stage = stage.name, %error, "users of Duo cannot be taken over");
                    outcome.error = error.to_string();
                    break;
                }
            };
            for user in users {
                // Whoever has no phone there could not answer, and would be shut out.
                let (Some(id), Some(name)) = (user["user_id"].as_str(), user["username"].as_str()) else { continue };
                if user["is_enrolled"] != true {
                    continue;
                }
                match self.take_over_duo(object.document.id, name, id).await {
                    Ok(made) => outcome.made.extend(made),
                    Err(DuoImportError::NoUser) => {}
                    Err(error) => {
                        tracing::error!(stage = stage.name, %error, "users of Duo cannot be taken over");
                        // What was made is told of all the same.
                        outcome.error = "Not everybody was taken over; the log says why.".to_owned();
                        return Ok(outcome);
                    }
                }
            }
            match next {
                Some(next) => offset = next,
                None => break,
            }
        }
        Ok(outcome)
    }
}

/// One page of users, and where the next one begins.
async fn page(api: Api<'_>, offset: &str) -> Result<(Vec<Value>, Option<String>), DuoError> {
    let mut answer = api.whole("/admin/v1/users", &[("limit", PAGE.0), ("offset", offset)]).await?;
    let next = answer["metadata"]["next_offset"].as_u64().map(|next| next.to_string());
    match answer["response"].take() {
        Value::Array(users) => Ok((users, next)),
        _ => Err(DuoError::Odd),
    }
}
