//! Requests that are none: wrong content types, bodies beyond all bounds,
//! letters that no form has. Each endpoint answers in its own words, and goes
//! on.

use super::ask::{AUTHORIZE, TOKEN, USERINFO, authorize, redeem, service, usual};
use super::case::Visitor::SignedIn;
use super::case::{Ask, Auth, Case, Expect, there};
use super::perform::HUNG_UP;
use super::world::secret;

const FORM: &str = "application/x-www-form-urlencoded";
const SIZE: &str = "RFC 9110, 15.5.14";

/// The endpoints that programs call, with a form.
const ENDPOINTS: [&str; 5] =
    [TOKEN, "/application/o/introspect/", "/application/o/revoke/", "/application/o/device/", "/application/o/par/"];

/// The same body at each of them.
fn everywhere(
    rfc: &'static str,
    what: &'static str,
    kind: &'static str,
    body: &[u8],
    expect: fn() -> Expect,
) -> Vec<Case> {
    let ask = |path: &str| Ask::post(path).auth(usual("web")).body(kind, body);
    ENDPOINTS.iter().map(|path| Case { rfc, what, ask: vec![ask(path)], expect: expect() }).collect()
}

fn invalid_request() -> Expect {
    Expect::Refused(400, "invalid_request")
}

/// Too large: said by the endpoint, or before it is reached.
fn too_large() -> Expect {
    Expect::Either(vec![invalid_request(), Expect::Status(413)])
}

/// The same, where the client may still be talking when it is said.
fn far_too_large() -> Expect {
    Expect::Either(vec![too_large(), Expect::Status(HUNG_UP)])
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = bodies();
    cases.extend(everywhere(
        "RFC 6749, 3.2",
        "JSON is no form",
        "application/json",
        br#"{"grant_type":"client_credentials"}"#,
        invalid_request,
    ));
    cases.extend(everywhere(
        "RFC 6749, B",
        "a form of parts is not the form that is meant",
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--x--\r\n",
        invalid_request,
    ));
    cases.extend(everywhere(
        "RFC 6749, 3.1",
        "a parameter that comes twice",
        FORM,
        b"token=a&token=b&grant_type=client_credentials&scope=openid&client_id=web",
        invalid_request,
    ));
    cases.extend(everywhere(SIZE, "a form beyond 16 KiB", FORM, &long(17 * 1024), too_large));
    cases.extend(everywhere(SIZE, "a form of ten million letters", FORM, &long(10_000_000), far_too_large));
    cases.extend(methods());
    cases
}

fn long(length: usize) -> Vec<u8> {
    let mut body = b"grant_type=client_credentials&token=".to_vec();
    body.resize(length, b'a');
    body
}

fn bodies() -> Vec<Case> {
    let form = |body: &[u8]| Ask::post(TOKEN).auth(usual("web")).body(FORM, body);
    vec![
        Case {
            rfc: "RFC 6749, 3.2",
            what: "an empty body",
            ask: vec![form(b"")],
            expect: Expect::Refused(400, "invalid_request"),
        },
        Case {
            rfc: "RFC 6749, B",
            what: "no content type",
            ask: vec![Ask::post(TOKEN).auth(usual("web")).body("", b"grant_type=client_credentials".as_slice())],
            expect: Expect::Either(vec![invalid_request(), Expect::Status(400)]),
        },
        Case {
            rfc: "RFC 6749, B",
            what: "a content type may say its letters",
            ask: vec![
                Ask::post(TOKEN).auth(usual("web")).body(
                    "application/x-www-form-urlencoded; charset=UTF-8",
                    b"grant_type=client_credentials".as_slice(),
                ),
            ],
            expect: Expect::Json(vec![there("access_token")]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a NUL in the code",
            ask: vec![redeem("web").set("code", "abc\0def")],
            expect: Expect::Either(vec![Expect::Refused(400, "invalid_grant"), invalid_request()]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a NUL in the client's name",
            ask: vec![service("web").auth(Auth::Post("web\0".into(), secret("web").unwrap_or_default().into()))],
            expect: Expect::Either(vec![Expect::Refused(400, "invalid_client"), invalid_request()]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a NUL in the user name",
            ask: vec![service("web").set("username", "mach\0ine").set("password", "<app_password>")],
            expect: Expect::Either(vec![
                Expect::Refused(400, "invalid_grant"),
                Expect::Refused(401, "invalid_client"),
                Expect::Refused(400, "invalid_client"),
                invalid_request(),
            ]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "letters that are no UTF-8",
            ask: vec![form(b"grant_type=refresh_token&refresh_token=%ff%fe%00")],
            expect: Expect::Either(vec![Expect::Refused(400, "invalid_grant"), invalid_request()]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "raw bytes that are no UTF-8",
            ask: vec![form(b"grant_type=refresh_token&refresh_token=\xff\xfe\x00")],
            expect: Expect::Either(vec![Expect::Refused(400, "invalid_grant"), invalid_request()]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a line's end in the state does not end a header",
            ask: vec![authorize("web").set("state", "a\r\nSet-Cookie: evil=1")],
            expect: Expect::All(vec![Expect::Back(vec![there("code")]), Expect::NoHeader("set-cookie")]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a NUL in the state",
            ask: vec![authorize("web").set("state", "a\0b")],
            expect: Expect::Either(vec![
                Expect::Back(vec![there("code")]),
                Expect::Told("invalid_request"),
                Expect::Page(400),
            ]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a NUL in the nonce",
            ask: vec![authorize("web").set("nonce", "a\0b")],
            expect: Expect::Either(vec![Expect::Back(vec![there("code")]), Expect::Told("invalid_request")]),
        },
        Case {
            rfc: "RFC 6749, A",
            what: "a NUL in the scope",
            ask: vec![authorize("web").set("scope", "openid a\0b")],
            expect: Expect::Either(vec![
                Expect::Back(vec![there("code")]),
                Expect::Told("invalid_scope"),
                Expect::Told("invalid_request"),
            ]),
        },
        Case {
            rfc: SIZE,
            what: "a state beyond all bounds",
            ask: vec![authorize("web").method("POST").set("state", "a".repeat(17 * 1024))],
            expect: Expect::Page(400),
        },
        Case {
            rfc: SIZE,
            what: "a hundred parameters",
            ask: vec![(0..100).fold(authorize("web"), |ask, at| ask.set(&format!("p{at}"), "x"))],
            expect: Expect::Page(400),
        },
        Case {
            rfc: SIZE,
            what: "a token of a million letters in a header",
            ask: vec![Ask::get(USERINFO).header("Authorization", format!("Bearer {}", "a".repeat(60_000)))],
            expect: Expect::Either(vec![
                Expect::Challenged(401, "Bearer", Some("invalid_token")),
                Expect::Status(431),
                Expect::Status(400),
            ]),
        },
        Case {
            rfc: "RFC 6749, 3.1",
            what: "JSON is no request for a code",
            ask: vec![
                Ask::post(AUTHORIZE).by(SignedIn("ada")).body("application/json", br#"{"client_id":"web"}"#.as_slice()),
            ],
            expect: Expect::Either(vec![Expect::Page(400), Expect::Status(404), Expect::Status(415)]),
        },
    ]
}

fn methods() -> Vec<Case> {
    let mut cases: Vec<Case> = ENDPOINTS
        .iter()
        .flat_map(|path| ["GET", "PUT", "DELETE"].map(|method| (path, method)))
        .map(|(path, method)| Case {
            rfc: "RFC 6749, 3.2",
            what: "programs post, and do nothing else",
            ask: vec![Ask::get(path).method(method).auth(usual("web"))],
            expect: Expect::Status(405),
        })
        .collect();
    cases.push(Case {
        rfc: "RFC 9110, 15.5.6",
        what: "a wrong method is told the right one",
        ask: vec![Ask::get(TOKEN)],
        expect: Expect::Either(vec![
            Expect::Header("allow", "POST"),
            Expect::Header("allow", "POST,OPTIONS"),
            Expect::Header("allow", "POST, OPTIONS"),
            Expect::Header("allow", "OPTIONS,POST"),
        ]),
    });
    cases
}
