//! Whatever a browser complains about by itself fails its test: shown at pages that are made to be complained about.

use lockgate_tests::Browser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves one page to whoever asks, with a policy; its address.
async fn page(policy: &'static str, html: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = format!("http://{}/", listener.local_addr().expect("it listens"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).await.unwrap_or_default();
            // Whatever else a page asks for is not there.
            let status = if asked[..read].starts_with(b"GET / ") { "200 OK" } else { "404 Not Found" };
            let head = format!("Content-Type: text/html\r\nContent-Security-Policy: {policy}\r\nConnection: close");
            let answer = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{html}", html.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

const FORBIDDING: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'";

async fn complaints_about(policy: &'static str, html: &'static str) -> Vec<String> {
    let address = page(policy, html).await;
    let browser = Browser::start().await;
    browser.open(&address).await;
    let complaints = browser.complaints();
    // They were asked for, and so are no surprise any more.
    browser.close().await;
    complaints
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_forbids_is_complained_about() {
    for (html, directive) in [
        ("<!doctype html><p style='color: red'>Inline</p>", "style-src"),
        ("<!doctype html><script>document.title = 'Inline'</script>", "script-src"),
        ("<!doctype html><img src='http://127.0.0.2/elsewhere.png' alt=''>", "img-src"),
    ] {
        let complaints = complaints_about(FORBIDDING, html).await;
        assert_eq!(complaints.len(), 1, "{html}: {complaints:#?}");
        assert!(complaints[0].contains(directive), "{html}: {complaints:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_nothing_catches_is_complained_about() {
    let html = "<!doctype html><script>throw new Error('on purpose')</script>";
    let complaints = complaints_about("script-src 'unsafe-inline'", html).await;
    assert!(matches!(complaints.as_slice(), [one] if one.contains("on purpose")), "{complaints:#?}");
    let html = "<!doctype html><script>Promise.reject(new Error('on purpose'))</script>";
    let complaints = complaints_about("script-src 'unsafe-inline'", html).await;
    assert!(matches!(complaints.as_slice(), [one] if one.contains("on purpose")), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_said_by_a_script_is_no_complaint() {
    let html = "<!doctype html><img src='/nothing.png' alt=''><p>Fine</p>";
    assert_eq!(complaints_about(FORBIDDING, html).await, Vec::<String>::new());
    let html = "<!doctype html><script>console.error('said by a script')</script>";
    assert_eq!(complaints_about("script-src 'unsafe-inline'", html).await, Vec::<String>::new());
}

/// What the test of a browser that complains ends with.
async fn end_of(closes: bool) -> String {
    let address = page(FORBIDDING, "<!doctype html><p style='color: red'>Inline</p>").await;
    let test = tokio::spawn(async move {
        let browser = Browser::start().await;
        browser.open(&address).await;
        if closes {
            browser.close().await;
        }
    });
    let end = test.await.expect_err("it fails");
    let why = end.into_panic();
    why.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_fails_its_test_whether_the_browser_is_closed_or_forgotten() {
    for closes in [true, false] {
        let why = end_of(closes).await;
        assert!(why.contains("the browser complains") && why.contains("style-src"), "closed: {closes}: {why}");
    }
}
