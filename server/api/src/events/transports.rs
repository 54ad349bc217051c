//! `/events/transports/{uuid}/test/`: trying a way of telling people on oneself.

use super::shapes::NotificationTransportTest;
use crate::{
    caller::Caller,
    error::ApiError,
    objects::{find, sight::Sight},
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use http::{Method, StatusCode};
use lockgate_identity::{
    Identity,
    notify::{sending, telling},
    system::time_uuid,
};
use lockgate_model::{
    kind::by_name,
    kinds::{NotificationSeverity, NotificationTransport, TransportMode},
};
use lockgate_policies::Action;
use lockgate_store::Event;
use serde_json::json;

/// Routes beside those of every kind.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/events/transports/{uuid}/test/", post(test))
}

/// Operations beside those of every kind.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let key = parameter("path", "uuid", json!({"type": "string", "format": "uuid"}), "Key of the transport.");
    let outcome = components.reply::<NotificationTransportTest>();
    paths.add(
        Operation::new(Method::POST, "/events/transports/{uuid}/test/", "events_transports_test_create", "events")
            .says("Tells the caller something by this transport.")
            .path(key)
            .answers(200, "What the receiver said.", outcome.clone())
            .answers(500, "Why it could not be told.", outcome),
    );
}

async fn test(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<(StatusCode, Json<NotificationTransportTest>), ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = by_name("notification_transport").ok_or(ApiError::Internal)?;
    let object = find(&snapshot.objects, kind, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Test, object)?;
    let transport = object.typed::<NotificationTransport>().ok_or(ApiError::Internal)?;
    let event = sample(&identity, &caller);
    let severity = NotificationSeverity::Notice.as_str();
    let sent = if transport.mode == TransportMode::Local {
        let told = telling::notification(&identity, &event, severity, caller.user().pk);
        identity.journal.record_made(event);
        identity.store.notifications().insert(&[told]).await?;
        Ok("It stands among your notifications.".to_owned())
    } else {
        let message = sending::Message { event: &event, severity, user: caller.principal() };
        sending::send(&identity, &snapshot, transport, &message).await
    };
    let (status, message) = match sent {
        Ok(message) => (StatusCode::OK, message),
        Err(sending::SendError::Store(error)) => return Err(error.into()),
        Err(error @ sending::SendError::Never(_)) => {
            return Err(ApiError::field("non_field_errors", "invalid", error.to_string()));
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    };
    Ok((status, Json(NotificationTransportTest { messages: vec![message] })))
}

/// Something to tell.
fn sample(identity: &Identity, caller: &Caller) -> Event {
    let (now, user) = (identity.clock.now(), caller.user());
    Event {
        pk: time_uuid(&*identity.clock, &*identity.random),
        // Clients that were made from the reference's document know this word and no other `custom_…`.
        action: "custom_".to_owned(),
        app: "lockgate.notifications".to_owned(),
        user_pk: Some(user.pk),
        user: json!({"pk": user.pk, "username": user.username, "email": user.email}),
        context: json!({"message": "Test notification from Lockgate"}),
        client_ip: Some(caller.client.ip.to_string()),
        brand: json!({}),
        created: now,
        expires: identity.journal.expiry(now),
    }
}
