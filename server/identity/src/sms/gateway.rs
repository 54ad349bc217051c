//! Services that take messages: Twilio, and whatever takes a request of HTTP.

use super::post::Order;
use crate::{
    Identity,
    config::Snapshot,
    journal::{Action, Entry},
    sent::{self, SendError, told},
};
use lockgate_model::{
    Principal,
    kinds::{AuthenticatorSMSStage, SmsAuthType, SmsProvider},
};
use lockgate_policies::{Env, Facts};
use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Where Twilio is.
pub const TWILIO_URL: &str = "https://api.twilio.com/";

/// The longest body that is sent, and the longest answer that is read, in bytes.
const LONGEST: (usize, usize) = (64 << 10, 16 << 10);

/// Hands a message over; answers what the service said.
pub(super) async fn send(
    identity: &Identity,
    snapshot: &Snapshot,
    stage: &AuthenticatorSMSStage,
    (who, order): (&Principal, &Order),
) -> Result<String, SendError> {
    let made = match &stage.mapping {
        Some(mapping) => Some(mapped(identity, snapshot, mapping.0, stage, (who, order))?),
        None => None,
    };
    let request = match stage.provider {
        SmsProvider::Twilio => twilio(&identity.twilio_url, stage, order, made)?,
        SmsProvider::Generic => generic(stage, order, made)?,
    };
    let answer = request.send().await.map_err(|error| SendError::NotNow(told(error)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(format!("the service answered {status}"));
    }
    let said = match code_of(answer).await {
        Some(code) => format!("the service answered {status}, code {code}"),
        None => format!("the service answered {status}"),
    };
    let later =
        status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    Err(if later { SendError::NotNow(said) } else { SendError::Never(said) })
}

/// Twilio's code of an error. Its text would name the number.
async fn code_of(answer: reqwest::Response) -> Option<i64> {
    let body = sent::body(answer, LONGEST.1).await?;
    serde_json::from_slice::<Value>(&body).ok()?["code"].as_i64()
}

/// Twilio's Messages API.
fn twilio(
    base: &str,
    stage: &AuthenticatorSMSStage,
    order: &Order,
    made: Option<Value>,
) -> Result<RequestBuilder, SendError> {
    let text = match &made {
        None => order.text.clone(),
        Some(Value::String(text)) => text.clone(),
        Some(made) => made["message"].as_str().map_or_else(|| order.text.clone(), str::to_owned),
    };
    let mut url = Url::parse(base).map_err(|_| never("the address of Twilio is none"))?;
    let account = stage.account_sid.as_str();
    let segments = ["2010-04-01", "Accounts", account, "Messages.json"];
    url.path_segments_mut().map_err(|()| never("the address of Twilio is none"))?.pop_if_empty().extend(segments);
    // A service of theirs may choose the number.
    let from = if is_service(&stage.from_number) { "MessagingServiceSid" } else { "From" };
    let form = [("To", order.number.as_str()), (from, &stage.from_number), ("Body", &text)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok(http()?.post(url).basic_auth(account, Some(&stage.auth)).header(CONTENT_TYPE, kind).body(form))
}

fn is_service(from: &str) -> bool {
    from.len() == 34 && from.strip_prefix("MG").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Anything that takes JSON.
fn generic(stage: &AuthenticatorSMSStage, order: &Order, made: Option<Value>) -> Result<RequestBuilder, SendError> {
    let usual = || json!({"From": stage.from_number, "To": order.number, "Body": order.code, "Message": order.text});
    let body = made.unwrap_or_else(usual).to_string();
    if body.len() > LONGEST.0 {
        return Err(SendError::Never(format!("the body has more than {} bytes", LONGEST.0)));
    }
    let url = Url::parse(&stage.account_sid).map_err(|_| never("the address of the service is none"))?;
    let request = http()?.post(url).header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
    Ok(match stage.auth_type {
        SmsAuthType::Basic => request.basic_auth(&stage.auth, Some(&stage.auth_password)),
        SmsAuthType::Bearer => request.bearer_auth(&stage.auth),
    })
}

fn http() -> Result<&'static reqwest::Client, SendError> {
    sent::services().ok_or_else(|| never("no connection can be made"))
}

/// What a mapping makes of a message. One that fails is noted.
fn mapped(
    identity: &Identity,
    snapshot: &Snapshot,
    mapping: Uuid,
    stage: &AuthenticatorSMSStage,
    (who, order): (&Principal, &Order),
) -> Result<Value, SendError> {
    let expression = snapshot.mapping_expression(mapping).ok_or_else(|| never("its mapping is gone"))?;
    let sms = json!({"to": order.number, "from": stage.from_number, "code": order.code, "text": order.text});
    let context = Map::from_iter([("sms".to_owned(), sms)]);
    let facts = Facts { context: &context, ..Facts::at(identity.clock.now()) };
    let env =
        Env { stopwatch: Some(snapshot.stopwatch()), world: Some(snapshot.world()), ..Env::new(Some(who), &facts) };
    expression.eval_value(&env).map_err(|error| {
        let entry = Entry::new(Action::PropertyMappingException, "lockgate.sms");
        let entry = entry.about("authentik_core.propertymapping", mapping.to_string(), expression.name());
        identity.journal.record(entry.with("message", error.to_string()));
        SendError::Never(error.to_string())
    })
}

fn never(why: &str) -> SendError {
    SendError::Never(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twilio_is_asked_as_it_wants() -> Result<(), Box<dyn std::error::Error>> {
        let stage =
            json!({"name": "sms", "provider": "twilio", "from_number": "+1 555", "account_sid": "AC/1", "auth": "t"});
        let mut stage: AuthenticatorSMSStage = serde_json::from_value(stage)?;
        let order = Order {
            stage: Uuid::nil(),
            user: 1,
            number: "+4915123456789".to_owned(),
            code: "123456".to_owned(),
            text: Order::text("123456", "Acme"),
            until: chrono::DateTime::UNIX_EPOCH,
        };
        let asked =
            |stage: &AuthenticatorSMSStage, made| -> Result<(String, String, String), Box<dyn std::error::Error>> {
                let request = twilio("https://twilio.example/", stage, &order, made)?.build()?;
                let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
                let auth = request.headers()["authorization"].to_str()?.to_owned();
                Ok((request.url().to_string(), String::from_utf8(body.to_vec())?, auth))
            };
        let (url, body, auth) = asked(&stage, None)?;
        // An account cannot lead to another path.
        assert_eq!(url, "https://twilio.example/2010-04-01/Accounts/AC%2F1/Messages.json");
        assert_eq!(body, "To=%2B4915123456789&From=%2B1+555&Body=123456+is+your+sign-in+code+for+Acme.");
        assert_eq!(auth, "Basic QUMvMTp0");
        stage.from_number = format!("MG{}", "0a".repeat(16));
        let (_, body, _) = asked(&stage, Some(json!({"message": "Hi"})))?;
        assert!(body.contains("MessagingServiceSid=MG0a") && body.ends_with("Body=Hi"), "{body}");
        Ok(())
    }
}
