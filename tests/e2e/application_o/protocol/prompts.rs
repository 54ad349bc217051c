//! When the person is asked, and what (OpenID Connect Core, section 3.1.2.1).

use super::ask::{authorize, jwks, redeem};
use super::case::Visitor::{Comes, Nobody, Same, SignedIn};
use super::case::{Case, Expect, is, there};
use super::jwt::{Jwt, Key};
use serde_json::json;

const PROMPT: &str = "OpenID Connect Core, 3.1.2.1";

fn forged_hint(key: Key) -> Jwt {
    let claims = json!({ "iss": "<issuer.plain>", "aud": "plain", "sub": "ada", "iat": "<now>", "exp": "<now+600>" });
    Jwt::new(claims, key)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = prompts();
    cases.extend(ages());
    cases.extend(hints());
    cases
}

fn prompts() -> Vec<Case> {
    vec![
        Case {
            rfc: PROMPT,
            what: "prompt=none, and nobody is signed in",
            ask: vec![authorize("web").set("prompt", "none").by(Nobody)],
            expect: Expect::Told("login_required"),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=none, and somebody is: a code without a page",
            ask: vec![authorize("web").set("prompt", "none")],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=none, and the person would have to be asked",
            ask: vec![authorize("asking").set("prompt", "none")],
            expect: Expect::Either(vec![Expect::Told("consent_required"), Expect::Told("interaction_required")]),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=none goes with no other word",
            ask: vec![authorize("web").set("prompt", "none login")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: PROMPT,
            what: "a prompt that nobody knows",
            ask: vec![authorize("web").set("prompt", "dance")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=login asks who is signed in already",
            ask: vec![authorize("web").set("prompt", "login")],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=login is content with a new login",
            ask: vec![authorize("web").set("prompt", "login").by(Comes("ada")), redeem("web")],
            expect: Expect::Json(vec![there("id_token/auth_time")]),
        },
        Case {
            rfc: PROMPT,
            what: "the login that one request asked for does not do for the next",
            ask: vec![
                authorize("web").set("prompt", "login").by(Comes("ada")),
                authorize("web").set("prompt", "login").by(Same("ada")),
            ],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=select_account lets the visitor be somebody else",
            ask: vec![authorize("web").set("prompt", "select_account")],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=consent asks, also where the application asks nobody else",
            ask: vec![authorize("web").set("prompt", "consent")],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "prompt=consent is content with a consent",
            ask: vec![authorize("web").set("prompt", "consent").by(Comes("ada"))],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.4",
            what: "an application that asks for consent is not answered before",
            ask: vec![authorize("asking").by(SignedIn("bob"))],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.4",
            what: "and is answered after",
            ask: vec![authorize("asking").by(Comes("bob"))],
            expect: Expect::Back(vec![there("code")]),
        },
    ]
}

fn ages() -> Vec<Case> {
    vec![
        Case {
            rfc: PROMPT,
            what: "max_age=1 asks who signed in before",
            ask: vec![authorize("web").by(Comes("ada")), authorize("web").set("max_age", "1").by(Same("ada")).after(3)],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "max_age=0 asks everybody",
            ask: vec![authorize("web").set("max_age", "0")],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "max_age=1 without a page",
            ask: vec![
                authorize("web").by(Comes("ada")),
                authorize("web").set("max_age", "1").set("prompt", "none").by(Same("ada")).after(3),
            ],
            expect: Expect::Told("login_required"),
        },
        Case {
            rfc: PROMPT,
            what: "max_age=10000 is content with a fresh login, and the ID token says of when",
            ask: vec![authorize("web").set("max_age", "10000"), redeem("web")],
            expect: Expect::Json(vec![there("id_token/auth_time")]),
        },
        Case {
            rfc: PROMPT,
            what: "a max_age that is no number",
            ask: vec![authorize("web").set("max_age", "soon")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: PROMPT,
            what: "a max_age before now",
            ask: vec![authorize("web").set("max_age", "-1")],
            expect: Expect::Told("invalid_request"),
        },
        Case {
            rfc: PROMPT,
            what: "a max_age beyond all numbers",
            ask: vec![authorize("web").set("max_age", "99999999999999999999999")],
            expect: Expect::Told("invalid_request"),
        },
    ]
}

fn hints() -> Vec<Case> {
    vec![
        Case {
            rfc: PROMPT,
            what: "a hint of who is signed in: a code without a page",
            ask: vec![
                authorize("web"),
                redeem("web"),
                authorize("web").set("prompt", "none").set("id_token_hint", "<id_token>"),
            ],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: PROMPT,
            what: "a hint of somebody else: no code for whoever is signed in",
            ask: vec![
                authorize("web").by(SignedIn("bob")),
                redeem("web"),
                authorize("web").set("prompt", "none").set("id_token_hint", "<id_token>"),
            ],
            expect: Expect::Told("login_required"),
        },
        Case {
            rfc: PROMPT,
            what: "a hint of somebody else, with pages: that person is to sign in",
            ask: vec![
                authorize("web").by(SignedIn("bob")),
                redeem("web"),
                authorize("web").set("id_token_hint", "<id_token>"),
            ],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "a hint that nobody has signed",
            ask: vec![authorize("plain").set("prompt", "none").set("id_token_hint", forged_hint(Key::Nothing))],
            expect: Expect::Either(vec![Expect::Told("invalid_request"), Expect::Told("login_required")]),
        },
        Case {
            rfc: PROMPT,
            what: "a hint that somebody else has signed",
            ask: vec![
                authorize("plain").set("prompt", "none").set("id_token_hint", forged_hint(Key::Secret("guess".into()))),
            ],
            expect: Expect::Either(vec![Expect::Told("invalid_request"), Expect::Told("login_required")]),
        },
        Case {
            rfc: "RFC 8725, 2.1",
            what: "a hint that takes our public key for a secret",
            ask: vec![
                jwks("web"),
                authorize("web").set("prompt", "none").set(
                    "id_token_hint",
                    Jwt::new(
                        json!({ "iss": "<issuer.web>", "aud": "web", "sub": "ada", "exp": "<now+600>" }),
                        Key::Secret("<certificate>".into()),
                    ),
                ),
            ],
            expect: Expect::Either(vec![Expect::Told("invalid_request"), Expect::Told("login_required")]),
        },
        Case {
            rfc: PROMPT,
            what: "a login_hint does no harm",
            ask: vec![authorize("web").set("login_hint", "ada")],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: PROMPT,
            what: "a login_hint goes with the visitor to the login",
            ask: vec![authorize("web").set("login_hint", "ada").by(Nobody)],
            expect: Expect::Led("/if/flow/"),
        },
        Case {
            rfc: PROMPT,
            what: "acr_values are wishes",
            ask: vec![authorize("web").set("acr_values", "1 2"), redeem("web")],
            expect: Expect::Json(vec![is("id_token/acr", "goauthentik.io/providers/oauth2/default")]),
        },
        Case {
            rfc: "OpenID Connect Core, 5.5.1.1",
            what: "an essential acr that we do not give is a login that failed",
            ask: vec![
                authorize("web").set(
                    "claims",
                    r#"{"id_token":{"acr":{"essential":true,"values":["urn:mace:incommon:iap:silver"]}}}"#,
                ),
            ],
            expect: Expect::Told("unmet_authentication_requirements"),
        },
        Case {
            rfc: PROMPT,
            what: "display=page and display=popup are served alike",
            ask: vec![authorize("web").set("display", "page"), authorize("web").set("display", "popup")],
            expect: Expect::Back(vec![there("code")]),
        },
        Case {
            rfc: PROMPT,
            what: "ui_locales and claims_locales do no harm",
            ask: vec![authorize("web").set("ui_locales", "se nn").set("claims_locales", "se")],
            expect: Expect::Back(vec![there("code")]),
        },
    ]
}
