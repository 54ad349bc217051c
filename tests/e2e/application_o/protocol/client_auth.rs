//! Who the client is (RFC 6749, section 2.3; RFC 7523, section 3; OpenID
//! Connect Core, section 9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ask::{TOKEN, authorize, introspect, post, redeem, revoke, service, usual};
use super::case::{Ask, Auth, Case, Expect, there};
use super::jwt::{Jwt, Key};
use super::world::secret;

const BASIC: &str = "RFC 6749, 2.3.1";
const ASSERTION: &str = "RFC 7523, 3";

/// The client's own tokens, which it gets when it is who it says to be.
fn tokens() -> Expect {
    Expect::Json(vec![there("access_token")])
}

/// The error of a client that tried a header, and of one that did not.
fn invalid_client(status: u16) -> Expect {
    Expect::Refused(status, "invalid_client")
}

fn with_secret(client: &str) -> Key {
    Key::Secret(secret(client).unwrap_or_default().to_owned())
}

/// A header `Authorization` as it is.
fn header(value: &str) -> Ask {
    service("web").auth(Auth::Nothing).header("Authorization", value)
}

fn basic(pair: &str) -> Ask {
    header(&format!("Basic {}", STANDARD.encode(pair)))
}

/// An assertion that does not prove that the client is `robot`.
fn unproven(rfc: &'static str, what: &'static str, jwt: Jwt) -> Case {
    let expect = Expect::Either(vec![invalid_client(400), invalid_client(401)]);
    Case { rfc, what, ask: vec![service("robot").auth(Auth::Assertion(jwt))], expect }
}

fn robot() -> Jwt {
    Jwt::assertion("robot", Key::Own(0))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = secrets();
    cases.extend(headers());
    cases.extend(assertions());
    cases.extend(forgeries());
    cases
}

fn secrets() -> Vec<Case> {
    vec![
        Case {
            rfc: BASIC,
            what: "the secret in the header, form-encoded",
            ask: vec![service("web")],
            expect: tokens(),
        },
        Case {
            rfc: BASIC,
            what: "the secret in the form",
            ask: vec![service("web").auth(post("web"))],
            expect: tokens(),
        },
        Case {
            rfc: BASIC,
            what: "a wrong secret in the header is told so by a 401",
            ask: vec![service("web").auth(Auth::Basic("web".into(), "wrong".into()))],
            expect: invalid_client(401),
        },
        Case {
            rfc: "RFC 6749, 5.2",
            what: "the 401 names the scheme that was tried",
            ask: vec![service("web").auth(Auth::Basic("web".into(), "wrong".into()))],
            expect: Expect::Header("www-authenticate", "Basic realm=\"Lockgate\""),
        },
        Case {
            rfc: BASIC,
            what: "a wrong secret in the form",
            ask: vec![service("web").auth(Auth::Post("web".into(), "wrong".into()))],
            expect: invalid_client(400),
        },
        Case {
            rfc: BASIC,
            what: "the secret of another client",
            ask: vec![service("web").auth(Auth::Basic("web".into(), secret("other").unwrap_or_default().into()))],
            expect: invalid_client(401),
        },
        Case {
            rfc: BASIC,
            what: "an empty secret",
            ask: vec![service("web").auth(Auth::Basic("web".into(), String::new()))],
            expect: invalid_client(401),
        },
        Case {
            rfc: BASIC,
            what: "a secret of which the end is missing",
            ask: vec![service("other").auth(Auth::Post("other".into(), "the-secret-of-other".into()))],
            expect: invalid_client(400),
        },
        Case {
            rfc: "RFC 6749, 2.3",
            what: "a client that has a secret, without it",
            ask: vec![authorize("web"), redeem("web").auth(Auth::Public("web".into()))],
            expect: invalid_client(400),
        },
        Case {
            rfc: "RFC 6749, 2.3",
            what: "a client that nobody knows is told no more than one with a wrong secret",
            ask: vec![service("web").auth(Auth::Basic("nobody".into(), "wrong".into()))],
            expect: invalid_client(401),
        },
        Case {
            rfc: "RFC 6749, 2.3",
            what: "no client at all",
            ask: vec![Ask::post(TOKEN).set("grant_type", "client_credentials")],
            expect: invalid_client(400),
        },
        Case {
            rfc: "RFC 6749, 2.3",
            what: "two methods at once: header and form",
            ask: vec![service("web").set("client_id", "web").set("client_secret", secret("web").unwrap_or_default())],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 2.3",
            what: "two methods at once: header and assertion",
            ask: vec![
                service("robot")
                    .set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    .set("client_assertion", robot()),
            ],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 2.3.1",
            what: "the form names another client than the header",
            ask: vec![service("web").set("client_id", "other")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, 2.3.1",
            what: "a secret is not read from the address",
            ask: vec![
                Ask::post(&format!("{TOKEN}?client_id=other&client_secret={}", secret("other").unwrap_or_default()))
                    .set("grant_type", "client_credentials"),
            ],
            expect: invalid_client(400),
        },
        Case {
            rfc: "RFC 6749, 2.1",
            what: "a public client cannot get tokens for itself",
            ask: vec![service("spa")],
            expect: Expect::Either(vec![invalid_client(400), Expect::Refused(400, "unauthorized_client")]),
        },
        Case {
            rfc: "RFC 6749, 2.3.1",
            what: "a secret of ten thousand letters",
            ask: vec![service("web").auth(Auth::Post("web".into(), "x".repeat(10_000)))],
            expect: invalid_client(400),
        },
    ]
}

fn headers() -> Vec<Case> {
    let raw = secret("web").unwrap_or_default();
    vec![
        Case {
            rfc: BASIC,
            what: "a secret that the client did not encode is understood as well",
            ask: vec![basic(&format!("web:{raw}"))],
            expect: tokens(),
        },
        Case {
            rfc: "RFC 7617, 2",
            what: "a header that is no base64",
            ask: vec![header("Basic !!!")],
            expect: invalid_client(401),
        },
        Case {
            rfc: "RFC 7617, 2",
            what: "a header without a colon",
            ask: vec![basic("web")],
            expect: invalid_client(401),
        },
        Case {
            rfc: "RFC 7617, 2",
            what: "a header that is no UTF-8",
            ask: vec![header("Basic //79")],
            expect: invalid_client(401),
        },
        Case {
            rfc: "RFC 7617, 2",
            what: "an empty header",
            ask: vec![header("Basic ")],
            expect: Expect::Either(vec![invalid_client(401), invalid_client(400)]),
        },
        Case {
            rfc: "RFC 7617, 2",
            what: "an empty user name",
            ask: vec![basic(&format!(":{raw}"))],
            expect: invalid_client(401),
        },
        Case {
            rfc: "RFC 9110, 11.1",
            what: "the scheme's case means nothing",
            ask: vec![
                header(&format!("bAsIc {}", STANDARD.encode(format!("other:{}", secret("other").unwrap_or_default()))))
                    .set("grant_type", "refresh_token")
                    .set("refresh_token", "unknown"),
            ],
            expect: Expect::Refused(400, "invalid_grant"),
        },
        Case {
            rfc: "RFC 9110, 11.6.2",
            what: "two headers are one too many",
            ask: vec![service("web").another("Authorization", format!("Basic {}", STANDARD.encode("other:wrong")))],
            expect: Expect::Either(vec![
                Expect::Refused(400, "invalid_request"),
                invalid_client(401),
                Expect::Status(400),
            ]),
        },
        Case {
            rfc: "RFC 7662, 2.1",
            what: "introspection wants to know who asks",
            ask: vec![introspect("web").auth(Auth::Nothing).set("token", "x")],
            expect: Expect::Either(vec![
                Expect::Refused(401, "invalid_client"),
                Expect::Refused(400, "invalid_client"),
                Expect::Json(vec![super::case::is("active", false)]),
            ]),
        },
        Case {
            rfc: "RFC 7009, 2.1",
            what: "revocation wants to know who asks",
            ask: vec![revoke("web").auth(Auth::Basic("web".into(), "wrong".into())).set("token", "x")],
            expect: invalid_client(401),
        },
    ]
}

fn assertions() -> Vec<Case> {
    vec![
        Case {
            rfc: ASSERTION,
            what: "private_key_jwt",
            ask: vec![service("robot").auth(Auth::Assertion(robot()))],
            expect: tokens(),
        },
        Case {
            rfc: "OpenID Connect Core, 9",
            what: "client_secret_jwt",
            ask: vec![service("web").auth(Auth::Assertion(Jwt::assertion("web", with_secret("web"))))],
            expect: tokens(),
        },
        Case {
            rfc: ASSERTION,
            what: "the issuer is an audience as well",
            ask: vec![service("robot").auth(Auth::Assertion(robot().claim("aud", "<issuer.robot>")))],
            expect: tokens(),
        },
        Case {
            rfc: ASSERTION,
            what: "an audience among others",
            ask: vec![service("robot").auth(Auth::Assertion(
                robot().claim("aud", serde_json::json!(["https://elsewhere.test/", "<issuer.robot>"])),
            ))],
            expect: tokens(),
        },
        Case {
            rfc: ASSERTION,
            what: "the client may name itself beside its assertion",
            ask: vec![service("robot").auth(Auth::Assertion(robot())).set("client_id", "robot")],
            expect: tokens(),
        },
        Case {
            rfc: "RFC 7521, 4.2",
            what: "the name beside an assertion is another client's",
            ask: vec![service("robot").auth(Auth::Assertion(robot())).set("client_id", "web")],
            expect: Expect::Either(vec![invalid_client(400), Expect::Refused(400, "invalid_request")]),
        },
        Case {
            rfc: "RFC 7521, 4.2",
            what: "an assertion of a type that nobody knows",
            ask: vec![
                service("robot")
                    .auth(Auth::Nothing)
                    .set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
                    .set("client_assertion", robot()),
            ],
            expect: Expect::Either(vec![invalid_client(400), Expect::Refused(400, "invalid_request")]),
        },
        Case {
            rfc: ASSERTION,
            what: "an assertion that comes twice",
            ask: vec![
                service("robot").auth(Auth::Assertion(robot().claim("jti", "the same"))),
                service("robot").auth(Auth::Assertion(robot().claim("jti", "the same"))),
            ],
            expect: invalid_client(400),
        },
        Case {
            rfc: ASSERTION,
            what: "an assertion that proved nothing has not spent its identifier",
            ask: vec![
                service("robot")
                    .auth(Auth::Assertion(Jwt::assertion("robot", Key::Own(1)).claim("jti", "guess")))
                    .in_vain(),
                service("robot").auth(Auth::Assertion(robot().claim("jti", "guess"))),
            ],
            expect: tokens(),
        },
    ]
}

fn forgeries() -> Vec<Case> {
    vec![
        unproven(ASSERTION, "an assertion for somebody else", robot().claim("aud", "https://elsewhere.test/")),
        unproven(ASSERTION, "an assertion for another issuer of this server", robot().claim("aud", "<issuer.web>")),
        unproven(ASSERTION, "an assertion for nobody", robot().without("aud")),
        unproven(ASSERTION, "an assertion that has expired", robot().claim("exp", "<now-120>")),
        unproven(ASSERTION, "an assertion that never expires", robot().without("exp")),
        unproven(ASSERTION, "an assertion that lives for a year", robot().claim("exp", "<now+31536000>")),
        unproven(ASSERTION, "an assertion whose end is no number", robot().claim("exp", "tomorrow")),
        unproven(ASSERTION, "an assertion that is not valid yet", robot().claim("nbf", "<now+600>")),
        unproven(ASSERTION, "an assertion from the future", robot().claim("iat", "<now+600>")),
        unproven("OpenID Connect Core, 9", "an assertion without an identifier", robot().without("jti")),
        unproven(ASSERTION, "an assertion about another client", robot().claim("sub", "web")),
        unproven(ASSERTION, "an assertion by another client", robot().claim("iss", "web")),
        unproven(ASSERTION, "an assertion about nobody", robot().without("sub")),
        unproven("RFC 8725, 3.1", "an assertion that nobody has signed", Jwt::assertion("robot", Key::Nothing)),
        unproven(ASSERTION, "an assertion under another key", Jwt::assertion("robot", Key::Own(1))),
        unproven(ASSERTION, "a broken signature", Jwt::assertion("robot", Key::Broken(0))),
        unproven("RFC 8725, 2.1", "the public key for a secret", Jwt::assertion("robot", Key::PublicAsSecret(0))),
        unproven(
            "RFC 8725, 3.1",
            "a key that comes with the assertion itself",
            Jwt::assertion("robot", Key::Own(1)).header("jwk", super::jwt::public_key(1)),
        ),
        unproven(
            "RFC 8725, 3.10",
            "a key that is to be fetched from elsewhere",
            Jwt::assertion("robot", Key::Own(1)).header("jku", "http://evil.test/jwks"),
        ),
        unproven(
            "RFC 7515, 4.1.11",
            "an extension that must be understood, and is not",
            robot().header("crit", serde_json::json!(["magic"])).header("magic", true),
        ),
        Case {
            rfc: "OpenID Connect Core, 9",
            what: "client_secret_jwt with another client's secret",
            ask: vec![service("web").auth(Auth::Assertion(Jwt::assertion("web", with_secret("other"))))],
            expect: invalid_client(400),
        },
        Case {
            rfc: "OpenID Connect Core, 9",
            what: "client_secret_jwt with an empty secret",
            ask: vec![service("spa").auth(Auth::Assertion(Jwt::assertion("spa", Key::Secret(String::new()))))],
            expect: Expect::Either(vec![invalid_client(400), Expect::Refused(400, "unauthorized_client")]),
        },
        Case {
            rfc: ASSERTION,
            what: "an assertion that is no token",
            ask: vec![
                service("robot")
                    .auth(Auth::Public("robot".into()))
                    .set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    .set("client_assertion", "a.b.c"),
            ],
            expect: invalid_client(400),
        },
        Case {
            rfc: "RFC 6749, 2.3.1",
            what: "a client with keys may use its secret all the same",
            ask: vec![service("robot").auth(usual("robot"))],
            expect: tokens(),
        },
    ]
}
