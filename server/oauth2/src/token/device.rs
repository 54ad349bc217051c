//! The device code (RFC 8628, section 3.4 and 3.5).

use super::{Asker, Entitled, Granted, has_offline};
use crate::endpoint::{Call, Refusal};
use http::StatusCode;
use lockgate_identity::oauth::{GrantFacts, Want};
use lockgate_model::kinds::GrantType;
use lockgate_store::{DeviceCode, DeviceState, Issue, Issued, Polling, hash_secret};

pub(super) async fn grant(call: &Call<'_>, asker: &Asker) -> Result<Granted, Refusal> {
    let client = &asker.client;
    call.allowed(client, GrantType::DeviceCode)?;
    let device_hash = hash_secret(call.required("device_code")?);
    let code = approved(call, asker, &device_hash).await?;
    let mut facts = GrantFacts::read(&code.data).ok_or_else(unknown)?;
    facts.jkt = call.bound(client, facts.jkt.as_deref()).await?;
    let who = call.person(code.user_pk.ok_or_else(unknown)?).await?;
    let scopes: Vec<String> = code.scope.split_whitespace().map(str::to_owned).collect();
    call.permitted(client, &who, GrantType::DeviceCode, &scopes, &facts.login()).await?;
    let refresh = has_offline(&scopes) && client.allows(GrantType::RefreshToken);
    let want = Want { access: true, id: true, refresh, ..Want::default() };
    let grant = call.identity.oauth.new_grant();
    let entitled = Entitled { client, who: &who, facts, scopes, grant, want };
    let (issued, granted) = entitled.tokens(call, |tokens| Issue::Device { device_hash, tokens }).await?;
    if issued == Issued::Stored { Ok(granted) } else { Err(unknown()) }
}

/// The code, once a person has agreed.
async fn approved(call: &Call<'_>, asker: &Asker, device_hash: &str) -> Result<DeviceCode, Refusal> {
    match call.identity.store.device_codes().poll(device_hash, call.now).await? {
        Polling::Unknown => Err(unknown()),
        Polling::Found(code) if code.provider != asker.client.id => Err(unknown()),
        Polling::Expired => Err(Refusal::new("expired_token", "The device code has expired; start again.")),
        // The reference answers 429 here, which its clients wait for.
        Polling::SlowDown => Err(Refusal::Protocol {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "slow_down",
            description: "The device asks too often; it has to wait five seconds longer.".into(),
        }),
        Polling::Found(code) => match code.state {
            DeviceState::Approved => Ok(code),
            DeviceState::Denied => Err(Refusal::new("access_denied", "The person has refused.")),
            _ => Err(Refusal::new("authorization_pending", "Nobody has decided yet.")),
        },
    }
}

fn unknown() -> Refusal {
    Refusal::invalid_grant("The device code is unknown, used, or was issued to another client.")
}
