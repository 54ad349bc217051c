//! Links in mails that lead back into a flow.

use chrono::TimeDelta;
use lockgate_store::{FlowTokenContent, FlowTokenMade, NewFlowToken, SendLimit, Task, TaskFilter, TaskState};
use serde_json::json;
use uuid::Uuid;

use crate::bench::{Bench, Outcome, id, now};

fn task(key: &str) -> Task {
    Task {
        id: id(key),
        actor: "send_mail".to_owned(),
        queue: "mail".to_owned(),
        uid: key.to_owned(),
        state: TaskState::Queued,
        outcome: None,
        due: now(),
        retries: 0,
        rel_model: String::new(),
        rel_id: None,
        data: json!({}),
        logs: Vec::new(),
        previous_logs: Vec::new(),
        created: now(),
        changed: now(),
    }
}

fn stage() -> Uuid {
    id("stage")
}

fn link<'a>(key: &'a str, about: &'a str, content: FlowTokenContent<'a>) -> NewFlowToken<'a> {
    NewFlowToken {
        key,
        stage: stage(),
        about,
        content,
        expires: now() + TimeDelta::minutes(30),
        since: now() - TimeDelta::minutes(5),
        most: 2,
        counts_until: now() + TimeDelta::minutes(5),
    }
}

pub(crate) async fn a_link_is_taken_once_and_with_it_the_others(bench: &Bench) -> Outcome {
    let (tokens, ada) = (bench.store.flow_tokens(), bench.user("ada").await?);
    let content = FlowTokenContent::Link(ada.pk, b"a plan");
    for key in ["first", "second"] {
        assert_eq!(tokens.make(&link(key, "ada", content), &task(key), now()).await?, FlowTokenMade::Sent);
    }
    let found = tokens.find("first", now()).await?.ok_or("a link")?;
    assert_eq!((found.user_pk, found.stage, found.content.as_slice()), (ada.pk, stage(), &b"a plan"[..]));
    assert_eq!(tokens.find("third", now()).await?, None);
    assert_eq!(tokens.find("first", now() + TimeDelta::minutes(30)).await?, None, "it has ended");
    let taken = tokio::join!(
        tokens.take("first", &found, now()),
        tokens.take("first", &found, now()),
        tokens.take("first", &found, now()),
    );
    let taken = [taken.0?, taken.1?, taken.2?];
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
    assert_eq!(tokens.find("second", now()).await?, None, "one of an account takes the others with it");
    assert_eq!(tokens.delete_expired(now() + TimeDelta::minutes(29), 10).await?, 0, "they count until then");
    assert_eq!(tokens.delete_expired(now() + TimeDelta::minutes(31), 10).await?, 2);
    Ok(())
}

pub(crate) async fn mails_are_counted_by_name_and_by_account(bench: &Bench) -> Outcome {
    let (tokens, ada) = (bench.store.flow_tokens(), bench.user("ada").await?);
    // Of many at once as many as are permitted.
    let keys = ["a", "b", "c", "d", "e", "f"];
    let tasks = keys.map(task);
    let content = FlowTokenContent::Link(ada.pk, b"a plan");
    let links = keys.map(|key| link(key, "ada", content));
    let all = tokio::join!(
        tokens.make(&links[0], &tasks[0], now()),
        tokens.make(&links[1], &tasks[1], now()),
        tokens.make(&links[2], &tasks[2], now()),
        tokens.make(&links[3], &tasks[3], now()),
        tokens.make(&links[4], &tasks[4], now()),
        tokens.make(&links[5], &tasks[5], now()),
    );
    let made = [all.0?, all.1?, all.2?, all.3?, all.4?, all.5?];
    assert_eq!(made.iter().filter(|made| **made == FlowTokenMade::Sent).count(), 2, "{made:?}");
    assert_eq!(made.iter().filter(|made| **made == FlowTokenMade::TooMany).count(), 4, "{made:?}");
    // Under another name the account has had enough, which nobody is told.
    let other = link("g", "ada@example.com", content);
    assert_eq!(tokens.make(&other, &task("g"), now()).await?, FlowTokenMade::Counted);
    assert_eq!(tokens.find("g", now()).await?, None);
    // A name that is nobody's is counted alike.
    let nobody = |key| link(key, "nobody", FlowTokenContent::Nothing);
    for (key, expected) in [("h", FlowTokenMade::Counted), ("i", FlowTokenMade::Counted), ("j", FlowTokenMade::TooMany)]
    {
        assert_eq!(tokens.make(&nobody(key), &task(key), now()).await?, expected, "{key}");
    }
    let (_, sent) = bench.store.tasks().list(&TaskFilter::default()).await?;
    assert_eq!(sent, 2, "a task for each that is sent");
    // A code leads nowhere by itself, and is counted.
    let code = NewFlowToken { stage: id("codes"), ..link("code", "codes", FlowTokenContent::Code(ada.pk)) };
    assert_eq!(tokens.make(&code, &task("code"), now()).await?, FlowTokenMade::Sent);
    assert_eq!(tokens.find("code", now()).await?, None);
    // Later is another time.
    let later = now() + TimeDelta::minutes(6);
    let again = NewFlowToken { since: later - TimeDelta::minutes(5), ..link("k", "ada", content) };
    assert_eq!(tokens.make(&again, &task("k"), later).await?, FlowTokenMade::Sent);
    Ok(())
}

pub(crate) async fn what_goes_to_phones_has_several_limits(bench: &Bench) -> Outcome {
    let tokens = bench.store.flow_tokens();
    let (short, long) = (TimeDelta::minutes(10), TimeDelta::days(1));
    let limit = |about, within, most| SendLimit { about, within, most };
    let limits = [limit("number", short, 2), limit("account", short, 2), limit("account", long, 3)];
    let keys = |name: &str| vec![format!("{name} 1"), format!("{name} 2"), format!("{name} 3")];
    let given = ["a", "b", "c", "d"].map(keys);
    let tasks = ["a", "b", "c", "d"].map(task);
    let all = tokio::join!(
        tokens.count((stage(), &given[0]), &limits, Some(&tasks[0]), now()),
        tokens.count((stage(), &given[1]), &limits, Some(&tasks[1]), now()),
        tokens.count((stage(), &given[2]), &limits, Some(&tasks[2]), now()),
        tokens.count((stage(), &given[3]), &limits, Some(&tasks[3]), now()),
    );
    let made = [all.0?, all.1?, all.2?, all.3?];
    assert_eq!(made.iter().filter(|reached| reached.is_none()).count(), 2, "{made:?}");
    assert!(made.iter().all(|reached| reached.is_none_or(|within| within == short)), "{made:?}");
    // The longer limit holds when the shorter one has room again.
    let later = now() + TimeDelta::minutes(11);
    assert_eq!(tokens.count((stage(), &keys("e")), &limits, Some(&task("e")), later).await?, None);
    assert_eq!(tokens.count((stage(), &keys("f")), &limits, Some(&task("f")), later).await?, Some(long));
    let (_, sent) = bench.store.tasks().list(&TaskFilter::default()).await?;
    assert_eq!(sent, 3, "a task for each that is sent");
    // What is swept is what counts no longer.
    assert_eq!(tokens.delete_expired(later, 100).await?, 2, "what was counted for the number alone");
    assert_eq!(tokens.count((stage(), &keys("g")), &limits, None, later).await?, Some(long));
    assert_eq!(tokens.count((stage(), &keys("h")), &limits, None, now() + long).await?, None);
    Ok(())
}
