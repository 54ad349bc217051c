//! Where an application is opened: one answer for portal, API and flows.

use super::{App, Client};
use lockgate_engine::AppContext;
use lockgate_model::{Principal, User, kinds::Application};
use url::{Url, form_urlencoded};

/// Reads what fills a mark.
type Part = fn(&User) -> &str;

/// What an address may say of the person who opens it.
const MARKS: [(&str, Part); 3] =
    [("%(username)s", |user| &user.username), ("%(name)s", |user| &user.name), ("%(email)s", |user| &user.email)];

impl App {
    /// Where it is opened: its own address, else its provider's; empty when neither is set. `%(username)s`
    /// and its like are filled in; as long as nobody is known who could fill them, there is no address.
    #[must_use]
    pub fn launch_url(&self, who: Option<&Principal>) -> String {
        let declared = self.client.as_ref().map_or(&self.application.meta_launch_url, |client| &client.launch_url);
        filled(declared, who)
    }
}

impl Client {
    /// What a flow that leads to or away from its application knows of it.
    #[must_use]
    pub fn app_context(&self, who: Option<&Principal>) -> AppContext {
        AppContext {
            pk: self.app_id,
            slug: self.app_slug.clone(),
            name: self.app_name.clone(),
            launch_url: filled(&self.launch_url, who),
        }
    }
}

/// The application's own address, else the one that its provider tells.
pub(super) fn declared(app: &Application, otherwise: impl FnOnce() -> String) -> String {
    if app.meta_launch_url.is_empty() { otherwise() } else { app.meta_launch_url.clone() }
}

/// Where a web application lives, by an address of its own; empty for one that no browser opens, such as
/// that by which a native application is called.
pub(super) fn origin_of(address: Option<&String>) -> String {
    match address.and_then(|address| Url::parse(address).ok()) {
        Some(url) if matches!(url.scheme(), "http" | "https") => format!("{}/", url.origin().ascii_serialization()),
        _ => String::new(),
    }
}

/// The address for a person. What fills a mark is data inside an address, so it is encoded.
fn filled(address: &str, who: Option<&Principal>) -> String {
    let mut rest = address;
    let mut filled = String::with_capacity(address.len());
    // From left to right in one go, so that a name that looks like a mark stays a name.
    while let Some((at, mark, value)) = next_mark(rest) {
        let Some(who) = who else { return String::new() };
        let encoded: String = form_urlencoded::byte_serialize(value(&who.user).as_bytes()).collect();
        filled.push_str(&rest[..at]);
        filled.push_str(&encoded.replace('+', "%20"));
        rest = &rest[at + mark.len()..];
    }
    filled + rest
}

/// The first mark of a text: where it is, and what fills it.
fn next_mark(text: &str) -> Option<(usize, &'static str, Part)> {
    MARKS.iter().filter_map(|(mark, value)| Some((text.find(mark)?, *mark, *value))).min_by_key(|(at, ..)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use lockgate_model::UserType;
    use serde_json::Map;
    use uuid::Uuid;

    fn called(username: &str, name: &str) -> Principal {
        let never = DateTime::UNIX_EPOCH;
        let user = User {
            pk: 1,
            uuid: Uuid::nil(),
            username: username.to_owned(),
            name: name.to_owned(),
            email: "ada@example.com".to_owned(),
            is_active: true,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            attributes: Map::new(),
            date_joined: never,
            last_login: None,
            last_updated: never,
            password_change_date: never,
        };
        Principal {
            user,
            uid: String::new(),
            groups: Vec::new(),
            direct_groups: Vec::new(),
            roles: Vec::new(),
            timed: Vec::new(),
            holds_until: None,
            is_superuser: false,
            attributes: Map::new(),
        }
    }

    #[test]
    fn what_fills_an_address_is_data_in_it() {
        let ada = called("ada/../x", "Ada & Co");
        let address = "https://w.test/%(username)s?n=%(name)s&m=%(email)s&n=%(name)s#%";
        let filled_in = "https://w.test/ada%2F..%2Fx?n=Ada%20%26%20Co&m=ada%40example.com&n=Ada%20%26%20Co#%";
        assert_eq!(filled(address, Some(&ada)), filled_in);
        assert_eq!(
            filled("https://w.test/%(name)s", Some(&called("ada", "%(email)s"))),
            "https://w.test/%25%28email%29s"
        );
    }

    #[test]
    fn without_a_person_there_is_no_address_that_names_one() {
        assert_eq!(filled("https://w.test/%(username)s", None), "");
        assert_eq!(filled("https://w.test/%(other)s", None), "https://w.test/%(other)s");
        assert_eq!(filled("", None), "");
    }
}
