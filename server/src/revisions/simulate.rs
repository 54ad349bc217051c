//! `lockgate simulate`: a flow that is gone through without any effect, under what is in force or under a folder.

use super::{Failure, Place, folder, local::desk};
use crate::{
    cli::{Format, Simulate},
    serve::ask,
};
use lockgate_engine::ports::Clock;
use lockgate_flows::nearest;
use lockgate_identity::{
    config::{Proposed, Snapshot, Texts},
    look::Look,
    simulation::{Answer, Scene, Simulated, SimulatedEnd, SimulatedHow, SimulatedOutcome, SimulatedStep, Wish},
    system::SystemClock,
};
use lockgate_model::kinds::Flow;
use lockgate_store::Case;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// The host that is asked, and the browser that does.
const FROM: (&str, &str) = ("localhost", "lockgate simulate");

/// Prints the way through a flow.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn simulate(place: &Place<'_>, asked: Simulate) -> Result<ExitCode, String> {
    let texts = match &asked.dir {
        None => Ok(None),
        Some(dir) => folder(place, Some(dir.clone())).await.map(Some),
    };
    let made = match texts {
        Ok(texts) => ask(place.settings, async |look| Ok(Box::pin(told(place, look, texts, &asked)).await)).await?,
        Err(failure) => Err(failure),
    };
    match made {
        Ok(told) if asked.format == Format::Json => println!("{:#}", json!(told)),
        Ok(told) => println!("{}", as_text(&told)),
        Err(failure) => return failure.told(asked.format == Format::Json),
    }
    Ok(ExitCode::SUCCESS)
}

async fn told(place: &Place<'_>, look: &Look, texts: Option<Texts>, asked: &Simulate) -> Result<Simulated, Failure> {
    let failed = |error: lockgate_store::StoreError| Failure::Other(error.to_string());
    let proposed = match &texts {
        Some(texts) => Some(desk(place, look.store.clone()).compiled(texts).await?),
        None => None,
    };
    let (snapshot, groups) = match &proposed {
        Some(Proposed { snapshot, groups }) => (snapshot, groups.clone()),
        None => (&look.snapshot, look.store.groups().all().await.map_err(failed)?),
    };
    known(snapshot, asked)?;
    let user = match &asked.user {
        Some(name) => {
            let found = look.store.users().by_username(name, Case::Fold).await.map_err(failed)?;
            Some(found.ok_or_else(|| nobody(name))?.pk)
        }
        None => None,
    };
    let answers: Vec<Answer> = asked.answers.iter().map(|text| answer(text)).collect();
    let wish = Wish {
        flow: &asked.flow,
        user,
        signed_in: asked.signed_in,
        mfa: asked.mfa,
        password: None,
        app: asked.app.as_deref(),
        next: None,
        ip: asked.ip,
        host: FROM.0,
        user_agent: FROM.1,
        at: asked.at.unwrap_or_else(|| SystemClock.now()),
        answers: &answers,
        follows: &|_| true,
    };
    let fetcher = look.fetcher();
    let told = Scene::of(look, &fetcher, snapshot, groups).simulate(&wish).await.map_err(failed)?;
    told.ok_or_else(|| nobody(asked.user.as_deref().unwrap_or_default()))
}

/// Whether there is what is named.
fn known(snapshot: &Snapshot, asked: &Simulate) -> Result<(), String> {
    if snapshot.flow(&asked.flow).is_none() {
        let all = snapshot.objects.all::<Flow>();
        let near = nearest(&asked.flow, all.iter().map(|(_, flow)| flow.slug.as_str()));
        let near = near.map(|near| format!(" Did you mean '{near}'?")).unwrap_or_default();
        return Err(format!("Flow '{}' not found.{near}", asked.flow));
    }
    match asked.app.as_deref().filter(|app| snapshot.app(app).is_none()) {
        Some(app) => Err(format!("Application '{app}' not found.")),
        None => Ok(()),
    }
}

fn nobody(name: &str) -> Failure {
    Failure::Other(format!("User '{name}' not found."))
}

/// `KEY=VALUE` for any page that asks for it, or the word or name of a stage.
fn answer(text: &str) -> Answer {
    match text.split_once('=') {
        Some((key, value)) => {
            let fields = Map::from_iter([(key.to_owned(), Value::from(value))]);
            Answer { fields, ..Answer::default() }
        }
        None => Answer { stage: text.to_owned(), ..Answer::default() },
    }
}

fn as_text(told: &Simulated) -> String {
    let who = told.user.as_deref().unwrap_or("a visitor");
    let signed_in = if told.signed_in { ", signed in" } else { "" };
    let mut lines = vec![format!("{} as {who}{signed_in}", told.flow)];
    let mut flow = told.flow.as_str();
    for step in &told.steps {
        if step.flow != flow {
            flow = &step.flow;
            lines.push(format!("on to {flow}"));
        }
        lines.extend(of_step(step));
    }
    lines.push(of_end(&told.end));
    lines.extend(told.end.why.iter().map(|why| format!("    {why}")));
    lines.extend(told.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

fn of_step(step: &SimulatedStep) -> Vec<String> {
    let what = match step.outcome {
        SimulatedOutcome::Skipped => "skipped",
        SimulatedOutcome::Passed => "passed",
        SimulatedOutcome::Shown => "shown",
        SimulatedOutcome::Accepted => "accepted",
        SimulatedOutcome::Refused => "refused",
        SimulatedOutcome::Denied => "denied",
        SimulatedOutcome::Redirected => "redirected",
        SimulatedOutcome::Failed => "failed",
    };
    let mut lines = vec![format!("  {what:10}  {} ({})", step.stage, step.kind)];
    let complaints = step.complaints.iter().flat_map(|(field, texts)| texts.iter().map(move |text| (field, text)));
    lines.extend(complaints.map(|(field, text)| format!("    {field}: {text}")));
    lines.extend(step.why.iter().map(|why| format!("    {why}")));
    lines
}

fn of_end(end: &SimulatedEnd) -> String {
    let user = end.user.as_deref().unwrap_or("nobody");
    let to = end.to.as_ref().map(|to| format!(", and leads to {to}")).unwrap_or_default();
    let message = end.message.as_deref().unwrap_or_default();
    match end.how {
        SimulatedHow::SignedIn => format!("{user} is signed in by {}{to}", end.methods.join(", ")),
        SimulatedHow::SignedOut => format!("nobody is signed in any more{to}"),
        SimulatedHow::Done => format!("the flow is over{to}"),
        SimulatedHow::Denied => format!("denied: {message}"),
        SimulatedHow::Waits => {
            let stage = end.stage.as_deref().unwrap_or_default();
            let asks = if end.asks.is_empty() { "a yes".to_owned() } else { end.asks.join(", ") };
            format!("waits at {stage} for {asks}")
        }
        SimulatedHow::Redirect if message.is_empty() => {
            format!("the flow leads to {}", end.to.as_deref().unwrap_or_default())
        }
        SimulatedHow::Redirect => format!("refused{to}: {message}"),
        SimulatedHow::Failed => format!("the flow broke: {message}"),
    }
}
