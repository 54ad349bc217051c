//! A real Chromium, driven over WebDriver.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use crate::console::Console;
use crate::{Program, free_port, workspace_root};

/// How long an element or an address may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);

/// The least width of a desktop window: Chromium makes none narrower.
const NARROWEST: u32 = 500;

/// How the browser is set up.
#[derive(Clone, Copy)]
pub struct BrowserOptions {
    /// Whether pages may run scripts.
    pub javascript: bool,
    /// Width and height of the window in CSS pixels. Narrower than [`NARROWEST`] it is a phone's screen.
    pub window: (u32, u32),
    /// Whether pages that can are shown dark.
    pub dark: bool,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        Self { javascript: true, window: (1280, 900), dark: false }
    }
}

/// A command of Chromium's own protocol (DevTools).
#[derive(Debug)]
struct DevTools(Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}

/// A browser with a fresh profile. `*.lockgate.test` is loopback to it.
///
/// Whatever it complains about by itself, scripts or resources that a page's policy forbids and errors that no script
/// caught, fails the test that it belongs to: when it is closed, or dropped without that.
pub struct Browser {
    client: fantoccini::Client,
    /// Empty once it was closed, and so was asked for the last time.
    console: Option<Console>,
    _driver: Program,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser as most people have it.
    pub async fn start() -> Self {
        Self::start_with(BrowserOptions::default()).await
    }

    /// Starts a browser with options.
    ///
    /// # Panics
    /// When Chromium or its driver is missing.
    pub async fn start_with(options: BrowserOptions) -> Self {
        let port = free_port();
        let profile = TempDir::with_prefix("lockgate-browser-").expect("the temporary folder is writable");
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).env("HOME", profile.path());
        let mut driver = Program::start_group("chromedriver", &mut command);
        let address = format!("http://127.0.0.1:{port}");
        driver.answers(&format!("{address}/status"), PATIENCE).await;
        let capabilities = capabilities(options, &profile);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&address)
            .await
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}\n{}", driver.tail()));
        let session = client.session_id().await.expect("the session is open").expect("it has an id");
        let console = Some(Console::of(port, &session));
        Self { client, console, _driver: driver, _profile: profile }
    }

    /// What it complained about since this was asked last: a test that asks expects it.
    ///
    /// # Panics
    /// When its driver does not tell.
    pub fn complaints(&self) -> Vec<String> {
        let told = self.console.as_ref().map_or_else(|| Ok(Vec::new()), Console::complaints);
        told.unwrap_or_else(|error| panic!("the browser does not tell what it complains about: {error}"))
    }

    /// Runs a command of Chromium's own protocol.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let asked = DevTools(json!({"cmd": command, "params": parameters}));
        self.client.issue_cmd(asked).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The WebDriver client, for what has no helper here.
    pub fn driver(&self) -> &fantoccini::Client {
        &self.client
    }

    /// Opens an address and waits until it has loaded.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Address in the address bar.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("a page is open").to_string()
    }

    /// Waits until the address starts so.
    ///
    /// # Panics
    /// When it does not within some seconds, with the page's text.
    pub async fn arrives_at(&self, start: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while !self.url().await.starts_with(start) {
            if std::time::Instant::now() > deadline {
                let (url, text) = (self.url().await, self.text().await);
                panic!("expected {start}…, but is at {url}:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Text of the page as its reader sees it.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits for an element.
    ///
    /// # Panics
    /// When it does not appear, with the page's address and text.
    pub async fn find(&self, css: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => {
                let (url, text) = (self.url().await, self.text().await);
                panic!("no {css} at {url} ({error}):\n{text}");
            }
        }
    }

    /// Whether the page has such an element now.
    pub async fn has(&self, css: &str) -> bool {
        !self.client.find_all(Locator::Css(css)).await.unwrap_or_default().is_empty()
    }

    /// Replaces the text of an input.
    pub async fn fill(&self, css: &str, text: &str) {
        let input = self.find(css).await;
        input.clear().await.expect("the input can be edited");
        input.send_keys(text).await.expect("the input takes keys");
    }

    /// Clicks the button that sends the form of the page.
    pub async fn submit(&self) {
        let button = self.find("form button[type=submit], form button:not([type])").await;
        button.click().await.expect("the button can be clicked");
    }

    /// Signs in on the page of a login flow, whether it asks for name and
    /// password on one page or on two.
    pub async fn sign_in(&self, username: &str, password: &str) {
        self.fill("input[name=uid_field]", username).await;
        if !self.has("input[name=password]").await {
            self.submit().await;
        }
        self.fill("input[name=password]", password).await;
        self.submit().await;
    }

    /// Result of a script: the value that it returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Saves a picture of the window under `target/screenshots/`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let picture = self.client.screenshot().await.expect("the window can be pictured");
        kept(name, &picture)
    }

    /// Closes the browser in good order; a dropped one is killed.
    ///
    /// # Panics
    /// When it has complaints.
    pub async fn close(mut self) {
        self.settle();
        // The driver ends right after; a lost farewell changes nothing.
        let _ = self.client.clone().close().await;
    }

    /// Asks for complaints for the last time.
    fn settle(&mut self) {
        let Some(console) = self.console.take() else { return };
        match console.complaints() {
            Ok(complaints) if complaints.is_empty() => {}
            told if std::thread::panicking() => eprintln!("the browser complains: {told:#?}"),
            told => panic!("the browser complains: {told:#?}"),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.settle();
    }
}

/// Keeps a picture under `target/screenshots/`, and answers where it is.
///
/// # Panics
/// When the target folder is not writable.
pub(crate) fn kept(name: &str, picture: &[u8]) -> PathBuf {
    let path = workspace_root().join("target/screenshots").join(format!("{name}.png"));
    let folder = path.parent().expect("it lies in a folder");
    std::fs::create_dir_all(folder).expect("the target folder is writable");
    std::fs::write(&path, picture).expect("the target folder is writable");
    path
}

fn capabilities(options: BrowserOptions, profile: &TempDir) -> fantoccini::wd::Capabilities {
    let (width, height) = options.window;
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-extensions".to_owned(),
        "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,Translate,PasswordLeakDetection".to_owned(),
        "--host-resolver-rules=MAP *.lockgate.test 127.0.0.1".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    if options.dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let scripts = if options.javascript { 1 } else { 2 };
    let mut wanted = json!({
        "browserName": "chrome",
        "pageLoadStrategy": "normal",
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {
            "binary": std::env::var("LOCKGATE_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned()),
            "args": arguments,
            "prefs": {
                "profile.default_content_setting_values.javascript": scripts,
                "credentials_enable_service": false,
                "profile.password_manager_enabled": false,
            },
        },
    });
    if width < NARROWEST {
        let phone = json!({"width": width, "height": height, "pixelRatio": 2, "mobile": true, "touch": true});
        wanted["goog:chromeOptions"]["mobileEmulation"] = json!({ "deviceMetrics": phone });
    }
    wanted.as_object().cloned().unwrap_or_default()
}
