//! The audit log, what is told of it, and the work behind that.

use crate::support::Api;
use lockgate_identity::journal::{Action, Entry};
use lockgate_store::{EventFilter, TaskFilter, TaskLine, TaskOutcome, TaskState};
use serde_json::{Value, json};

/// A token of an ordinary account of this name, and its key.
async fn somebody(api: &Api, name: &str) -> (Api, i64) {
    let made = api.post("/core/users/", &json!({"username": name, "name": "", "email": "x@example.com"})).await;
    let pk = made.expect(201)["pk"].as_i64().expect("a number");
    api.post("/core/tokens/", &json!({"identifier": name, "user": pk})).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200)["key"].clone();
    (api.with_token(key.as_str().expect("a key")), pk)
}

async fn event(api: &Api, action: &str, context: Value) -> Value {
    let body = json!({"action": action, "app": "test", "context": context, "client_ip": "192.0.2.7"});
    api.post("/events/events/", &body).await.expect(201)
}

async fn count(api: &Api, path: &str) -> i64 {
    api.get(path).await.expect(200)["pagination"]["count"].as_i64().expect("a number")
}

#[tokio::test]
async fn an_event_is_made_found_changed_and_removed() {
    let api = Api::start().await;
    let model = json!({"model": {"app": "authentik_core", "model_name": "user", "pk": 9, "name": "x"}});
    let made = event(&api, "suspicious_request", model).await;
    let one = format!("/events/events/{}/", made["pk"].as_str().expect("a key"));
    assert_eq!(api.get(&one).await.expect(200), made);
    assert_eq!((&made["user"], &made["brand"]), (&json!({}), &json!({})));
    for (query, found) in [
        ("action=suspicious", 1),
        ("action=nothing", 0),
        ("actions=suspicious_request&actions=login", 1),
        ("client_ip=192.0.2.7", 1),
        ("client_ip=192.0.2.8", 0),
        ("context_model_pk=9&context_model_app=authentik_core&context_model_name=user", 1),
        ("context_model_pk=9&context_model_name=group", 0),
        ("context_device=9&action=suspicious", 0),
        ("username=nobody", 0),
        ("brand_name=acme", 0),
        ("search=192.0.2.7", 1),
    ] {
        assert_eq!(count(&api, &format!("/events/events/?{query}")).await, found, "{query}");
    }
    api.get("/events/events/?actions=dance").await.expect(400);
    api.post("/events/events/", &json!({"action": "dance", "app": "test"})).await.expect(400);
    api.post("/events/events/", &json!({"action": "login"})).await.expect(400);

    let patched = api.patch(&one, &json!({"context": {"model": {"pk": "10"}}})).await.expect(200);
    assert_eq!((&patched["client_ip"], &patched["action"]), (&json!("192.0.2.7"), &json!("suspicious_request")));
    assert_eq!(count(&api, "/events/events/?context_model_pk=10").await, 1);
    let put = json!({"action": "login", "app": "test", "client_ip": null, "brand": {"name": "acme"}});
    assert_eq!(api.put(&one, &put).await.expect(200)["client_ip"], Value::Null);
    assert_eq!(count(&api, "/events/events/?brand_name=acme&action=login").await, 1);
    api.delete(&one).await.expect(204);
    api.get(&one).await.expect(404);
}

#[tokio::test]
async fn events_are_counted_and_taken_away() {
    let api = Api::start().await;
    for (name, app) in [("a", "wiki"), ("b", "wiki"), ("a", "mail")] {
        let context = json!({"authorized_application": {"pk": app}, "note": format!("by \"{name}\"")});
        event(&api, "authorize_application", context).await;
    }
    let top = api.get("/events/events/top_per_user/?top_n=1").await.expect(200);
    assert_eq!((&top[0]["application"]["pk"], &top[0]["counted_events"]), (&json!("wiki"), &json!(2)));
    assert_eq!(top.as_array().map(Vec::len), Some(1));
    assert_eq!(count(&api, "/events/events/?context_authorized_app=wiki").await, 2);
    let volume = api.get("/events/events/volume/?action=authorize").await.expect(200);
    let volume = volume.as_array().expect("a list");
    assert_eq!(volume.iter().map(|hour| hour["count"].as_i64().expect("a number")).sum::<i64>(), 3);
    assert!(volume.iter().all(|hour| hour["action"] == "authorize_application"));
    assert_eq!(api.get("/events/events/volume/?history_days=0&action=authorize").await.expect(200), json!([]));
    // Hours that are over are counted once: what is new is told nevertheless, and told once.
    for times in 1..=3 {
        event(&api, "suspicious_request", json!({})).await;
        let volume = api.get("/events/events/volume/").await.expect(200);
        let told = volume.as_array().into_iter().flatten().filter(|hour| hour["action"] == "suspicious_request");
        assert_eq!(told.filter_map(|hour| hour["count"].as_i64()).sum::<i64>(), times);
    }
    let stats = "/events/events/stats/?count_steps=hours=1&count_steps=days=7&action=authorize";
    let stats = api.get(stats).await.expect(200);
    assert_eq!(stats, json!({"unique_users": 0, "count_step": {"hours=1": 3, "days=7": 3}}));
    api.get("/events/events/stats/?count_steps=soon").await.expect(400);
    let actions = api.get("/events/events/actions/").await.expect(200);
    let actions = actions.as_array().expect("a list");
    assert!(actions.iter().any(|action| action["component"] == "login_failed" && action["name"] == "Login Failed"));

    let export = api.post("/events/events/export/?action=authorize&context_authorized_app=wiki", &json!({})).await;
    let export = export.expect(201);
    assert_eq!((&export["completed"], &export["query_params"]["action"]), (&json!(true), &json!(["authorize"])));
    // What comes later is not in it.
    event(&api, "authorize_application", json!({"authorized_application": {"pk": "wiki"}})).await;
    let path = export["file_url"].as_str().expect("an address").trim_start_matches("/api/v3").to_owned();
    let table = api.get(&path).await.expect(200);
    let lines: Vec<&str> = table.as_str().expect("a text").lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], "pk,created,action,app,user,client_ip,brand,context,expires");
    assert!(lines[1].contains("authorize_application,test,") && lines[1].contains(r#"by \""b\"""#), "{}", lines[1]);
}

#[tokio::test]
async fn what_is_taken_away_holds_no_formulas() {
    let api = Api::start().await;
    let entry = Entry::new(Action::SecretView, "=cmd|'/c calc'!A1");
    api.identity.journal.record(entry.with("reason", "=1+1"));
    api.identity.journal.flush().await;
    let table = api.get("/events/events/export/?action=secret_view").await.expect(200);
    let table = table.as_str().expect("a text");
    assert!(table.contains(",'=cmd|'/c calc'!A1,"), "{table}");
}

#[tokio::test]
async fn a_change_too_large_to_tell_hides_nothing_beside_it() {
    let api = Api::start().await;
    let brands = api.get("/core/brands/").await.expect(200);
    let brand = brands["results"][0]["brand_uuid"].as_str().expect("a key").to_owned();
    let list = json!({"attributes": {"list": vec!["x"; 60_000]}});
    // One after the other at once, so that they are stored together.
    let entry = || Entry::new(Action::SecretView, "test");
    api.identity.journal.record(entry().with("reason", "z".repeat(400 * 1024)));
    api.patch(&format!("/core/brands/{brand}/"), &list).await.expect(200);
    api.identity.journal.record(entry().with("reason", "short"));
    api.identity.journal.flush().await;
    let changed = api.get("/events/events/?action=model_updated&context_model_name=brand").await.expect(200);
    assert!(changed["results"][0]["context"]["diff"].is_object(), "{changed}");
    let seen = api.get("/events/events/?action=secret_view&ordering=created").await.expect(200);
    assert_eq!(seen["pagination"]["count"], 2, "{seen}");
    assert!(seen["results"][0]["context"]["message"].as_str().is_some_and(|text| text.contains("Too long")), "{seen}");
    assert_eq!(seen["results"][1]["context"]["reason"], "short");
}

#[tokio::test]
async fn transports_rules_and_mappings_are_configuration() {
    let api = Api::start().await;
    let body = json!({"name": "words", "expression": "#{ text: notification.body }"});
    let mapping = api.post("/propertymappings/notification/", &body).await.expect(201);
    let broken = json!({"name": "broken", "expression": "notification.body +"});
    api.post("/propertymappings/notification/", &broken).await.expect(400);
    let transport = json!({"name": "hook", "mode": "webhook", "webhook_url": "https://hook.example.com/x",
        "webhook_mapping_body": mapping["pk"], "send_once": true});
    let transport = api.post("/events/transports/", &transport).await.expect(201);
    assert_eq!(
        (&transport["mode_verbose"], &transport["email_subject_prefix"]),
        (&json!("Generic Webhook"), &json!("authentik Notification: "))
    );
    for wrong in [json!({"name": "a", "mode": "webhook"}), json!({"name": "a", "mode": "webhook", "webhook_url": "x"})]
    {
        assert!(api.post("/events/transports/", &wrong).await.expect(400)["webhook_url"].is_array());
    }
    assert_eq!(count(&api, "/events/transports/?mode=webhook&send_once=true").await, 1);
    let admins = api.get("/core/groups/?name=authentik%20Admins").await.expect(200)["results"][0]["pk"].clone();
    let rule =
        json!({"name": "watch", "transports": [transport["pk"]], "severity": "warning", "destination_group": admins});
    let rule = api.post("/events/rules/", &rule).await.expect(201);
    assert_eq!(rule["destination_group_obj"]["name"], "authentik Admins");
    assert_eq!(rule.get("policy_engine_mode"), None);
    assert_eq!(count(&api, "/events/rules/?destination_group__name=authentik%20Admins&severity=warning").await, 1);
    assert_eq!(count(&api, "/events/rules/?destination_group__name=nobody").await, 0);
    let used = api.get(&format!("/events/transports/{}/used_by/", transport["pk"].as_str().expect("a key"))).await;
    assert_eq!(used.expect(200)[0]["name"], "watch");

    let test = format!("/propertymappings/all/{}/test/", mapping["pk"].as_str().expect("a key"));
    let asked = json!({"context": {"notification": {"body": "hello"}}});
    let made = api.post(&test, &asked).await.expect(200);
    assert_eq!((&made["result"], &made["successful"]), (&json!(r#"{"text":"hello"}"#), &json!(true)));
    let made = api.post(&format!("{test}?format_result=true"), &asked).await.expect(200);
    assert_eq!(made["result"], "{\n  \"text\": \"hello\"\n}");
    assert!(
        api.post(&format!("{test}?format_result=12353"), &asked).await.expect(400)["format_result"].is_array(),
        "a wrong flag is no flag"
    );
    assert_eq!(api.post(&test, &json!({})).await.expect(200)["successful"], false);
    assert!(api.post(&test, &json!({"user": 999})).await.expect(400)["user"].is_array());
    let scope = api.get("/propertymappings/all/?managed=goauthentik.io/providers/oauth2/scope-email").await.expect(200);
    let scope = format!("/propertymappings/all/{}/test/", scope["results"][0]["pk"].as_str().expect("a key"));
    let (ada, pk) = somebody(&api, "ada").await;
    assert!(
        api.post(&scope, &json!({"user": pk})).await.expect(200)["result"]
            .as_str()
            .expect("a text")
            .contains("x@example.com")
    );
    ada.post(&scope, &json!({"user": pk})).await.expect(404);
}

/// A rule that tells `to` of events with this action, where they sign in.
async fn rule(api: &Api, name: &str, action: &str, to: Value) -> Value {
    let policy = json!({"name": format!("{name} matches"), "action": action});
    let policy = api.post("/policies/event_matcher/", &policy).await.expect(201);
    let local =
        api.get("/events/transports/?name=default-local-transport").await.expect(200)["results"][0]["pk"].clone();
    let mut body = json!({"name": name, "transports": [local]});
    body.as_object_mut().expect("a map").extend(to.as_object().expect("a map").clone());
    let rule = api.post("/events/rules/", &body).await.expect(201);
    let binding = json!({"target": rule["pk"], "policy": policy["pk"], "order": 0});
    api.post("/policies/bindings/", &binding).await.expect(201);
    rule
}

/// The rules that want to tell somebody, of what is stored so far.
async fn wanted(api: &Api) -> Vec<String> {
    api.identity.journal.flush().await;
    let filter = TaskFilter { actor: Some("notify_rule".to_owned()), ..TaskFilter::default() };
    let (tasks, _) = api.store.tasks().list(&filter).await.expect("tasks");
    let mut rules: Vec<String> = tasks.into_iter().map(|task| task.uid).collect();
    rules.sort();
    rules
}

#[tokio::test]
async fn a_rule_is_asked_about_every_event_and_without_policies_about_none() {
    let api = Api::start().await;
    let everybody = json!({"destination_event_user": true});
    rule(&api, "logins", "login", everybody).await;
    let silent =
        api.get("/events/transports/?name=default-local-transport").await.expect(200)["results"][0]["pk"].clone();
    let unbound = json!({"name": "unbound", "transports": [silent], "destination_event_user": true});
    api.post("/events/rules/", &unbound).await.expect(201);
    // One that is nobody's, and one whose policy cannot be asked.
    rule(&api, "nobodys", "login", json!({})).await;
    let body = json!({"name": "broken", "transports": [silent], "destination_event_user": true});
    let broken = api.post("/events/rules/", &body).await.expect(201);
    let text = r#"context.event.action == "logout" && context.event.no_such.thing == 1"#;
    let policy = json!({"name": "breaks", "expression": text});
    let policy = api.post("/policies/expression/", &policy).await.expect(201);
    let binding = json!({"target": broken["pk"], "policy": policy["pk"], "order": 1, "enabled": true});
    api.post("/policies/bindings/", &binding).await.expect(201);

    event(&api, "login", json!({})).await;
    assert_eq!(wanted(&api).await, ["logins"]);
    event(&api, "logout", json!({})).await;
    assert_eq!(wanted(&api).await, ["logins"]);
    let filter = EventFilter { actions: vec!["policy_exception".to_owned()], ..EventFilter::default() };
    api.identity.journal.flush().await;
    let (failed, _) = api.store.events().list(&filter).await.expect("events");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].context["model"]["name"], "broken");
    // The built-in rule for failed policies would tell of that: what happens while people are told is told nobody.
    assert_eq!(wanted(&api).await, ["logins"]);
    event(&api, "policy_exception", json!({"message": "another one"})).await;
    assert_eq!(wanted(&api).await, ["default-notify-exception", "logins"]);
}

#[tokio::test]
async fn notifications_belong_to_whom_they_tell() {
    let api = Api::start().await;
    let (ada, pk) = somebody(&api, "ada").await;
    let (bob, _) = somebody(&api, "bob").await;
    let local =
        api.get("/events/transports/?name=default-local-transport").await.expect(200)["results"][0]["pk"].clone();
    let test = format!("/events/transports/{}/test/", local.as_str().expect("a key"));
    ada.post(&test, &json!({})).await.expect(404);
    assert_eq!(api.post(&test, &json!({})).await.expect(200)["messages"].as_array().map(Vec::len), Some(1));
    let own = api.get("/events/notifications/").await.expect(200)["results"][0].clone();
    assert_eq!((&own["severity"], &own["seen"]), (&json!("notice"), &json!(false)));
    assert!(own["body"].as_str().expect("a text").starts_with("custom_: Test"));

    // Told to ada by hand.
    api.identity.journal.flush().await;
    let mut told = api.store.notifications().list(&Default::default()).await.expect("notifications").0.remove(0);
    (told.pk, told.user_pk) = (uuid::Uuid::from_u128(7), pk);
    api.store.notifications().insert(&[told]).await.expect("stored");
    let one = "/events/notifications/00000000-0000-0000-0000-000000000007/";
    assert_eq!((count(&ada, "/events/notifications/").await, count(&bob, "/events/notifications/").await), (1, 0));
    assert_eq!(count(&api, "/events/notifications/").await, 2);
    assert_eq!(count(&api, &format!("/events/notifications/?user={pk}&seen=false")).await, 1);
    bob.get(one).await.expect(404);
    bob.patch(one, &json!({"seen": true})).await.expect(404);
    bob.delete(one).await.expect(404);
    let patched = ada.patch(one, &json!({"seen": true, "hyperlink": "/x", "body": "mine"})).await.expect(200);
    assert_eq!((&patched["seen"], &patched["hyperlink"]), (&json!(true), &json!("/x")));
    assert_ne!(patched["body"], "mine");
    assert_eq!(patched["event"]["action"], "custom_");
    ada.put(one, &json!({"seen": false})).await.expect(200);
    // An event that is sent along is looked at, and changes nothing.
    let mut event = ada.get(one).await.expect(200)["event"].clone();
    event["app"] = json!("elsewhere");
    let kept = ada.patch(one, &json!({"event": event, "hyperlink": "https://h.example/"})).await.expect(200);
    assert_eq!((&kept["hyperlink"], kept["event"]["app"] == "elsewhere"), (&json!("https://h.example/"), false));
    for wrong in [json!({}), json!("x"), json!({"action": "nothing", "app": "a"}), json!({"action": "login"})] {
        let refused = ada.put(one, &json!({"event": wrong})).await.expect(400);
        assert!(!refused["event"].is_null(), "{refused}");
    }
    ada.post("/events/notifications/mark_all_seen/", &json!({})).await.expect(204);
    assert_eq!(ada.get(one).await.expect(200)["seen"], true);
    assert_eq!(api.get("/events/notifications/?seen=false").await.expect(200)["pagination"]["count"], 1);
    ada.delete(one).await.expect(204);
    ada.get(one).await.expect(404);
}

#[tokio::test]
async fn tasks_are_told_of_and_begun_again() {
    let api = Api::start().await;
    let (ada, _) = somebody(&api, "ada").await;
    let now = api.identity.clock.now();
    let line =
        TaskLine { at: now, level: "error".to_owned(), text: "no answer".to_owned(), attributes: Default::default() };
    let run = lockgate_identity::schedule::asked_for(&api.identity, "old_tasks");
    let over = lockgate_store::Task {
        state: TaskState::Rejected,
        outcome: Some(TaskOutcome::Error),
        logs: vec![line],
        rel_model: "authentik_events.notificationtransport".to_owned(),
        rel_id: Some("9".to_owned()),
        ..run
    };
    api.store.tasks().ask(std::slice::from_ref(&over)).await.expect("stored");
    let one = format!("/tasks/tasks/{}/", over.id);
    let shown = api.get(&one).await.expect(200);
    assert_eq!((&shown["state"], &shown["aggregated_status"]), (&json!("rejected"), &json!("error")));
    assert_eq!((&shown["logs"][0]["event"], &shown["eta"]), (&json!("no answer"), &Value::Null));
    assert_eq!(
        (&shown["rel_obj_app_label"], &shown["rel_obj_model"]),
        (&json!("authentik_events"), &json!("notificationtransport"))
    );
    for (query, found) in [
        ("actor_name=old_tasks", 1),
        ("aggregated_status=error", 1),
        ("aggregated_status=info&aggregated_status=queued", 0),
        ("state=rejected&queue_name=schedules", 1),
        ("state=consumed", 0),
        ("rel_obj_id=9&rel_obj_content_type__model=notificationtransport", 1),
        ("rel_obj_id__isnull=true", 0),
    ] {
        assert_eq!(count(&api, &format!("/tasks/tasks/?{query}")).await, found, "{query}");
    }
    assert_eq!(api.get("/tasks/tasks/status/").await.expect(200)["rejected"], 1);
    ada.post(&format!("{one}retry/"), &json!({})).await.expect(404);
    api.post(&format!("{one}retry/"), &json!({})).await.expect(204);
    api.post(&format!("{one}retry/"), &json!({})).await.expect(400);
    let again = api.get(&one).await.expect(200);
    assert_eq!((&again["state"], &again["retries"], &again["logs"]), (&json!("queued"), &json!(1), &json!([])));
    assert_eq!(again["previous_logs"][0]["event"], "no answer");
    assert_eq!(api.get("/tasks/workers/").await.expect(200), json!([]));
}

#[tokio::test]
async fn schedules_are_changed_and_sent() {
    let api = Api::start().await;
    let schedule = lockgate_store::Schedule {
        id: uuid::Uuid::from_u128(5),
        actor: "old_tasks".to_owned(),
        crontab: "* * * * *".to_owned(),
        paused: false,
        next_run: api.identity.clock.now(),
        last_outcome: None,
    };
    api.store.schedules().ensure(&[schedule]).await.expect("stored");
    let one = "/tasks/schedules/00000000-0000-0000-0000-000000000005/";
    let shown = api.get(one).await.expect(200);
    assert_eq!((&shown["uid"], &shown["last_task_status"]), (&json!("old_tasks"), &Value::Null));
    assert!(shown["description"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(api.put(one, &json!({"crontab": "whenever"})).await.expect(400)["crontab"].is_array());
    api.put(one, &json!({"paused": true})).await.expect(400);
    let put = api.put(one, &json!({"crontab": "0 3 * * *", "paused": true})).await.expect(200);
    assert!(put["next_run"].as_str().expect("a time").contains("T03:00:00"));
    assert_eq!(api.patch(one, &json!({"paused": false})).await.expect(200)["crontab"], "0 3 * * *");
    assert_eq!(count(&api, "/tasks/schedules/?actor_name=old_tasks&paused=false").await, 1);
    assert_eq!(count(&api, "/tasks/schedules/?rel_obj_id=3").await, 0);
    api.post(&format!("{one}send/"), &json!({})).await.expect(204);
    assert_eq!(count(&api, "/tasks/tasks/?actor_name=old_tasks&state=queued").await, 1);
}

#[tokio::test]
async fn the_log_is_narrowed_to_people_applications_and_times() {
    let api = Api::start().await;
    let (_, ada) = somebody(&api, "ada").await;
    let app =
        api.post("/core/applications/", &json!({"name": "The Wiki", "slug": "wiki"})).await.expect(201)["pk"].clone();
    let by = |context: Value, user: Value| json!({"action": "authorize_application", "app": "filters", "context": context, "user": user});
    let opened = json!({"authorized_application": {"pk": app, "name": "The Wiki"}});
    let first = api.post("/events/events/", &by(opened, json!({"pk": ada, "username": "ada"}))).await.expect(201);
    // The administrator acts as her: the number is hers, the name is not.
    let acting = json!({"pk": ada, "username": "akadmin"});
    api.post("/events/events/", &by(json!({}), acting)).await.expect(201);
    let last = api.post("/events/events/", &by(json!({}), json!({"pk": 999, "username": "gone"}))).await.expect(201);
    let time = |event: &Value| event["created"].as_str().expect("a time").to_owned();
    let key = |event: &Value| event["pk"].as_str().expect("a key").to_owned();
    let (begin, end) = (time(&first), time(&last));
    for (query, found) in [
        ("user=ada".to_owned(), 2),
        ("user=ADA".to_owned(), 2),
        (format!("user={ada}"), 2),
        ("user=gone".to_owned(), 1),
        ("user=999".to_owned(), 1),
        ("user=nobody".to_owned(), 0),
        ("application=wiki".to_owned(), 1),
        ("application=the+wiki".to_owned(), 1),
        (format!("application={}", app.as_str().expect("a key")), 1),
        ("application=mail".to_owned(), 0),
        ("application=wiki&user=gone".to_owned(), 0),
        (format!("created__gte={begin}"), 3),
        (format!("created__gte={begin}&created__lte={begin}"), 1),
        (format!("created__lte={begin}"), 1),
        (format!("created__gte={end}"), 1),
        (format!("after={}", key(&first)), 2),
        (format!("after={}", key(&last)), 0),
        (format!("after={begin}"), 2),
        (format!("after={end}"), 0),
    ] {
        let query = query.replace("+00:00", "Z");
        assert_eq!(
            count(&api, &format!("/events/events/?actions=authorize_application&search=filters&{query}")).await,
            found,
            "{query}"
        );
    }
    // The application was made, which is told of as well.
    assert_eq!(count(&api, "/events/events/?application=wiki").await, 2);
    let tail = api.get(&format!("/events/events/?after={}&search=filters", key(&first))).await.expect(200);
    assert_eq!(tail["results"][0]["pk"], last["pk"]);
    api.delete(&format!("/events/events/{}/", key(&first))).await.expect(204);
    assert_eq!(count(&api, &format!("/events/events/?after={}&search=filters", key(&first))).await, 2);
    for query in ["after=soon", "after=00000000-0000-0000-0000-000000000000", "created__gte=soon", "created__lte=x"] {
        api.get(&format!("/events/events/?{query}")).await.expect(400);
    }
    let figures = api.get("/events/events/stats/?user=ada&count_steps=hours=1&search=filters").await.expect(200);
    assert_eq!(figures["count_step"], json!({"hours=1": 1}));
    let table =
        api.get(&format!("/events/events/export/?created__gte={}&search=filters", end.replace("+00:00", "Z"))).await;
    assert_eq!(table.expect(200).as_str().map(|text| text.lines().count()), Some(2));
}
