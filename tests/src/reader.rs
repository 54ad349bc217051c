//! Somebody who reads instructions, and clicks and types what they say by the words that stand on the page.

use fantoccini::elements::Element;
use fantoccini::{Locator, wd::TimeoutConfiguration};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::Browser;

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);

const CAPITAL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";

/// An XPath condition: an element's whole text is this, however it is capitalised.
fn says(words: &str) -> String {
    format!("translate(normalize-space(), '{CAPITAL}', '{SMALL}') = \"{}\"", words.to_lowercase())
}

/// An XPath condition: an element's text begins so. What a choice means stands behind it.
fn begins(words: &str) -> String {
    format!("starts-with(translate(normalize-space(), '{CAPITAL}', '{SMALL}'), \"{}\")", words.to_lowercase())
}

/// An XPath condition: this labels a field, needed or not.
fn labels(words: &str) -> String {
    format!("({} or {})", says(words), says(&format!("{words} optional")))
}

/// Somebody in front of a browser.
pub struct Reader {
    /// The browser.
    pub browser: Browser,
}

impl Reader {
    /// With a browser of their own.
    pub async fn start() -> Self {
        Self { browser: Browser::start().await }
    }

    /// The first element shown that an XPath finds.
    async fn seen(&self, xpath: &str, what: &str) -> Element {
        let began = Instant::now();
        loop {
            for element in self.browser.driver().find_all(Locator::XPath(xpath)).await.unwrap_or_default() {
                if element.is_displayed().await.unwrap_or_default() {
                    return element;
                }
            }
            if began.elapsed() > PATIENCE {
                panic!("no {what} at {}:\n{}", self.browser.url().await, self.browser.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Moves the page as people do before they click: what is half behind the head of the page cannot be hit.
    async fn scrolls_to(&self, element: &Element, what: &str) {
        let element = serde_json::to_value(element).unwrap_or_else(|error| panic!("{what}: {error}"));
        let script = "arguments[0].scrollIntoView({block: 'center'})";
        self.browser.driver().execute(script, vec![element]).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    }

    async fn clicks_at(&self, xpath: &str, what: &str) {
        let element = self.seen(xpath, what).await;
        self.scrolls_to(&element, what).await;
        element.click().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    }

    /// Clicks a link, a button or a fold by its words.
    ///
    /// # Panics
    /// When there is none.
    pub async fn clicks(&self, words: &str) {
        let xpath = format!("//*[self::a or self::button or self::summary][{}]", says(words));
        self.clicks_at(&xpath, &format!("link or button {words:?}")).await;
    }

    /// Clicks what an area of the page that has this heading offers.
    ///
    /// # Panics
    /// When there is none.
    pub async fn clicks_under(&self, heading: &str, words: &str) {
        let xpath = format!(
            "//*[self::section or self::li][.//*[self::h2 or self::h3][{}]]//*[self::a or self::button][{}]",
            says(heading),
            says(words)
        );
        self.clicks_at(&xpath, &format!("{words:?} under {heading:?}")).await;
    }

    /// Goes to a place of the admin interface as instructions name it: the headings above it, and its own name.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn goes_to(&self, way: &[&str]) {
        let xpath = match way {
            [section, place] => format!(
                "//div[@class='side']//h2[{}]/following-sibling::*[1][self::ul]//a[{}]",
                says(section),
                says(place)
            ),
            [section, part, place] => format!(
                "//div[@class='side']//h3[{}][preceding-sibling::h2[1][{}]]/following-sibling::*[1][self::ul]//a[{}]",
                says(part),
                says(section),
                says(place)
            ),
            _ => panic!("{way:?} is no way"),
        };
        self.clicks_at(&xpath, &way.join(" → ")).await;
    }

    /// The field with this label.
    ///
    /// # Panics
    /// When there is none.
    pub async fn field(&self, label: &str) -> Element {
        let what = format!("field {label:?}");
        let named = self.seen(&format!("//label[{}]", labels(label)), &what).await;
        let id = named.attr("for").await.expect("a label has attributes");
        match id {
            Some(id) => self.seen(&format!("//*[@id='{id}']"), &what).await,
            None => named,
        }
    }

    /// Whether a field with this label is shown now.
    ///
    /// # Panics
    /// When the page is gone.
    pub async fn shows(&self, label: &str) -> bool {
        let xpath = format!("//label[{}]", labels(label));
        match self.browser.driver().find(Locator::XPath(&xpath)).await {
            Ok(label) => label.is_displayed().await.expect("it is shown or not"),
            Err(_) => false,
        }
    }

    /// Types into the field with this label.
    ///
    /// # Panics
    /// When there is none, or it takes no keys.
    pub async fn types(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        // A field for files is filled by keys, but has no text to be cleared.
        if field.attr("type").await.expect("a field has attributes").as_deref() != Some("file") {
            field.clear().await.unwrap_or_else(|error| panic!("{label}: {error}"));
        }
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{label}: {error}"));
    }

    /// Chooses from the list with this label, whether it unfolds or lies open.
    ///
    /// # Panics
    /// When there is no such choice.
    pub async fn selects(&self, label: &str, choice: &str) {
        let open = format!("//fieldset[legend[{}]]", labels(label));
        if self.browser.driver().find(Locator::XPath(&open)).await.is_ok() {
            let radio = format!("{open}//label[.//*[{0}] or {0}]//input[@type='radio']", begins(choice));
            return self.clicks_at(&radio, &format!("{choice:?} of {label:?}")).await;
        }
        let list = self.field(label).await;
        list.select_by_label(choice).await.unwrap_or_else(|error| panic!("{label}, {choice}: {error}"));
    }

    /// Ticks a box, or one of several choices, by its words, unless it is ticked.
    ///
    /// # Panics
    /// When there is none.
    pub async fn ticks(&self, words: &str) {
        let has =
            format!("contains(translate(normalize-space(), '{CAPITAL}', '{SMALL}'), \"{}\")", words.to_lowercase());
        let xpath = format!("//label[@class='tick'][{has}]//input");
        let tick = self.seen(&xpath, &format!("box {words:?}")).await;
        if !tick.is_selected().await.expect("it is ticked or not") {
            self.scrolls_to(&tick, words).await;
            tick.click().await.unwrap_or_else(|error| panic!("{words}: {error}"));
        }
    }

    /// Waits until the page says this.
    ///
    /// # Panics
    /// When it does not.
    pub async fn reads(&self, words: &str) {
        let began = Instant::now();
        while !self.browser.text().await.contains(words) {
            if began.elapsed() > PATIENCE {
                panic!("no {words:?} at {}:\n{}", self.browser.url().await, self.browser.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What stands beside a term in a list of facts.
    ///
    /// # Panics
    /// When there is no such term.
    pub async fn fact(&self, term: &str) -> String {
        let xpath = format!("//dt[{}]/following-sibling::dd[1]", says(term));
        let fact = self.seen(&xpath, &format!("fact {term:?}")).await;
        // What can be copied has a button beside it.
        match fact.find(Locator::Css("code")).await {
            Ok(code) => code.text().await.expect("a text"),
            Err(_) => fact.text().await.expect("a text"),
        }
    }

    /// What the API tells whoever is signed in here.
    ///
    /// # Panics
    /// When it tells nothing.
    pub async fn asks(&self, path: &str) -> Value {
        let patient = TimeoutConfiguration::new(Some(PATIENCE), None, None);
        self.browser.driver().update_timeouts(patient).await.expect("the browser waits");
        let script = "const [path, done] = arguments; \
                      fetch(`/api/v3/${path}`).then((it) => it.json()).then(done, (error) => done({error: `${error}`}))";
        let told = self.browser.driver().execute_async(script, vec![json!(path)]).await;
        told.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The one object of a list of the API that a filter leaves.
    ///
    /// # Panics
    /// When it leaves none or several.
    pub async fn asks_for_one(&self, path: &str) -> Value {
        let list = self.asks(path).await;
        match list["results"].as_array().map(Vec::as_slice) {
            Some([one]) => one.clone(),
            _ => panic!("{path}: {list}"),
        }
    }
}
