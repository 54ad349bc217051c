//! Work in the background, and what people are told.

use lockgate_store::{
    Notification, NotificationFilter, Schedule, ScheduleFilter, Task, TaskEnd, TaskFilter, TaskLine, TaskOutcome,
    TaskState, Topic, Worker,
};
use serde_json::json;
use uuid::Uuid;

use crate::bench::{Bench, Outcome, later, now};

fn task(n: u128, actor: &str) -> Task {
    Task {
        id: Uuid::from_u128(n),
        actor: actor.to_owned(),
        queue: "notifications".to_owned(),
        uid: "x".to_owned(),
        state: TaskState::Queued,
        outcome: None,
        due: now(),
        retries: 0,
        rel_model: "authentik_events.notificationrule".to_owned(),
        rel_id: Some("7".to_owned()),
        data: json!({"event": 1}),
        logs: Vec::new(),
        previous_logs: Vec::new(),
        created: now(),
        changed: now(),
    }
}

fn end(state: TaskState, outcome: Option<TaskOutcome>, due: i64) -> TaskEnd {
    let line =
        TaskLine { at: now(), level: "info".to_owned(), text: "done".to_owned(), attributes: Default::default() };
    TaskEnd { state, outcome, due: later(due), logs: vec![line], data: json!({"attempts": 1}) }
}

pub(crate) async fn of_two_workers_one_has_a_task(bench: &Bench) -> Outcome {
    let (tasks, changes) = (bench.store.tasks(), bench.store.changes());
    let mut cursor = changes.cursor(now()).await?;
    tasks.ask(&[task(1, "send"), Task { due: later(60), ..task(2, "send") }]).await?;
    let told = changes.poll(&mut cursor, now()).await?.changes;
    assert_eq!(told.iter().map(|change| change.topic).collect::<Vec<_>>(), [Topic::Task]);

    let due = tasks.due(now(), 10).await?;
    assert_eq!(due, [task(1, "send")]);
    assert!(tasks.claim(&due[0], later(120), now()).await?);
    assert!(!tasks.claim(&due[0], later(121), now()).await?);
    assert!(tasks.due(later(30), 10).await?.is_empty());
    assert_eq!(tasks.next_due().await?, Some(later(60)));

    // Who has lost it cannot say what became of it.
    let done = end(TaskState::Done, Some(TaskOutcome::Info), 5);
    assert!(!tasks.end(due[0].id, later(119), &done, later(5), &[]).await?);
    assert!(tasks.end(due[0].id, later(120), &done, later(5), &[task(3, "send")]).await?);
    let found = tasks.get(due[0].id).await?.expect("the task");
    assert_eq!((found.state, found.outcome, found.retries), (TaskState::Done, Some(TaskOutcome::Info), 0));
    assert_eq!((found.logs.len(), &found.data), (1, &json!({"attempts": 1})));
    assert!(tasks.get(Uuid::from_u128(3)).await?.is_some());

    // One whose worker does not come back comes up again.
    let second = tasks.get(Uuid::from_u128(2)).await?.expect("the task");
    assert!(tasks.claim(&second, later(180), later(60)).await?);
    let again = tasks.due(later(200), 10).await?;
    let again = again.iter().find(|task| task.id == second.id).expect("the task");
    assert!(tasks.claim(again, later(300), later(200)).await?);
    assert_eq!(tasks.get(second.id).await?.expect("the task").retries, 1);
    Ok(())
}

pub(crate) async fn what_is_over_can_be_begun_again_and_is_forgotten(bench: &Bench) -> Outcome {
    let tasks = bench.store.tasks();
    let over = |n: u128, at: i64| Task {
        state: TaskState::Done,
        outcome: Some(TaskOutcome::Error),
        logs: end(TaskState::Done, None, 0).logs,
        changed: later(at),
        ..task(n, "send")
    };
    let all: Vec<Task> = (1..=5).map(|n| over(n, i64::try_from(n).expect("small"))).collect();
    tasks.ask(&all).await?;
    tasks.ask(&[task(9, "tell")]).await?;
    assert!(tasks.retry(&all[0], later(10)).await?);
    assert!(!tasks.retry(&all[0], later(10)).await?);
    let again = tasks.get(all[0].id).await?.expect("the task");
    assert_eq!((again.state, again.outcome, again.retries), (TaskState::Queued, None, 1));
    assert_eq!((again.logs.len(), again.previous_logs.len()), (0, 1));

    let listed = async |filter: TaskFilter| -> Result<u64, lockgate_store::StoreError> {
        let (found, total) = tasks.list(&filter).await?;
        assert_eq!(found.len() as u64, total);
        Ok(total)
    };
    let (any, text) = (TaskFilter::default, |text: &str| Some(text.to_owned()));
    assert_eq!(listed(any()).await?, 6);
    assert_eq!(listed(TaskFilter { actor: text("tell"), ..any() }).await?, 1);
    assert_eq!(listed(TaskFilter { state: Some(TaskState::Queued), ..any() }).await?, 2);
    let sorts = Some((vec![TaskState::Queued], vec![TaskOutcome::Error]));
    assert_eq!(listed(TaskFilter { sorts, ..any() }).await?, 6);
    assert_eq!(listed(TaskFilter { rel_app: text("authentik_events"), ..any() }).await?, 6);
    assert_eq!(listed(TaskFilter { rel_app: text("authentik_event"), ..any() }).await?, 0);
    assert_eq!(listed(TaskFilter { rel_name: text("notificationrule"), rel_id: text("7"), ..any() }).await?, 6);
    assert_eq!(listed(TaskFilter { rel_is_null: Some(true), ..any() }).await?, 0);
    assert_eq!(listed(TaskFilter { search: text("ten"), ..any() }).await?, 0);
    let mut census = tasks.census().await?;
    census.sort_by_key(|(state, ..)| state.as_str());
    let expected = [(TaskState::Done, Some(TaskOutcome::Error), 4), (TaskState::Queued, None, 2)];
    assert_eq!(census, expected);

    // What waits is never forgotten.
    assert_eq!(tasks.forget(later(3), 100, 100).await?, 1);
    assert_eq!(tasks.forget(later(0), 2, 100).await?, 1);
    assert_eq!(listed(any()).await?, 4);
    assert_eq!(tasks.forget(later(1_000), 0, 100).await?, 2);
    assert_eq!(listed(any()).await?, 2);
    Ok(())
}

pub(crate) async fn a_run_is_begun_once_and_told_of(bench: &Bench) -> Outcome {
    let schedules = bench.store.schedules();
    let schedule = |n: u128, actor: &str| Schedule {
        id: Uuid::from_u128(n),
        actor: actor.to_owned(),
        crontab: "* * * * *".to_owned(),
        paused: false,
        next_run: now(),
        last_outcome: None,
    };
    schedules.ensure(&[schedule(1, "sweep"), schedule(2, "old")]).await?;
    schedules.ensure(&[Schedule { crontab: "0 * * * *".to_owned(), ..schedule(3, "sweep") }]).await?;
    let (all, total) = schedules.list(&ScheduleFilter::default()).await?;
    assert_eq!((all.as_slice(), total), ([schedule(1, "sweep")].as_slice(), 1));

    let due = schedules.due(now()).await?.pop().expect("a schedule");
    let run = Task { state: TaskState::Running, due: later(120), ..task(1, "sweep") };
    assert!(schedules.begin(&due, later(60), &run).await?);
    assert!(!schedules.begin(&due, later(60), &task(2, "sweep")).await?);
    assert!(bench.store.tasks().get(Uuid::from_u128(2)).await?.is_none());
    assert_eq!(schedules.next_due().await?, Some(later(60)));
    let done = end(TaskState::Done, Some(TaskOutcome::Warning), 1);
    schedules.end("sweep", (run.id, run.due), &done, later(1)).await?;
    assert_eq!(schedules.get(due.id).await?.expect("it").last_outcome, Some(TaskOutcome::Warning));

    assert!(schedules.set(due.id, "5 * * * *", true, later(300), now()).await?);
    assert!(schedules.due(later(1_000)).await?.is_empty());
    assert_eq!(schedules.next_due().await?, None);
    let (paused, _) = schedules.list(&ScheduleFilter { paused: Some(true), ..ScheduleFilter::default() }).await?;
    assert_eq!((paused.len(), paused[0].crontab.as_str()), (1, "5 * * * *"));
    assert!(!schedules.set(Uuid::from_u128(9), "5 * * * *", true, later(300), now()).await?);

    let workers = bench.store.workers();
    let worker = |id: &str, seen: i64| Worker { id: id.to_owned(), version: "1".to_owned(), seen: later(seen) };
    for (id, seen) in [("a", 0), ("b", 50), ("a", 60)] {
        workers.seen(&worker(id, seen), later(seen - 100)).await?;
    }
    assert_eq!(workers.since(later(40)).await?, [worker("a", 60), worker("b", 50)]);
    workers.seen(&worker("c", 155), later(55)).await?;
    assert_eq!(workers.since(later(0)).await?, [worker("a", 60), worker("c", 155)]);
    Ok(())
}

pub(crate) async fn people_are_told_and_see_it(bench: &Bench) -> Outcome {
    let told = bench.store.notifications();
    let (ada, bob) = (bench.user("ada").await?, bench.user("bob").await?);
    let notification = |n: u128, user_pk: i64| Notification {
        pk: Uuid::from_u128(n),
        event_pk: Uuid::from_u128(100 + n),
        user_pk,
        severity: if n == 1 { "alert" } else { "notice" }.to_owned(),
        body: format!("told {n}"),
        hyperlink: None,
        hyperlink_label: None,
        seen: false,
        created: later(i64::try_from(n).expect("small")),
        expires: later(1_000 + i64::try_from(n).expect("small")),
    };
    let running = Task { state: TaskState::Running, due: later(120), ..task(1, "tell") };
    bench.store.tasks().ask(std::slice::from_ref(&running)).await?;
    let done = end(TaskState::Done, Some(TaskOutcome::Info), 1);
    let all = [notification(1, ada.pk), notification(2, ada.pk), notification(3, bob.pk)];
    assert!(told.tell(&all, &[task(2, "send")], (running.id, running.due), &done, now()).await?);
    // Once, whoever tries.
    assert!(!told.tell(&all, &[], (running.id, running.due), &done, now()).await?);
    assert!(bench.store.tasks().get(Uuid::from_u128(2)).await?.is_some());

    let found = async |filter: NotificationFilter| -> Result<Vec<u128>, lockgate_store::StoreError> {
        let (found, total) = told.list(&filter).await?;
        assert_eq!(found.len() as u64, total);
        Ok(found.into_iter().map(|one| one.pk.as_u128()).collect())
    };
    let any = NotificationFilter::default;
    assert_eq!(found(any()).await?, [3, 2, 1]);
    assert_eq!(found(NotificationFilter { user_pk: Some(ada.pk), ..any() }).await?, [2, 1]);
    assert_eq!(found(NotificationFilter { severity: Some("alert".to_owned()), ..any() }).await?, [1]);
    assert_eq!(found(NotificationFilter { search: Some("told 3".to_owned()), ..any() }).await?, [3]);
    assert_eq!(found(NotificationFilter { body: Some("told".to_owned()), ..any() }).await?, []);
    assert_eq!(found(NotificationFilter { event: Some(Uuid::from_u128(102)), ..any() }).await?, [2]);
    assert_eq!(found(NotificationFilter { created: Some(later(3)), ..any() }).await?, [3]);
    assert!(told.update(&Notification { seen: true, hyperlink: Some("/x".to_owned()), ..all[0].clone() }).await?);
    assert_eq!(told.get(all[0].pk).await?.expect("it").hyperlink.as_deref(), Some("/x"));
    assert_eq!(told.mark_all_seen(ada.pk).await?, 1);
    assert_eq!(found(NotificationFilter { seen: Some(false), ..any() }).await?, [3]);
    // They go with whom they tell.
    bench.store.users().delete(bob.pk, now()).await?;
    assert_eq!(found(any()).await?, [2, 1]);
    assert_eq!(told.delete_expired(later(1_001), 10).await?, 1);
    assert!(told.delete(all[1].pk).await? && !told.delete(all[1].pk).await?);
    Ok(())
}
