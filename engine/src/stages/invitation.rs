//! Lets in who was invited. The key of the invitation comes with the page's address; what the invitation says
//! counts as if it had been typed.

use crate::{
    challenge::Data,
    context::Invited,
    next::invitation_in_query,
    ports::{Event, Invitation},
    run::{End, Entered, Failure, Run},
    stages::prompt::PASSWORD_KEY,
};
use lockgate_model::kinds::InvitationStage;
use serde_json::Value;
use uuid::Uuid;

pub(super) async fn enter(run: &mut Run<'_>, stage: &InvitationStage) -> Result<Entered, Failure> {
    let Some(invitation) = found(run).await? else {
        let uninvited = Entered::End(End::Denied("Invalid invite/invite not found".to_owned()));
        return Ok(if stage.continue_flow_without_invitation { Entered::Pass } else { uninvited });
    };
    let Invitation { pk, name, single_use, mut fixed_data, .. } = invitation;
    // Plans are stored; a password in one would be readable.
    fixed_data.remove(PASSWORD_KEY);
    let event = Event::InvitationUsed { name: name.clone(), flow: run.flow.flow.slug.clone() };
    let context = run.context();
    merge(&mut context.prompt_data, fixed_data.clone());
    context.fixed_data = fixed_data;
    context.invitation = Some(Invited { pk, name, single_use });
    run.record(event).await;
    Ok(Entered::Pass)
}

/// The invitation that somebody came with, when it is for this flow and has not ended.
async fn found(run: &Run<'_>) -> Result<Option<Invitation>, Failure> {
    let Some(pk) = key(run) else { return Ok(None) };
    let found = run.env.invitations.find(pk, run.env.request.now).await?;
    Ok(found.filter(|invitation| invitation.flow.is_none_or(|flow| flow == run.flow.id)))
}

/// From the page's address, or from a prompt that asks for it.
fn key(run: &Run<'_>) -> Option<Uuid> {
    let typed = || run.plan.context.prompt_data.get("token")?.as_str().map(str::to_owned);
    Uuid::parse_str(invitation_in_query(&run.plan.query).or_else(typed)?.trim()).ok()
}

/// Lays data over other data, key by key.
fn merge(into: &mut Data, from: Data) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}
