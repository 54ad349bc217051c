//! Response types and modes, `state`, and who has answered (RFC 6749, section
//! 4.1; OpenID Connect Core, sections 3.2 and 3.3; RFC 9207).

use serde_json::json;

use super::ask::{authorize, authorize_for, redeem, userinfo};
use super::case::Visitor::{Nobody, SignedIn};
use super::case::{Ask, Case, Check, Expect, Is, absent, is, there};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = types();
    cases.extend(modes());
    cases.extend(state());
    cases
}

fn types() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a code comes in the query, and nothing else does",
            ask: vec![authorize("web")],
            expect: Expect::Back(vec![there("code"), absent("access_token"), absent("id_token")]),
        },
        Case {
            rfc: "RFC 6749, 4.1.1",
            what: "the response type has to be named",
            ask: vec![authorize("web").without("response_type")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 3.1.1",
            what: "a response type that nobody knows",
            ask: vec![authorize("web").set("response_type", "magic")],
            expect: Expect::Told("unsupported_response_type"),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 4",
            what: "the response type none is not served",
            ask: vec![authorize("web").set("response_type", "none")],
            expect: Expect::Told("unsupported_response_type"),
        },
        Case {
            rfc: "RFC 9700, 2.1.2",
            what: "a token in the address, for a client that does not have the implicit grant",
            ask: vec![authorize_for("web", "id_token token")],
            expect: Expect::Either(vec![
                Expect::ToldInFragment("unauthorized_client"),
                Expect::ToldInFragment("unsupported_response_type"),
            ]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.2",
            what: "a code with a token, for a client that does not have the hybrid grant",
            ask: vec![authorize_for("web", "code id_token")],
            expect: Expect::Either(vec![
                Expect::ToldInFragment("unauthorized_client"),
                Expect::ToldInFragment("unsupported_response_type"),
            ]),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 3",
            what: "a bare token is not served: nothing would bind it to the client",
            ask: vec![authorize_for("mixed", "token")],
            expect: Expect::Either(vec![
                Expect::ToldInFragment("unsupported_response_type"),
                Expect::ToldInFragment("unauthorized_client"),
            ]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.2.2.5",
            what: "an ID token comes in the fragment",
            ask: vec![authorize_for("mixed", "id_token")],
            expect: Expect::BackInFragment(vec![
                is("id_token/nonce", "the nonce"),
                is("id_token/aud", "mixed"),
                is("id_token/iss", "<issuer.mixed>"),
                absent("access_token"),
                absent("code"),
                absent("id_token/at_hash"),
            ]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.4",
            what: "an ID token without an access token holds the claims of the scopes",
            ask: vec![authorize_for("mixed", "id_token")],
            expect: Expect::BackInFragment(vec![is("id_token/email", "ada@example.org")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.2.2.5",
            what: "an ID token and an access token, bound to each other",
            ask: vec![authorize_for("mixed", "id_token token")],
            expect: Expect::BackInFragment(vec![
                Check("id_token/at_hash", Is::HashOf("access_token")),
                is("token_type", "Bearer"),
                is("expires_in", "3600"),
                absent("code"),
                absent("refresh_token"),
            ]),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 3",
            what: "the order of a response type's words means nothing",
            ask: vec![authorize_for("mixed", "token id_token")],
            expect: Expect::BackInFragment(vec![there("id_token"), there("access_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.2.11",
            what: "a code and an ID token, bound to each other",
            ask: vec![authorize_for("mixed", "code id_token")],
            expect: Expect::BackInFragment(vec![
                Check("id_token/c_hash", Is::HashOf("code")),
                is("id_token/nonce", "the nonce"),
                absent("access_token"),
            ]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.2.5",
            what: "a code and a token",
            ask: vec![authorize_for("mixed", "code token").without("nonce")],
            expect: Expect::BackInFragment(vec![there("code"), there("access_token"), absent("id_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.2.11",
            what: "a code and both tokens, all bound to each other",
            ask: vec![authorize_for("mixed", "code id_token token")],
            expect: Expect::BackInFragment(vec![
                Check("id_token/c_hash", Is::HashOf("code")),
                Check("id_token/at_hash", Is::HashOf("access_token")),
            ]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.3.3",
            what: "the code of a hybrid answer gives tokens of the same person",
            ask: vec![authorize_for("mixed", "code id_token"), redeem("mixed")],
            expect: Expect::Json(vec![is("id_token/nonce", "the nonce"), there("access_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.3",
            what: "the access token of an implicit answer opens userinfo",
            ask: vec![authorize_for("mixed", "id_token token"), userinfo()],
            expect: Expect::Json(vec![is("email", "ada@example.org")]),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a replayed code takes back the token that came beside it",
            ask: vec![
                authorize_for("mixed", "code token").without("nonce").kept("beside"),
                redeem("mixed"),
                redeem("mixed").in_vain(),
                userinfo().header("Authorization", "Bearer <beside.access_token>"),
            ],
            expect: Expect::Challenged(401, "Bearer", Some("invalid_token")),
        },
    ]
}

fn modes() -> Vec<Case> {
    vec![
        Case {
            rfc: "OAuth 2.0 Form Post Response Mode, 2",
            what: "a code is posted by a page",
            ask: vec![authorize("web").set("response_mode", "form_post")],
            expect: Expect::Posted(vec![there("code")]),
        },
        Case {
            rfc: "OAuth 2.0 Form Post Response Mode, 2",
            what: "a code and an ID token are posted by a page",
            ask: vec![authorize_for("mixed", "code id_token").set("response_mode", "form_post")],
            expect: Expect::Posted(vec![Check("id_token/c_hash", Is::HashOf("code"))]),
        },
        Case {
            rfc: "OAuth 2.0 Form Post Response Mode, 2",
            what: "an ID token and an access token are posted by a page",
            ask: vec![authorize_for("mixed", "id_token token").set("response_mode", "form_post")],
            expect: Expect::Posted(vec![Check("id_token/at_hash", Is::HashOf("access_token"))]),
        },
        Case {
            rfc: "OAuth 2.0 Form Post Response Mode, 2",
            what: "an error is posted as well",
            ask: vec![authorize("web").set("response_mode", "form_post").set("prompt", "none").by(Nobody)],
            expect: Expect::Posted(vec![is("error", "login_required"), absent("code")]),
        },
        Case {
            rfc: "OAuth 2.0 Form Post Response Mode, 4",
            what: "a state cannot break out of the page",
            ask: vec![
                authorize("web").set("response_mode", "form_post").set("state", "\"><img src=x onerror=alert(1)>&amp;"),
            ],
            expect: Expect::Posted(vec![there("code")]),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 2.1",
            what: "a code comes in the fragment where the client wants it there",
            ask: vec![authorize("web").set("response_mode", "fragment")],
            expect: Expect::BackInFragment(vec![there("code")]),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 3",
            what: "tokens never come in the query",
            ask: vec![authorize_for("mixed", "id_token token").set("response_mode", "query")],
            expect: Expect::Either(vec![Expect::ToldInFragment("invalid_request"), Expect::Told("invalid_request")]),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 3",
            what: "nor does an ID token with its code",
            ask: vec![authorize_for("mixed", "code id_token").set("response_mode", "query")],
            expect: Expect::Either(vec![Expect::ToldInFragment("invalid_request"), Expect::Told("invalid_request")]),
        },
        Case {
            rfc: "OAuth 2.0 Multiple Response Types, 2.1",
            what: "a response mode that nobody knows",
            ask: vec![authorize("web").set("response_mode", "carrier_pigeon")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.2.2.6",
            what: "an error of the implicit flow comes in the fragment",
            ask: vec![authorize_for("mixed", "id_token").set("prompt", "none").by(Nobody)],
            expect: Expect::ToldInFragment("login_required"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.2.6",
            what: "an error of the hybrid flow comes in the fragment",
            ask: vec![authorize_for("mixed", "code id_token").set("prompt", "none").by(Nobody)],
            expect: Expect::ToldInFragment("login_required"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.2.2.1",
            what: "an ID token from the authorize endpoint needs a nonce",
            ask: vec![authorize_for("mixed", "id_token").without("nonce")],
            expect: Expect::ToldInFragment("invalid_request"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.3.2.1",
            what: "so does one beside a code",
            ask: vec![authorize_for("mixed", "code id_token").without("nonce")],
            expect: Expect::ToldInFragment("invalid_request"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.1",
            what: "a code needs none",
            ask: vec![authorize("web").without("nonce"), redeem("web")],
            expect: Expect::Json(vec![absent("id_token/nonce"), there("id_token")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.3.7",
            what: "a nonce comes back in the ID token, as it was",
            ask: vec![authorize("web").set("nonce", "n-0S6_WzA2Mj ü&="), redeem("web")],
            expect: Expect::Json(vec![is("id_token/nonce", "n-0S6_WzA2Mj ü&=")]),
        },
    ]
}

fn state() -> Vec<Case> {
    vec![
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "a state comes back as it was, whatever is in it",
            ask: vec![authorize("web").set("state", "a&b=c#d?e%20f ü\"'<>\\")],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: "RFC 6749, 4.1.2",
            what: "without a state none comes back",
            ask: vec![authorize("web").without("state")],
            expect: Expect::Back(vec![absent("state"), there("code")]),
        },
        Case {
            rfc: "RFC 9207, 2",
            what: "the answer says who answers, by the name of the client's issuer",
            ask: vec![authorize("plain")],
            expect: Expect::Back(vec![is("iss", "<base>/")]),
        },
        Case {
            rfc: "RFC 6749, 3.1",
            what: "a parameter that nobody knows is ignored",
            ask: vec![authorize("web").set("extra", "foobar")],
            expect: Expect::Back(vec![there("code"), absent("extra")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.1",
            what: "the request may be posted",
            ask: vec![authorize("web").method("POST").walking()],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: "RFC 6749, 3.1",
            what: "a parameter that comes twice makes the request malformed",
            ask: vec![authorize("web").add("scope", "email")],
            expect: Expect::Either(vec![Expect::Page(400), Expect::Told("invalid_request")]),
        },
        Case {
            rfc: "RFC 9700, 4.2.4",
            what: "the address of the answer is told to no third site",
            ask: vec![authorize("web")],
            expect: Expect::Header("referrer-policy", "no-referrer"),
        },
        Case {
            rfc: "RFC 9700, 4.11",
            what: "a browser that posts is led away by a redirect that drops the form",
            ask: vec![authorize("web").method("POST").walking()],
            expect: Expect::Either(vec![Expect::Status(302), Expect::Status(303)]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.3",
            what: "nobody is signed in: the visitor is led to a login",
            ask: vec![authorize("web").by(Nobody)],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.3",
            what: "who may not use the application is denied here, or its client told",
            ask: vec![authorize("staff").by(SignedIn("bob"))],
            expect: Expect::Either(vec![Expect::Status(403), Expect::Page(200), Expect::Told("access_denied")]),
        },
        Case {
            rfc: "RFC 6749, 4.1.2.1",
            what: "without a page, the client is told that access is denied",
            ask: vec![authorize("staff").by(SignedIn("bob")).set("prompt", "none")],
            expect: Expect::Told("access_denied"),
        },
        Case {
            rfc: "RFC 9700, 2.1",
            what: "no script of another site reads the authorize endpoint",
            ask: vec![authorize("web").header("Origin", "https://web.lockgate.test")],
            expect: Expect::NoHeader("access-control-allow-origin"),
        },
        Case {
            rfc: "RFC 9110, 15.5.6",
            what: "a method that the endpoint does not have",
            ask: vec![Ask { json: None, ..authorize("web") }.method("DELETE")],
            expect: Expect::Status(405),
        },
        Case {
            rfc: "OpenID Connect Core, 2",
            what: "an ID token says whose it is, of whom, and how the login was made",
            ask: vec![authorize("web"), redeem("web")],
            expect: Expect::Json(vec![
                is("id_token/iss", "<issuer.web>"),
                is("id_token/aud", "web"),
                there("id_token/sub"),
                there("id_token/exp"),
                there("id_token/iat"),
                there("id_token/auth_time"),
                is("id_token/acr", "goauthentik.io/providers/oauth2/default"),
                is("id_token/amr", json!(["pwd"])),
                there("id_token/sid"),
                Check("id_token/at_hash", Is::HashOf("access_token")),
            ]),
        },
    ]
}
