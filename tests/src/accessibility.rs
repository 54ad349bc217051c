//! What keeps people out of a page: axe-core, in the real browser, by the rules of WCAG 2.2 at the levels A and AA.

use base64::{Engine, engine::general_purpose::STANDARD};
use fantoccini::Locator;
use serde_json::{Value, json};

use crate::browser::kept;
use crate::{Browser, BrowserOptions, installed_clients};

/// A window: its width and height.
type Size = (u32, u32);

const PHONE: Size = (390, 844);
const TABLET: Size = (768, 1024);
const DESKTOP: Size = (1440, 900);

/// Light and dark: name, the window in which the pages are walked through, and whether it is dark. Each page is looked
/// at in all three windows, but a walk is long, so that one is taken on a phone and the other on a desktop.
pub const LOOKS: [(&str, Size, bool); 2] = [("light", PHONE, false), ("dark", DESKTOP, true)];

/// The most of a page that is pictured, in CSS pixels.
const TALLEST: f64 = 3_000.0;

/// Runs the rules, and answers what they found in words.
const RUN: &str = r"
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], iframes: false}).then(
  (found) => done(found.violations.flatMap((rule) => rule.nodes.map(
    (node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary.replace(/\s+/g, ' ')}`))),
  (error) => done([`axe: ${error}`]),
);
";

/// Everything that is within the page and wider than the window.
const WIDER: &str = "
const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= wide) return [];
return [...document.querySelectorAll('main *')].filter((it) => it.getBoundingClientRect().right > wide + 1)
  .map((it) => `wider than the window: ${it.outerHTML.slice(0, 120)}`).concat('the page scrolls sideways');
";

/// A browser of one look, which notes what keeps people out of the pages that it comes by.
pub struct Look {
    /// The browser.
    pub browser: Browser,
    name: &'static str,
    window: Size,
    found: Vec<String>,
    pages: usize,
}

impl Look {
    /// Starts a browser of one of the [`LOOKS`].
    pub async fn start((name, window, dark): (&'static str, Size, bool)) -> Self {
        let options = BrowserOptions { window, dark, ..BrowserOptions::default() };
        Self { browser: Browser::start_with(options).await, name, window, found: Vec::new(), pages: 0 }
    }

    /// Its name, for what there has to be one of for each look.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Waits for an element, and looks at the page in every window.
    ///
    /// # Panics
    /// When the element does not appear or the rules cannot be run.
    pub async fn at(&mut self, page: &str, css: &str) {
        self.browser.find(css).await;
        let driver = self.browser.driver();
        let source = installed_clients().await.join("axe-core/node_modules/axe-core/axe.min.js");
        let source = std::fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        // By the driver: the page's own policy lets no other script in.
        driver.execute(&source, Vec::new()).await.expect("axe-core is a script");
        // The window of the walk comes last, so that the walk goes on in it.
        let mut sizes = [PHONE, TABLET, DESKTOP];
        sizes.sort_by_key(|size| *size == self.window);
        let mut found = self.browser.complaints();
        for size in sizes {
            self.resize(size).await;
            found.extend(list(driver.execute(WIDER, Vec::new()).await.expect("a script")));
            // What the rules find on a tablet they find on a phone or a desktop.
            if size != TABLET {
                found.extend(list(driver.execute_async(RUN, Vec::new()).await.expect("the rules can be run")));
            }
            self.picture(&format!("{page}-{}-{}", size.0, self.name), size).await;
            self.found.extend(found.drain(..).map(|what| format!("{page}, {}, {}: {what}", size.0, self.name)));
        }
        self.pages += 1;
    }

    /// Makes the window another one; the page stays as it is.
    async fn resize(&self, (width, height): Size) {
        let phone = width == PHONE.0;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Saves a picture of the page, from its top to its foot, under `target/screenshots/`.
    async fn picture(&self, name: &str, (width, height): Size) {
        let metrics = self.browser.devtools("Page.getLayoutMetrics", json!({})).await;
        let tall = metrics["cssContentSize"]["height"].as_f64().unwrap_or_default().clamp(f64::from(height), TALLEST);
        let clip = json!({"x": 0, "y": 0, "width": width, "height": tall, "scale": 1});
        let asked = json!({"captureBeyondViewport": true, "optimizeForSpeed": true, "clip": clip});
        let picture = self.browser.devtools("Page.captureScreenshot", asked).await;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap_or_default()).expect("a picture in base64");
        kept(name, &picture);
    }

    /// Opens an address and looks at what is there.
    pub async fn open(&mut self, url: &str, page: &str, css: &str) {
        self.browser.open(url).await;
        self.at(page, css).await;
    }

    /// Sends the form of the page and looks at what comes.
    pub async fn submit(&mut self, page: &str, css: &str) {
        self.browser.submit().await;
        self.at(page, css).await;
    }

    /// Clicks something and looks at what comes.
    ///
    /// # Panics
    /// When it cannot be clicked.
    pub async fn click(&mut self, what: &str, page: &str, css: &str) {
        self.browser.find(what).await.click().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        self.at(page, css).await;
    }

    /// Forgets who is signed in.
    ///
    /// # Panics
    /// When the browser does not.
    pub async fn forget(&self) {
        self.browser.driver().delete_all_cookies().await.expect("the browser forgets");
    }

    /// Whether the page has such an element now.
    pub async fn has(&self, css: &str) -> bool {
        self.browser.driver().find(Locator::Css(css)).await.is_ok()
    }

    /// Closes the browser; what it found.
    pub async fn found(self) -> Vec<String> {
        assert!(self.pages > 0, "no page was looked at");
        self.browser.close().await;
        self.found
    }
}

fn list(value: Value) -> Vec<String> {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![json!(value.to_string())]);
    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}
