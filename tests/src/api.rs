//! The REST API as a script would use it, and the answer type of all clients.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::Client;

/// An answer with its body read.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Response headers.
    pub headers: HeaderMap,
    /// Body, whole.
    pub body: Vec<u8>,
}

impl Reply {
    /// Sends the request.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn of(request: RequestBuilder) -> Self {
        match Self::try_of(request).await {
            Ok(reply) => reply,
            Err(error) => panic!("no answer: {error:?}"),
        }
    }

    /// Sends the request.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn try_of(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let body = answer.bytes().await?.to_vec();
        Ok(Self { status, headers, body })
    }

    /// Body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}), status {}: {}", self.status, self.text()))
    }

    /// First value of a header; empty when it is absent.
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// Where a redirect points to.
    pub fn location(&self) -> Option<String> {
        let value = self.headers.get("location")?;
        value.to_str().ok().map(str::to_owned)
    }

    /// The reply itself when its status is as expected.
    ///
    /// # Panics
    /// When it is another, with the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{:?}", self.text(), self.headers);
        self
    }
}

/// A client of `/api/v3` with one token, or with none.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Api {
    /// A client of the server at `base`, such as `http://127.0.0.1:9000`.
    pub fn new(base: &str, token: Option<&str>) -> Self {
        Self { client: Client::new(), base: base.to_owned(), token: token.map(str::to_owned) }
    }

    /// The same server with another token, or with none.
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self::new(&self.base, token)
    }

    /// A request to a path below `/api/v3/`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, &format!("{}/api/v3/{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// GET; any status.
    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    /// POST of JSON; any status.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(Method::POST, path).json(body)).await
    }

    /// PUT of JSON; any status.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH of JSON; any status.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE; any status.
    pub async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::DELETE, path)).await
    }

    /// The one object of a list that a filter leaves.
    ///
    /// # Panics
    /// When there is none or more than one.
    pub async fn only(&self, path_and_filter: &str) -> Value {
        let list = self.get(path_and_filter).await.expect(200).json();
        let found = list["results"].as_array().cloned().unwrap_or_default();
        assert_eq!(found.len(), 1, "{path_and_filter} finds {}: {list}", found.len());
        found[0].clone()
    }

    /// Makes a user with a password in some groups, and answers its number.
    pub async fn create_user(&self, username: &str, password: &str, groups: &[&str]) -> i64 {
        let body = json!({
            "username": username,
            "name": format!("{username} Example"),
            "email": format!("{username}@example.org"),
        });
        let user = self.post("core/users/", &body).await.expect(201).json();
        let pk = user["pk"].as_i64().unwrap_or_else(|| panic!("a user has a numeric pk: {user}"));
        let password = json!({ "password": password });
        self.post(&format!("core/users/{pk}/set_password/"), &password).await.expect(204);
        for group in groups {
            self.join(pk, group).await;
        }
        pk
    }

    /// UUID of a group by its name.
    pub async fn group(&self, name: &str) -> String {
        let filter = url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
        let group = self.only(&format!("core/groups/?name={filter}")).await;
        group["pk"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("a group has a pk: {group}"))
    }

    /// Puts a user into a group.
    pub async fn join(&self, user: i64, group: &str) {
        let group = self.group(group).await;
        self.post(&format!("core/groups/{group}/add_user/"), &json!({ "pk": user })).await.expect(204);
    }

    /// Takes a user out of a group.
    pub async fn leave(&self, user: i64, group: &str) {
        let group = self.group(group).await;
        self.post(&format!("core/groups/{group}/remove_user/"), &json!({ "pk": user })).await.expect(204);
    }
}
