//! Is it a person? Also used by the identification stage.

use crate::{
    Response,
    captcha::{Solved, Verified},
    challenge::{self, Body, Data, ErrorDetail, ResponseErrors, Who},
    run::{Answered, Entered, Failure, Run},
};
use lockgate_model::kinds::CaptchaStage;
use serde_json::Value;
use uuid::Uuid;

/// The longest token, in characters; reCAPTCHA's grow beyond two thousand.
const MAX_TOKEN: usize = 16 * 1024;

/// What services say of a token that another one may take the place of.
const TRY_AGAIN: [&str; 5] = [
    "missing-input-response",
    "invalid-input-response",
    "timeout-or-duplicate",
    "expired-input-response",
    "already-seen-response",
];

pub(super) fn enter(run: &mut Run<'_>, stage: &CaptchaStage) -> Entered {
    run.adopt_session();
    Entered::Show(Body::Captcha(asked(stage, run.who())))
}

/// What a page needs for the widget.
pub(super) fn asked(stage: &CaptchaStage, who: Who) -> challenge::Captcha {
    challenge::Captcha {
        who,
        js_url: stage.js_url.clone(),
        site_key: stage.public_key.clone(),
        interactive: stage.interactive,
    }
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &CaptchaStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let Some(token) = token(response, "token", &mut errors) else { return Ok(Answered::Invalid(errors)) };
    Ok(match check(run, id, stage, &token).await? {
        Checked::Passed => Answered::Accepted,
        Checked::Refused(error) => Answered::Invalid(error.under("token")),
        Checked::Unknown(error) => Answered::Retry(error.under("token")),
    })
}

/// The token under a key; `None` and a complaint without one.
pub(super) fn token(response: &Response, key: &str, errors: &mut ResponseErrors) -> Option<String> {
    response.text(key, MAX_TOKEN, true, errors)
}

/// What became of a token.
pub(super) enum Checked {
    Passed,
    Refused(Complaint),
    /// The service did not say.
    Unknown(Complaint),
}

/// What the person is told.
pub(super) struct Complaint(ErrorDetail);

impl Complaint {
    fn new(code: &str, text: &str) -> Self {
        Self(ErrorDetail { string: text.to_owned(), code: code.to_owned() })
    }

    pub(super) fn under(self, field: &str) -> ResponseErrors {
        ResponseErrors::one(field, &self.0.code, self.0.string)
    }
}

/// Has the service check a token, and keeps what it answered for policies.
pub(super) async fn check(run: &mut Run<'_>, id: Uuid, stage: &CaptchaStage, token: &str) -> Result<Checked, Failure> {
    let response = match run.env.captchas.verify(stage, token, run.env.request).await? {
        Verified::Answer(response) => response,
        Verified::Unknown => {
            let text = "Whether you are a person could not be checked. Please try again in a moment.";
            return Ok(Checked::Unknown(Complaint::new("unavailable", text)));
        }
    };
    if let Some(complaint) = complaint(stage, &response) {
        let flow = run.flow.flow.slug.as_str();
        let said = response.get("error-codes").map(Value::to_string).unwrap_or_default();
        tracing::info!(flow, stage = stage.name, said, score = score(&response), "a captcha was not solved");
        return Ok(Checked::Refused(complaint));
    }
    run.context().captcha = Some(Solved { response, stage: id });
    Ok(Checked::Passed)
}

fn score(response: &Data) -> Option<f64> {
    response.get("score").and_then(Value::as_f64)
}

/// What the stage has against an answer of its service. A token that the service does not know never passes; what
/// score does, policies may decide instead.
fn complaint(stage: &CaptchaStage, response: &Data) -> Option<Complaint> {
    if response.get("success") != Some(&Value::Bool(true)) {
        let codes = response.get("error-codes").and_then(Value::as_array);
        let curable = |code: &Value| code.as_str().is_some_and(|code| TRY_AGAIN.contains(&code));
        return Some(match codes.is_some_and(|codes| codes.iter().all(curable)) {
            true => Complaint::new("invalid", "Invalid captcha response. Retrying may solve this issue."),
            false => Complaint::new("invalid", "Invalid captcha response"),
        });
    }
    let fits = match (response.get("score"), score(response)) {
        (None, _) => true,
        (Some(_), Some(score)) => {
            let holds = |threshold: f64, fits: bool| !CaptchaStage::is_threshold(threshold) || fits;
            holds(stage.score_min_threshold, score >= stage.score_min_threshold)
                && holds(stage.score_max_threshold, score <= stage.score_max_threshold)
        }
        // A score that is no number says nothing good.
        (Some(_), None) => false,
    };
    (stage.error_on_invalid_score && !fits).then(|| Complaint::new("invalid", "Invalid captcha response"))
}
