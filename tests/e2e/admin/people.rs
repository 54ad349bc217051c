//! Users, groups, invitations and keys, made, changed and taken away in the admin interface.

use lockgate_tests::{
    BOOTSTRAP_PASSWORD, Client, Database, Executor, FlowEnd, MailSink, Reply, Server, ServerBuilder, eventually,
};
use reqwest::Method;
use serde_json::{Value, json};

on_each_database!(
    an_account_is_made_with_a_password_or_an_invitation,
    a_password_is_set_and_ways_back_in_are_handed_over,
    an_account_is_switched_off_and_on_and_deleted,
    somebody_acts_as_another_and_says_why,
    factors_are_enrolled_and_removed,
    sessions_are_seen_and_ended,
    groups_are_a_tree_with_members,
    accounts_come_out_of_a_table_after_a_dry_run,
    an_invitation_is_copied_and_sent,
    keys_of_programs_are_shown_once_and_replaced,
    a_name_that_is_a_number_is_nobody_elses,
    a_look_at_a_page_counts_as_one_request,
    a_form_writes_what_was_touched_and_nothing_else,
    of_many_groups_none_is_lost_by_saving,
);

const PASSWORD: &str = "trellis-mango-orbit-58";
const NEW: &str = "walnut-prism-harbor-93";

/// The way back in is on, and a flow makes accounts.
const FOLDER: &str = r#"brand: authentik-default
default: true
title: Acme
flow_authentication: default-authentication-flow
flow_invalidation: default-invalidation-flow
flow_recovery: default-recovery-flow
---
flow: join
title: Join
designation: enrollment
stages:
  - invitation
  - prompt:
      fields:
        - { key: username, label: Name, type: username, order: 0 }
        - { key: password, label: Password, type: password, order: 2 }
        - { key: password_repeat, label: Repeat, type: password, order: 3 }
  - write: { create: always_create }
  - login
---
app: wiki
name: Wiki
url: https://wiki.example.com
access:
  any: [{ group: Staff }]
---
group: Staff
"#;

fn builder(database: Database, mail: u16) -> ServerBuilder {
    Server::builder(database)
        .config("people.yaml", FOLDER)
        .set("LOCKGATE_EMAIL__HOST", "127.0.0.1")
        .set("LOCKGATE_EMAIL__FROM", "Acme <auth@example.com>")
        .set("LOCKGATE_EMAIL__PORT", &mail.to_string())
}

async fn start(database: Database) -> (Server, Visit) {
    let server = builder(database, 9).start().await;
    let admin = Visit::of(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    (server, admin)
}

/// Somebody's browser in the admin interface.
pub(super) struct Visit {
    client: Client,
    base: String,
    csrf: String,
}

impl Visit {
    pub(super) async fn of(server: &Server, name: &str, password: &str) -> Self {
        let client = Client::new();
        client.open_signing_in(&server.url("/if/user/"), name, password).await;
        let mut visit = Self { client, base: server.base(), csrf: String::new() };
        let page = visit.get("/if/admin/").await.text();
        visit.csrf = page.split("data-csrf=\"").nth(1).and_then(|r| r.split('"').next()).unwrap_or_default().to_owned();
        visit
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.client.get(&format!("{}{path}", self.base)).await
    }

    /// A page that there is.
    pub(super) async fn page(&self, path: &str) -> String {
        self.get(path).await.expect(200).text()
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &self.csrf).extend_pairs(fields);
        let request = self.client.request(Method::POST, &format!("{}{path}", self.base));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        Reply::of(request.body(form.finish())).await
    }

    /// Sends a form that leads on to a page.
    pub(super) async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        self.post(path, fields).await.expect(303).location().unwrap_or_default()
    }

    /// A form with a file in it.
    async fn upload(&self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Reply {
        let mut body = Vec::new();
        for (name, value) in fields.iter().copied().chain([("csrf_token", self.csrf.as_str())]) {
            let part = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\nContent-Type: text/csv\r\n\r\n";
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = self.client.request(Method::POST, &format!("{}{path}", self.base));
        Reply::of(request.header("Content-Type", "multipart/form-data; boundary=edge").body(body)).await
    }
}

/// What a page has to copy, under this heading.
fn copied(page: &str, caption: &str) -> String {
    let rest = page.split(&format!("<span>{caption}</span>")).nth(1).unwrap_or_else(|| panic!("{caption}:\n{page}"));
    let text = rest.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).unwrap_or_default();
    text.trim().replace("&amp;", "&").replace("&#38;", "&")
}

/// What a form of a page sends without being asked.
pub(super) fn hidden(page: &str, name: &str) -> String {
    let value = page.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next());
    let value = value.unwrap_or_else(|| panic!("no {name}:\n{page}"));
    value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&amp;", "&")
}

async fn user(server: &Server, name: &str) -> Value {
    server.api().only(&format!("core/users/?username={name}")).await
}

async fn lets_in(server: &Server, name: &str, password: &str) -> bool {
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), "default-authentication-flow", "");
    matches!(flow.login(name, password).await, FlowEnd::Redirect(_))
}

async fn an_account_is_made_with_a_password_or_an_invitation(database: Database) {
    let mails = MailSink::start().await;
    let server = builder(database, mails.port()).start().await;
    let admin = Visit::of(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    let new = "/if/admin/users/new/";
    let page = admin.page(new).await;
    for there in ["name=\"username\"", "name=\"password\"", "Send an invitation by e-mail", "Make a link"] {
        assert!(page.contains(there), "{there}");
    }
    let staff = server.api().group("Staff").await;
    let fields = [
        ("username", "ada"),
        ("name", "Ada"),
        ("email", "ada@example.org"),
        ("is_active", "true"),
        ("groups", &*staff),
        ("type", "internal"),
        ("path", "users"),
        ("attributes", ""),
        ("password", PASSWORD),
        ("then", ""),
    ];
    let to = admin.done(new, &fields).await;
    let ada = user(&server, "ada").await;
    assert_eq!(to, format!("/if/admin/users/{}/?done=created", ada["pk"]));
    assert_eq!(ada["groups_obj"][0]["name"], "Staff");
    assert!(lets_in(&server, "ada", PASSWORD).await);
    let taken = admin.post(new, &fields).await.expect(422).text();
    assert!(taken.contains("role=\"alert\"") && taken.contains("value=\"ada\""), "{taken}");

    let long = "x".repeat(1_100);
    // A password that is refused does not hide that the account is there.
    let weak = [
        ("username", "bob"),
        ("name", ""),
        ("is_active", "true"),
        ("type", "internal"),
        ("path", "users"),
        ("password", &*long),
    ];
    let said = admin.post(new, &weak).await.expect(422).text();
    assert!(said.contains("The account was made, but this was refused:"), "{said}");
    assert_eq!(user(&server, "bob").await["name"], "");

    let link = [
        ("username", "eve"),
        ("name", ""),
        ("is_active", "true"),
        ("type", "internal"),
        ("path", "users"),
        ("then", "link"),
    ];
    let shown = admin.post(new, &link).await.expect(200).text();
    let link = copied(&shown, "Recovery link");
    assert!(link.starts_with(&server.base()), "{link}");
    assert!(Client::new().open(&link).await.url().path().starts_with("/if/flow/"), "it leads on");

    let mut mail = [
        ("username", "fay"),
        ("name", ""),
        ("email", ""),
        ("is_active", "true"),
        ("type", "internal"),
        ("path", "users"),
        ("then", "mail"),
    ];
    let said = admin.post(new, &mail).await.expect(422).text();
    assert!(said.contains("An invitation needs an address."), "{said}");
    mail[2].1 = "fay@example.org";
    admin.done(new, &mail).await;
    let invited = mails.for_somebody("fay@example.org", 1).await.link();
    assert!(invited.starts_with(&server.base()), "{invited}");
}

async fn a_password_is_set_and_ways_back_in_are_handed_over(database: Database) {
    let mails = MailSink::start().await;
    let server = builder(database, mails.port()).start().await;
    let ada = server.api().create_user("ada", PASSWORD, &[]).await;
    let admin = Visit::of(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    let home = format!("/if/admin/users/{ada}/");
    let page = admin.page(&home).await;
    for there in ["Set password", "Deactivate", "Act as", "ada@example.org", "Add to a group"] {
        assert!(page.contains(there), "{there}:\n{page}");
    }
    let path = format!("{home}password/");
    let page = admin.page(&path).await;
    assert!(page.contains("Send a recovery mail") && page.contains("Make a link"), "{page}");
    admin.post(&path, &[("password", NEW), ("again", PASSWORD)]).await.expect(422);
    let long = "x".repeat(1_100);
    admin.post(&path, &[("password", &long), ("again", &long)]).await.expect(422);
    admin.post(&path, &[("password", ""), ("again", "")]).await.expect(422);
    admin.done(&path, &[("password", NEW), ("again", NEW)]).await;
    assert!(lets_in(&server, "ada", NEW).await && !lets_in(&server, "ada", PASSWORD).await);

    let shown = admin.post(&format!("{home}recovery/"), &[("token_duration", "hours=1")]).await.expect(200).text();
    assert!(copied(&shown, "Recovery link").starts_with(&server.base()));
    admin.post(&format!("{home}recovery/"), &[("token_duration", "soon")]).await.expect(422);
    let stages = server.api().get("stages/email/").await.expect(200).json();
    let stages = stages["results"].as_array().cloned().unwrap_or_default();
    let stage = stages.iter().find(|stage| stage["name"] == "default-recovery-email").expect("there by default");
    let stage = stage["pk"].as_str().unwrap_or_default().to_owned();
    admin.done(&format!("{home}recovery-mail/"), &[("email_stage", &stage)]).await;
    mails.for_somebody("ada@example.org", 1).await;
    // A form of another session does nothing.
    let forged = Reply::of(admin.client.request(Method::POST, &server.url(&path)).form(&[("password", NEW)])).await;
    forged.expect(403);
    admin.get("/if/admin/users/999999/").await.expect(404);
}

async fn an_account_is_switched_off_and_on_and_deleted(database: Database) {
    let (server, admin) = start(database).await;
    let ada = server.api().create_user("ada", PASSWORD, &[]).await;
    let home = format!("/if/admin/users/{ada}/");
    let asked = admin.page(&format!("{home}active/")).await;
    assert!(asked.contains("Deactivate ada?") && asked.contains("sessions end"), "{asked}");
    admin.done(&format!("{home}active/"), &[("active", "false")]).await;
    assert_eq!(user(&server, "ada").await["is_active"], json!(false));
    assert!(!lets_in(&server, "ada", PASSWORD).await);
    let page = admin.page(&home).await;
    assert!(page.contains("Inactive") && page.contains("Activate") && !page.contains("Act as"), "{page}");
    admin.done(&format!("{home}active/"), &[("active", "true")]).await;
    assert!(lets_in(&server, "ada", PASSWORD).await);

    // In and out of groups.
    let staff = server.api().group("Staff").await;
    let groups = format!("{home}groups/");
    let said = admin.post(&groups, &[("action", "add"), ("group", "Nobody")]).await.expect(422).text();
    assert!(said.contains("There is no group"), "{said}");
    admin.done(&groups, &[("action", "add"), ("group", "Staff")]).await;
    assert_eq!(user(&server, "ada").await["groups_obj"][0]["name"], "Staff");
    let access = admin.page(&format!("{home}access/")).await;
    assert!(access.contains("Wiki") && access.contains("/if/admin/applications/wiki/"), "{access}");
    admin.done(&groups, &[("action", "remove"), ("key", &staff)]).await;
    assert_eq!(user(&server, "ada").await["groups"], json!([]));
    let access = admin.page(&format!("{home}access/?allowed=false")).await;
    assert!(access.contains("Wiki"), "{access}");

    eventually(async || admin.page(&format!("{home}events/")).await.contains(">Login<")).await;
    for tab in ["factors/", "sessions/", "permissions/", "used-by/"] {
        admin.page(&format!("{home}{tab}")).await;
    }
    admin.post(&format!("{home}delete/"), &[("name", "eve")]).await.expect(422);
    admin.done(&format!("{home}delete/"), &[("name", "ada")]).await;
    admin.get(&home).await.expect(404);
    // What the pages of one stand beside.
    let bob = server.api().create_user("bob", PASSWORD, &[]).await.to_string();
    let asked = admin.post("/if/admin/users/bulk/", &[("action", "delete"), ("key", &bob)]).await.expect(200).text();
    assert!(asked.contains("bob"), "{asked}");
    for slug in ["groups", "roles", "invitations"] {
        admin.page(&format!("/if/admin/{slug}/new/")).await;
    }
}

async fn somebody_acts_as_another_and_says_why(database: Database) {
    let (server, admin) = start(database).await;
    let ada = server.api().create_user("ada", PASSWORD, &[]).await;
    let path = format!("/if/admin/users/{ada}/impersonate/");
    assert!(admin.page(&path).await.contains("Act as ada"));
    let said = admin.post(&path, &[("reason", "")]).await.expect(422).text();
    assert!(said.contains("role=\"alert\""), "{said}");
    assert_eq!(admin.done(&path, &[("reason", "Her ticket 7")]).await, "/if/user/");
    let me = admin.get("/api/v3/core/users/me/").await.expect(200).json();
    assert_eq!((&me["user"]["username"], &me["original"]["username"]), (&json!("ada"), &json!("akadmin")));
    let event = async || server.api().get("events/events/?action=impersonation_started").await.expect(200).text();
    eventually(async || event().await.contains("Her ticket 7")).await;
}

async fn factors_are_enrolled_and_removed(database: Database) {
    let (server, admin) = start(database).await;
    let ada = server.api().create_user("ada", PASSWORD, &[]).await;
    let home = format!("/if/admin/users/{ada}/factors/");
    assert!(admin.page(&home).await.contains("No second factor"));
    let choices = admin.page(&format!("{home}enroll/")).await;
    for there in ["TOTP", "Recovery codes", "WebAuthn", "SMS"] {
        assert!(choices.contains(there), "{there}");
    }
    admin.page(&format!("{home}enroll/totp/")).await;
    let shown =
        admin.post(&format!("{home}enroll/totp/"), &[("name", "Phone"), ("digits", "6")]).await.expect(200).text();
    assert!(shown.contains("<svg class=\"qr\"") && copied(&shown, "Address").starts_with("otpauth://totp/"), "{shown}");
    assert!(copied(&shown, "Key, to type").len() > 20);
    let codes = format!("{home}enroll/static/");
    admin.post(&codes, &[("count", "many"), ("length", "12")]).await.expect(422);
    let shown = admin.post(&codes, &[("count", "4"), ("length", "12")]).await.expect(200).text();
    assert_eq!(copied(&shown, "Recovery codes").lines().count(), 4);
    let link = admin.page(&format!("{home}enroll/webauthn/")).await;
    assert!(link.contains("/flows/-/configure/") && link.contains("/if/user/"), "{link}");
    admin.page(&format!("{home}enroll/others/")).await;
    admin.get(&format!("{home}enroll/nothing/")).await.expect(404);

    let list = admin.page(&home).await;
    assert!(list.contains("Phone") && list.contains("In use"), "{list}");
    let devices = server.api().get(&format!("authenticators/admin/all/?user={ada}")).await.expect(200).json();
    let devices = devices.as_array().cloned().unwrap_or_default();
    let phone = devices.iter().find(|device| device["name"] == "Phone").expect("the phone");
    let remove = format!("{home}totp/{}/remove/", phone["pk"].as_str().unwrap_or_default());
    assert!(admin.page(&remove).await.contains("Remove Phone?"));
    admin.done(&remove, &[]).await;
    admin.get(&remove).await.expect(404);
    assert!(!admin.page(&home).await.contains("Phone"));
}

async fn sessions_are_seen_and_ended(database: Database) {
    let (server, admin) = start(database).await;
    let ada = server.api().create_user("ada", PASSWORD, &[]).await;
    let home = format!("/if/admin/users/{ada}/sessions/");
    assert!(admin.page(&home).await.contains("Signed in nowhere"));
    let clients = [Client::new(), Client::new(), Client::new()];
    for client in &clients {
        client.open_signing_in(&server.url("/if/user/"), "ada", PASSWORD).await;
    }
    let signed_in = async || {
        let list = server.api().get("core/authenticated_sessions/?user__username=ada").await.expect(200).json();
        list["results"].as_array().cloned().unwrap_or_default()
    };
    let page = admin.page(&home).await;
    assert!(page.contains("127.0.0.1") && page.contains("End all"), "{page}");
    let one = signed_in().await[0]["uuid"].as_str().unwrap_or_default().to_owned();
    admin.done(&home, &[("action", "end"), ("key", &one)]).await;
    assert_eq!(signed_in().await.len(), 2);
    assert!(admin.page(&format!("{home}end/")).await.contains("Sign ada out everywhere?"));
    admin.done(&format!("{home}end/"), &[]).await;
    assert_eq!(signed_in().await.len(), 0);
}

async fn groups_are_a_tree_with_members(database: Database) {
    let (server, admin) = start(database).await;
    let api = server.api();
    let staff = api.group("Staff").await;
    let page = admin.page(&format!("/if/admin/groups/new/?parents={staff}")).await;
    assert!(page.contains(&format!("value=\"{staff}\" checked")), "{page}");
    admin.done("/if/admin/groups/new/", &[("name", "Ops"), ("parents", &staff), ("attributes", "")]).await;
    let ops = api.group("Ops").await;
    let tree = admin.page("/if/admin/groups/?view=tree").await;
    assert!(tree.contains("class=\"tree\"") && tree.contains("Ops"), "{tree}");
    assert!(admin.page("/if/admin/groups/").await.contains("Ops"));
    let home = format!("/if/admin/groups/{ops}/");
    let page = admin.page(&home).await;
    // A member of a group is one of those around it.
    assert!(page.contains("Wiki") && page.contains("Staff"), "{page}");

    api.create_user("ada", PASSWORD, &[]).await;
    let bob = api.create_user("bob", PASSWORD, &[]).await.to_string();
    let members = format!("{home}members/");
    assert!(admin.page(&members).await.contains("No members"));
    admin.post(&members, &[("action", "add"), ("user", "nobody")]).await.expect(422);
    admin.done(&members, &[("action", "add"), ("user", "ada"), ("until", "2099-01-01T00:00")]).await;
    admin.done(&members, &[("action", "add"), ("user", "bob")]).await;
    let backwards = [("action", "add"), ("user", "bob"), ("until", "2001-01-01T00:00")];
    admin.post(&members, &backwards).await.expect(422);
    let page = admin.page(&members).await;
    assert!(page.contains("ada") && page.contains("bob") && page.contains("2099"), "{page}");
    let found = admin.page(&format!("{members}?search=bob")).await;
    assert!(found.contains("bob@example.org") && !found.contains("ada Example"), "{found}");
    admin.done(&members, &[("action", "remove"), ("key", &bob)]).await;
    assert_eq!(user(&server, "bob").await["groups"], json!([]));
    assert!(admin.get("/if/admin/pick/user/?q=ad").await.expect(200).text().contains("ada"));
}

async fn accounts_come_out_of_a_table_after_a_dry_run(database: Database) {
    let (server, admin) = start(database).await;
    let import = "/if/admin/users/import/";
    assert!(admin.page(import).await.contains("multipart/form-data"));
    let table = "username,email,name,groups\nada,ada@example.com,\"Ada, L.\",Staff\nbob,nowhere,Bob,\n";
    let checked = admin.upload(import, &[], table.as_bytes()).await.expect(200).text();
    for there in ["Nothing was done yet", "Import 1", "Enter a valid email address", "Would be made"] {
        assert!(checked.contains(there), "{there}:\n{checked}");
    }
    let (refused, made) = (checked.find("danger\">Refused<"), checked.find("good\">Would be made<"));
    assert!(refused.is_some() && refused < made, "what is wrong stands first");
    let count = async || server.api().get("core/users/?username=ada").await.json()["pagination"]["count"].clone();
    assert_eq!(count().await, 0);
    let done = admin.post(import, &[("sure", "true"), ("table", table)]).await.expect(200).text();
    assert!(done.contains("Imported but for the lines below"), "{done}");
    let ada = user(&server, "ada").await;
    assert_eq!((&ada["name"], &ada["groups_obj"][0]["name"]), (&json!("Ada, L."), &json!("Staff")));
    // Once more: nothing to do.
    let again = admin.post(import, &[("table", "username,name\nada,\"Ada, L.\"\n")]).await.expect(200).text();
    assert!(again.contains("there is nothing to do"), "{again}");
    let changed = [("table", "username,name\nada,Countess\n"), ("update", "true"), ("sure", "true")];
    admin.post(import, &changed).await.expect(200);
    assert_eq!(user(&server, "ada").await["name"], "Countess");
    for bad in [&[("table", "")][..], &[("table", "mail\nx\n")][..]] {
        admin.post(import, bad).await.expect(422);
    }
    admin.upload(import, &[], b"username\nad\xff\n").await.expect(422);

    // As large as is taken without the script.
    let mut large = "username,email,name\n".to_owned();
    while large.len() < 1_900_000 {
        let number = large.len();
        large.push_str(&format!("person-{number},person-{number}@example.com,\"Person, {number}\"\n"));
    }
    let rows = large.lines().count() - 1;
    let checked = admin.upload(import, &[], large.as_bytes()).await.expect(200).text();
    assert!(checked.contains(&format!("Import {rows}")), "{rows}");
    assert!(checked.contains(" more lines"));
}

async fn an_invitation_is_copied_and_sent(database: Database) {
    let mails = MailSink::start().await;
    let server = builder(database, mails.port()).start().await;
    let admin = Visit::of(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    let flow = server.api().only("flows/instances/?slug=join").await["pk"].as_str().unwrap_or_default().to_owned();
    let fields = [("name", "friends"), ("flow", &*flow), ("single_use", "true"), ("expires", ""), ("fixed_data", "")];
    let home = admin.done("/if/admin/invitations/new/", &fields).await;
    let home = home.trim_end_matches("?done=created").to_owned();
    let link = copied(&admin.page(&home).await, "Link");
    assert!(link.contains("/if/flow/join/?itoken="), "{link}");
    let challenge = link.split("?").nth(1).unwrap_or_default();
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), "join", challenge);
    assert_eq!(flow.challenge().await.expect(200).json()["component"], "ak-stage-prompt");
    let send = format!("{home}send/");
    let said = admin.post(&send, &[("email_addresses", "nobody")]).await.expect(422).text();
    assert!(said.contains("Enter a valid email address") && said.contains("nobody"), "{said}");
    admin.post(&send, &[("email_addresses", "")]).await.expect(422);
    admin.done(&send, &[("email_addresses", "ada@example.org\neve@example.org")]).await;
    assert_eq!(mails.for_somebody("eve@example.org", 1).await.link(), link);
    eventually(async || mails.mails().len() == 2).await;
}

async fn keys_of_programs_are_shown_once_and_replaced(database: Database) {
    let (server, admin) = start(database).await;
    let new = "/if/admin/tokens/new/";
    admin.page(new).await;
    admin.post(new, &[("identifier", "no spaces"), ("intent", "api"), ("user", "")]).await.expect(422);
    let fields = [
        ("identifier", "backup"),
        ("intent", "api"),
        ("user", ""),
        ("description", ""),
        ("expiring", "true"),
        ("expires", ""),
    ];
    let shown = admin.post(new, &fields).await.expect(200).text();
    let key = copied(&shown, "Key");
    let works = async |key: &str| server.api().with_token(Some(key)).get("core/users/me/").await.status == 200;
    assert!(works(&key).await);
    let home = "/if/admin/tokens/backup/";
    let page = admin.page(home).await;
    assert!(page.contains("Show the key") && page.contains("Replace the key") && !page.contains(&key), "{page}");
    assert_eq!(copied(&admin.post(&format!("{home}key/"), &[]).await.expect(200).text(), "Key"), key);
    let rotate = format!("{home}rotate/");
    assert!(admin.page(&rotate).await.contains("locked out"));
    admin.post(&rotate, &[("key", "short")]).await.expect(422);
    let new_key = copied(&admin.post(&rotate, &[("key", "")]).await.expect(200).text(), "Key");
    assert!(new_key.len() >= 40 && !works(&key).await && works(&new_key).await);

    let accounts = "/if/admin/users/service-account/";
    admin.page(accounts).await;
    let made = admin.post(accounts, &[("name", "deployer"), ("create_group", "true"), ("expiring", "true")]).await;
    let made = made.expect(200).text();
    assert!(copied(&made, "App password").len() > 20, "{made}");
    assert_eq!(user(&server, "deployer").await["type"], "service_account");
    admin.post(accounts, &[("name", "deployer")]).await.expect(422);
}

async fn a_name_that_is_a_number_is_nobody_elses(database: Database) {
    let (server, admin) = start(database).await;
    let digits = user(&server, "akadmin").await["pk"].to_string();
    let named = server.api().create_user(&digits, BOOTSTRAP_PASSWORD, &[]).await;
    let fields = [("identifier", "theirs"), ("intent", "api"), ("user", digits.as_str()), ("description", "")];
    admin.post("/if/admin/tokens/new/", &fields).await.expect(200);
    let token = server.api().get("core/tokens/theirs/").await.expect(200).json();
    assert_eq!(token["user"], json!(named), "{token}");
    let nobody = [("identifier", "nobodys"), ("intent", "api"), ("user", "999"), ("description", "")];
    let refused = admin.post("/if/admin/tokens/new/", &nobody).await.expect(422).text();
    // What was typed stays there, and is not taken for somebody's number on the way back.
    assert!(refused.contains("value=\"999\"") && refused.contains("There is no"), "{refused}");
    let wrong = [("identifier", "no spaces"), ("intent", "api"), ("user", digits.as_str()), ("description", "")];
    let refused = admin.post("/if/admin/tokens/new/", &wrong).await.expect(422).text();
    assert!(refused.contains(&format!("value=\"{digits}\"")) && !refused.contains("value=\"akadmin\""), "{refused}");
}

async fn a_look_at_a_page_counts_as_one_request(database: Database) {
    let server = Server::builder(database).set("LOCKGATE_LIMITS__API_REQUESTS", "8").start().await;
    let admin = Client::new();
    admin.open_signing_in(&server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
    let look = async || admin.get(&server.url("/if/admin/users/1/")).await.status;
    let mut seen = 0;
    while look().await == 200 {
        seen += 1;
        assert!(seen < 60, "looks without an end");
    }
    assert!(seen >= 5, "{seen} looks at a page");
    assert_eq!(look().await, 429);
}

async fn a_form_writes_what_was_touched_and_nothing_else(database: Database) {
    let (server, admin) = start(database).await;
    let api = server.api();
    let ada = api.create_user("ada", BOOTSTRAP_PASSWORD, &["Staff"]).await;
    let staff = api.only("core/groups/?name=Staff").await["pk"].clone();
    let edit = format!("/if/admin/users/{ada}/edit/");
    let loaded = hidden(&admin.page(&edit).await, "loaded");
    // Somebody else closes the account while the form is open.
    let closed = json!({"is_active": false, "groups": []});
    api.patch(&format!("core/users/{ada}/"), &closed).await.expect(200);
    let staff = staff.as_str().unwrap_or_default();
    let fields = [
        ("loaded", loaded.as_str()),
        ("username", "ada"),
        ("name", "Ada Lovelace"),
        ("email", "ada@example.com"),
        ("is_active", "true"),
        ("groups", ""),
        ("groups", staff),
        ("roles", ""),
    ];
    admin.done(&edit, &fields).await;
    let now = user(&server, "ada").await;
    assert_eq!((&now["name"], &now["is_active"], &now["groups"]), (&json!("Ada Lovelace"), &json!(false), &json!([])));
    // What is changed on purpose is written, whatever it was.
    let loaded = hidden(&admin.page(&edit).await, "loaded");
    let fields =
        [("loaded", loaded.as_str()), ("username", "ada"), ("is_active", "true"), ("groups", ""), ("groups", staff)];
    admin.done(&edit, &fields).await;
    let now = user(&server, "ada").await;
    assert_eq!((&now["is_active"], &now["groups"]), (&json!(true), &json!([staff])), "{now}");
}

async fn of_many_groups_none_is_lost_by_saving(database: Database) {
    let (server, admin) = start(database).await;
    let api = server.api();
    let mut groups = Vec::new();
    for number in 0..110 {
        let group = api.post("core/groups/", &json!({"name": format!("Group {number:03}")})).await.expect(201).json();
        groups.push(group["pk"].clone());
    }
    let eve = api.create_user("eve", BOOTSTRAP_PASSWORD, &[]).await;
    api.patch(&format!("core/users/{eve}/"), &json!({"groups": [groups[3], groups[109]]})).await.expect(200);
    let edit = format!("/if/admin/users/{eve}/edit/");
    // More than a page of the API: they are told by their names.
    let page = admin.page(&edit).await;
    assert!(page.contains("Group 003\nGroup 109") || page.contains("Group 109\nGroup 003"), "{page}");
    let fields = [("username", "eve"), ("name", "Eve"), ("is_active", "true"), ("groups", "Group 109\nGroup 003")];
    admin.done(&edit, &fields).await;
    let now = user(&server, "eve").await;
    assert_eq!((now["groups"].as_array().map(Vec::len), &now["name"]), (Some(2), &json!("Eve")), "{now}");
}
