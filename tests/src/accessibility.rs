//! What keeps people out of a page: axe-core, in the real browser, by the rules of WCAG 2.2 at the levels A and AA.

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::{Browser, BrowserOptions, installed_clients};

/// Phones and desktops, light and dark: name, width and height, and whether it is dark.
pub const LOOKS: [(&str, (u32, u32), bool); 4] = [
    ("phone-light", (390, 844), false),
    ("phone-dark", (390, 844), true),
    ("desktop-light", (1280, 900), false),
    ("desktop-dark", (1280, 900), true),
];

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
    found: Vec<String>,
    pages: usize,
}

impl Look {
    /// Starts a browser of one of the [`LOOKS`].
    pub async fn start((name, window, dark): (&'static str, (u32, u32), bool)) -> Self {
        let options = BrowserOptions { window, dark, ..BrowserOptions::default() };
        Self { browser: Browser::start_with(options).await, name, found: Vec::new(), pages: 0 }
    }

    /// Its name, for what there has to be one of for each look.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Waits for an element, pictures the page and looks at it.
    ///
    /// # Panics
    /// When the element does not appear or the rules cannot be run.
    pub async fn at(&mut self, page: &str, css: &str) {
        self.browser.find(css).await;
        self.browser.screenshot(&format!("a11y-{page}-{}", self.name)).await;
        let driver = self.browser.driver();
        let source = installed_clients().await.join("axe-core/node_modules/axe-core/axe.min.js");
        let source = std::fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        // By the driver: the page's own policy lets no other script in.
        driver.execute(&source, Vec::new()).await.expect("axe-core is a script");
        let mut found = list(driver.execute_async(RUN, Vec::new()).await.expect("the rules can be run"));
        found.extend(list(driver.execute(WIDER, Vec::new()).await.expect("a script")));
        self.found.extend(found.into_iter().map(|what| format!("{page}, {}: {what}", self.name)));
        self.pages += 1;
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
