//! Whose request it is, and where the answer may go (RFC 6749, section 3.1.2;
//! RFC 9700, section 2.1; RFC 8252, section 7). What is not proven is answered
//! here, as a page, and the browser goes nowhere.

use super::ask::{AUTHORIZE, authorize};
use super::case::Visitor::{Nobody, SignedIn};
use super::case::{Ask, Case, Expect, there};

const MATCHING: &str = "RFC 9700, 2.1";
const UNPROVEN: &str = "RFC 6749, 4.1.2.1";
const NATIVE: &str = "RFC 8252, 7.3";

/// An address that is not registered.
fn refused(rfc: &'static str, what: &'static str, client: &str, uri: &str) -> Case {
    Case { rfc, what, ask: vec![authorize(client).set("redirect_uri", uri)], expect: Expect::Page(400) }
}

/// An address that is.
fn accepted(rfc: &'static str, what: &'static str, client: &str, uri: &str) -> Case {
    let expect = Expect::Back(vec![there("code")]);
    Case { rfc, what, ask: vec![authorize(client).set("redirect_uri", uri)], expect }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = clients();
    cases.extend(strict());
    cases.extend(native_and_patterns());
    cases
}

fn clients() -> Vec<Case> {
    vec![
        Case {
            rfc: UNPROVEN,
            what: "an unknown client is told here, not by a redirect",
            ask: vec![authorize("web").set("client_id", "nobody")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: UNPROVEN,
            what: "an unknown client is told here before anybody signs in",
            ask: vec![authorize("web").set("client_id", "nobody").by(Nobody)],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RFC 6749, 4.1.1",
            what: "a request without a client is no request",
            ask: vec![authorize("web").without("client_id")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RFC 6749, 2.2",
            what: "a client identifier in another case is another client's",
            ask: vec![authorize("web").set("client_id", "WEB")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RFC 6749, 2.2",
            what: "an empty client identifier is none",
            ask: vec![authorize("web").set("client_id", "")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RFC 6749, 3.1",
            what: "the endpoint without any request is not there",
            ask: vec![Ask::get(AUTHORIZE).by(SignedIn("ada"))],
            expect: Expect::Status(404),
        },
        Case {
            rfc: UNPROVEN,
            what: "the wrong address goes before every other mistake",
            ask: vec![authorize("web").set("redirect_uri", "https://evil.test/").set("response_type", "nothing")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "OpenID Connect Core, 3.1.2.1",
            what: "the address has to be named",
            ask: vec![authorize("web").without("redirect_uri")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RFC 6749, 3.1.2.3",
            what: "a client that has one address only need not name it, and is answered there",
            ask: vec![authorize("robot").without("redirect_uri")],
            expect: Expect::Either(vec![Expect::BackOf("robot", vec![there("code")]), Expect::Page(400)]),
        },
        Case {
            rfc: "RFC 6749, 3.1",
            what: "an address that is named twice is none",
            ask: vec![authorize("web").add("redirect_uri", "https://web.lockgate.test/cb")],
            expect: Expect::Page(400),
        },
        Case {
            rfc: "RFC 6749, 3.1",
            what: "a client that is named twice is none",
            ask: vec![authorize("web").add("client_id", "other")],
            expect: Expect::Page(400),
        },
    ]
}

fn strict() -> Vec<Case> {
    vec![
        accepted(MATCHING, "a registered address is accepted", "web", "https://web.lockgate.test/cb"),
        accepted(
            "RFC 6749, 3.1.2",
            "the query of a registered address is kept",
            "web",
            "https://web.lockgate.test/second?fixed=1",
        ),
        refused(MATCHING, "an address nobody registered", "web", "https://evil.test/cb"),
        refused(MATCHING, "an address of another client", "web", "https://other.lockgate.test/cb"),
        refused(MATCHING, "a path in another case", "web", "https://web.lockgate.test/CB"),
        refused(MATCHING, "a host in another case", "web", "https://WEB.lockgate.test/cb"),
        refused(MATCHING, "a slash more", "web", "https://web.lockgate.test/cb/"),
        refused(MATCHING, "a path below", "web", "https://web.lockgate.test/cb/more"),
        refused(MATCHING, "a path above", "web", "https://web.lockgate.test/"),
        refused(MATCHING, "a way back up the path", "web", "https://web.lockgate.test/cb/../cb"),
        refused(MATCHING, "an encoded letter", "web", "https://web.lockgate.test/%63b"),
        refused(MATCHING, "a query more", "web", "https://web.lockgate.test/cb?more=1"),
        refused(MATCHING, "an empty query more", "web", "https://web.lockgate.test/cb?"),
        refused(MATCHING, "a query less", "web", "https://web.lockgate.test/second"),
        refused(MATCHING, "another query", "web", "https://web.lockgate.test/second?fixed=2"),
        refused(MATCHING, "a port more", "web", "https://web.lockgate.test:8443/cb"),
        refused(MATCHING, "the usual port written out", "web", "https://web.lockgate.test:443/cb"),
        refused(MATCHING, "another scheme", "web", "http://web.lockgate.test/cb"),
        refused(MATCHING, "a user in the address", "web", "https://web.lockgate.test@evil.test/cb"),
        refused(MATCHING, "a user before the right host", "web", "https://evil.test@web.lockgate.test/cb"),
        refused(MATCHING, "the right host below another one", "web", "https://web.lockgate.test.evil.test/cb"),
        refused(MATCHING, "a backslash for a slash", "web", "https://evil.test\\@web.lockgate.test/cb"),
        refused(MATCHING, "a space behind", "web", "https://web.lockgate.test/cb "),
        refused(MATCHING, "a line's end behind", "web", "https://web.lockgate.test/cb\n"),
        refused(MATCHING, "a relative address", "web", "/cb"),
        refused("RFC 6749, 3.1.2", "a fragment", "web", "https://web.lockgate.test/cb#fragment"),
        refused("RFC 6749, 3.1.2", "an empty fragment", "web", "https://web.lockgate.test/cb#"),
        refused("RFC 9700, 4.1", "a script for an address", "web", "javascript:alert(1)"),
    ]
}

fn native_and_patterns() -> Vec<Case> {
    vec![
        accepted(
            NATIVE,
            "a native application listens on whatever port is free",
            "native",
            "http://127.0.0.1:51004/cb",
        ),
        accepted(NATIVE, "so it does with IPv6", "native", "http://[::1]:51004/cb"),
        accepted("RFC 8252, 7.1", "a scheme of the application's own", "native", "com.example.app:/cb"),
        refused(NATIVE, "another path on loopback", "native", "http://127.0.0.1:51004/other"),
        refused(NATIVE, "a query more on loopback", "native", "http://127.0.0.1:51004/cb?more=1"),
        refused("RFC 8252, 8.3", "a name may lead elsewhere than to loopback", "native", "http://localhost:51004/cb"),
        refused(NATIVE, "another loopback address", "native", "http://127.0.0.2:51004/cb"),
        refused(NATIVE, "a user in a loopback address", "native", "http://127.0.0.1:80@evil.test/cb"),
        refused(NATIVE, "a host that begins like loopback", "native", "http://127.0.0.1.evil.test/cb"),
        refused(MATCHING, "a port is free on loopback alone", "web", "https://web.lockgate.test:51004/cb"),
        refused("RFC 8252, 7.1", "another scheme of an application", "native", "com.example.evil:/cb"),
        accepted(MATCHING, "an expression that fits", "pattern", "https://two.pattern.lockgate.test/cb"),
        refused(
            MATCHING,
            "more behind what an expression fits",
            "pattern",
            "https://two.pattern.lockgate.test/cb/more",
        ),
        refused(
            MATCHING,
            "more before what an expression fits",
            "pattern",
            "https://evil.test/?https://two.pattern.lockgate.test/cb",
        ),
        refused(MATCHING, "a line's end behind what fits", "pattern", "https://two.pattern.lockgate.test/cb\n"),
        refused(
            MATCHING,
            "an expression does not see another line",
            "pattern",
            "https://evil.test/\nhttps://two.pattern.lockgate.test/cb",
        ),
        refused(MATCHING, "a dot of an expression is a dot", "pattern", "https://two.patternXlockgate.test/cb"),
        refused(MATCHING, "the case counts in expressions", "pattern", "https://TWO.pattern.lockgate.test/cb"),
    ]
}
