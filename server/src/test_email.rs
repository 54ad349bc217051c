//! `lockgate test_email`: whether the mail server takes a mail.

use crate::{serve::ask, settings::Settings};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    look::Look,
    mail::{Content, Letter, MailServer, Template},
    system::{SystemClock, SystemRandom, random_uuid},
};
use lockgate_model::kinds::EmailStage;

/// Sends a test to an address, by the server of the settings or that of a stage; nothing is stored.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn test_email(settings: &Settings, to: &str, stage: Option<&str>) -> Result<(), String> {
    let (server, brand) = match stage {
        Some(stage) => {
            let own = ask(settings, async |look| Ok((of_stage(look, stage)?, brand(look)))).await?;
            (own.0.map_or_else(|| global(settings), Ok)?, own.1)
        }
        None => {
            let server = global(settings)?;
            // A server that has never been started has no name yet.
            let brand = ask(settings, async |look| Ok(brand(look))).await;
            (server, brand.unwrap_or_else(|_| "Lockgate".to_owned()))
        }
    };
    let content = Content { brand, ..Content::default() };
    let written = content.write(Template::TestEmail).map_err(|error| error.to_string())?;
    let letter = Letter::new(to, &content.brand, &content.subject(Template::TestEmail), written);
    let said = server.deliver(&letter, random_uuid(&SystemRandom), SystemClock.now()).await;
    println!("Sent to {to}: {}.", said.map_err(|error| error.to_string())?);
    Ok(())
}

fn global(settings: &Settings) -> Result<MailServer, String> {
    let unset = || "no mail server is set: LOCKGATE_EMAIL__HOST names it (docs/mail.md)".to_owned();
    settings.email.server()?.ok_or_else(unset)
}

/// The server of a stage; nothing where it uses that of the settings.
fn of_stage(look: &Look, name: &str) -> Result<Option<MailServer>, String> {
    let stages = look.snapshot.objects.all::<EmailStage>();
    let found = stages.iter().find(|(_, stage)| stage.name == name).map(|(_, stage)| *stage);
    let stage = found.ok_or_else(|| format!("there is no stage for mail called \"{name}\""))?;
    if stage.use_global_settings {
        return Ok(None);
    }
    MailServer::new(stage.into()).map(Some).map_err(|error| format!("stage \"{name}\": {error}"))
}

fn brand(look: &Look) -> String {
    look.snapshot.brand("").map_or_else(|| "Lockgate".to_owned(), |(_, brand)| brand.branding_title.clone())
}
