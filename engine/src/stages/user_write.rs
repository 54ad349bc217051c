//! Writes what was asked for to the account, or makes one.

use crate::{
    context::{Pending, Standing},
    ports::{Event, NewUser, UserChanges, WriteError},
    run::{End, Entered, Failure, Run},
    step::Effect,
};
use lockgate_model::{
    User,
    kinds::{FlowDesignation, UserCreationMode, UserWriteStage},
};
use serde_json::Value;

const MAX_DEPTH: usize = 8;

/// Key of the field by which people stay signed in elsewhere when they change their password.
const KEEP_OTHER_SESSIONS: &str = "keep_other_sessions";

pub(super) async fn enter(run: &mut Run<'_>, stage: &UserWriteStage) -> Result<Entered, Failure> {
    let (changes, fields) = changes(run);
    if fields.is_empty() {
        return Ok(denied("No Pending data."));
    }
    adopt(run, stage);
    let written = match target(run, stage) {
        Target::Nobody(message) => return Ok(denied(message)),
        Target::Update(user) => run.env.directory.update(user, changes).await.map(|u| (u, false)),
        Target::Create => match create(run, stage, changes) {
            Some(user) => run.env.directory.create(user).await.map(|u| (u, true)),
            None => return Ok(denied("A new account needs a user name.")),
        },
    };
    match written {
        Ok((user, created)) => {
            note(run, &user, created, fields).await;
            Ok(Entered::Pass)
        }
        Err(WriteError::Failed(error)) => Err(error.into()),
        Err(error) => Ok(denied(&error.to_string())),
    }
}

fn denied(message: &str) -> Entered {
    Entered::End(End::Denied(message.to_owned()))
}

/// One's own settings are about oneself, and so is writing where no account may be made. Anywhere
/// else a signed-in visitor would overwrite their own account by filling in a form for a new one.
fn adopt(run: &mut Run<'_>, stage: &UserWriteStage) {
    let own = run.flow.flow.designation == FlowDesignation::StageConfiguration;
    let mode = stage.user_creation_mode;
    if mode == UserCreationMode::NeverCreate || own && mode == UserCreationMode::CreateWhenRequired {
        run.adopt_session();
    }
}

enum Target {
    Update(i64),
    Create,
    Nobody(&'static str),
}

fn target(run: &Run<'_>, stage: &UserWriteStage) -> Target {
    match (stage.user_creation_mode, &run.plan.context.pending) {
        (UserCreationMode::AlwaysCreate, _) | (UserCreationMode::CreateWhenRequired, None) => Target::Create,
        (UserCreationMode::NeverCreate, None) => Target::Nobody("No account can be made here."),
        (_, Some(_)) => run.trusted().map_or(Target::Nobody("Nobody has proven who they are yet."), Target::Update),
    }
}

/// What is to be written, and the names of the fields for the event.
fn changes(run: &Run<'_>) -> (UserChanges, Vec<String>) {
    let context = &run.plan.context;
    let invitation = context.invitation.as_ref().filter(|invited| invited.single_use).map(|invited| invited.pk);
    let mut changes = UserChanges { groups: context.groups.clone(), invitation, ..UserChanges::default() };
    let mut fields = Vec::new();
    for (key, value) in &context.prompt_data {
        let text = || value.as_str().map(str::to_owned);
        let known = match key.as_str() {
            "username" => {
                changes.username = text().filter(|t| !t.is_empty());
                changes.username.is_some()
            }
            "name" => {
                changes.name = text();
                changes.name.is_some()
            }
            "email" => {
                changes.email = text();
                changes.email.is_some()
            }
            other => attribute(other, value, &mut changes),
        };
        if known {
            fields.push(key.clone());
        }
    }
    changes.password.clone_from(&context.new_password);
    if changes.password.is_some() {
        fields.push(super::prompt::PASSWORD_KEY.to_owned());
    }
    if !changes.groups.is_empty() {
        fields.push("groups".to_owned());
    }
    (changes, fields)
}

fn attribute(key: &str, value: &Value, changes: &mut UserChanges) -> bool {
    if let ("attributes", Value::Object(map)) = (key, value) {
        changes.attributes.extend(map.iter().map(|(key, value)| (vec![key.clone()], value.clone())));
        return !map.is_empty();
    }
    let Some(path) = key.strip_prefix("attributes.").or_else(|| key.strip_prefix("attributes_")) else {
        return false;
    };
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    if path.len() > MAX_DEPTH || path.iter().any(String::is_empty) {
        return false;
    }
    changes.attributes.push((path, value.clone()));
    true
}

fn create(run: &Run<'_>, stage: &UserWriteStage, mut changes: UserChanges) -> Option<NewUser> {
    changes.username.as_ref()?;
    changes.groups.extend(stage.create_users_group.map(|g| g.0));
    let context = &run.plan.context;
    let template = Some(stage.user_path_template.clone()).filter(|p| !p.is_empty());
    Some(NewUser {
        changes,
        is_active: !stage.create_users_as_inactive,
        user_type: context.user_type.unwrap_or(stage.user_type),
        path: context.user_path.clone().or(template).unwrap_or_else(|| "users".to_owned()),
    })
}

async fn note(run: &mut Run<'_>, user: &User, created: bool, fields: Vec<String>) {
    let context = run.context();
    let password_changed = context.new_password.take().is_some();
    // What is used up makes no second account.
    context.invitation.take_if(|invited| invited.single_use);
    if created {
        context.set_pending(Pending::of(user, Standing::Created));
    } else if let Some(pending) = &mut context.pending {
        pending.shown.clone_from(&user.username);
    }
    let keep_other_sessions = context.prompt_data.get(KEEP_OTHER_SESSIONS) == Some(&Value::Bool(true));
    run.effects.push(Effect::UserWritten { user: user.pk, created, password_changed, keep_other_sessions });
    run.record(Event::UserWritten { user: user.pk, created, fields }).await;
}
