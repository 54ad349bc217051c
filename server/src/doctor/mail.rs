//! The mail servers: whether they greet, encrypt, and take our name and password. No mail is sent.

use super::Case;
use lockgate_identity::mail::MailServer;
use lockgate_model::kinds::EmailStage;

const MAIL: &str = "mail";

/// The server of the settings, and those that stages bring along.
pub(super) async fn check(case: &mut Case<'_>) {
    match case.settings.email.server() {
        Ok(Some(server)) => ask(case, "the mail server of the settings", &server).await,
        Ok(None) => {
            let found = "no mail server is set, so that no mail is sent";
            case.report.ok(MAIL, found);
        }
        Err(error) => case.report.error(MAIL, error, "correct LOCKGATE_EMAIL__…"),
    }
    for (name, server) in of_stages(case) {
        ask(case, &format!("the mail server of the stage {name}"), &server).await;
    }
}

fn of_stages(case: &Case<'_>) -> Vec<(String, MailServer)> {
    let Some(look) = &case.look else { return Vec::new() };
    let all = look.snapshot.objects.all::<EmailStage>();
    let own = all.into_iter().filter(|(_, stage)| !stage.use_global_settings);
    own.filter_map(|(_, stage)| Some((stage.name.clone(), MailServer::new(stage.into()).ok()?))).collect()
}

async fn ask(case: &mut Case<'_>, whose: &str, server: &MailServer) {
    if server.shows_its_password() {
        let found = format!("{whose} is sent its password unencrypted");
        case.report.warning(MAIL, found, "set LOCKGATE_EMAIL__USE_TLS (port 587) or __USE_SSL (port 465)");
    }
    match server.greet().await {
        Ok(()) => case.report.ok(MAIL, format!("{whose} greets, and takes our login where one is set")),
        Err(error) => {
            let text = error.to_string();
            let mend = match () {
                () if text.contains("535") || text.contains("530") || text.contains("534") => {
                    "correct LOCKGATE_EMAIL__USERNAME and __PASSWORD"
                }
                () if text.to_lowercase().contains("tls") || text.contains("certificate") => {
                    "match LOCKGATE_EMAIL__USE_TLS, __USE_SSL and __PORT with what the server offers"
                }
                () => "correct LOCKGATE_EMAIL__HOST and __PORT, and look whether a firewall is between",
            };
            case.report.error(MAIL, format!("{whose}: {text}"), mend);
        }
    }
}
