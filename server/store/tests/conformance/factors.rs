//! Second factors in use.

use chrono::TimeDelta;
use lockgate_store::{Authenticator, AuthenticatorKind, NewAuthenticator, NewProof, StoreError};
use serde_json::Map;

use crate::bench::{Bench, Outcome, later, now};

async fn made(
    bench: &Bench,
    user_pk: i64,
    kind: AuthenticatorKind,
    proof: NewProof,
) -> Result<Authenticator, StoreError> {
    let new =
        NewAuthenticator { kind, user_pk, name: kind.as_str().to_owned(), confirmed: true, details: Map::new(), proof };
    bench.store.authenticators().create(new, now()).await
}

pub(crate) async fn a_time_step_and_a_code_work_once(bench: &Bench) -> Outcome {
    let (authenticators, ada) = (bench.store.authenticators(), bench.user("ada").await?);
    let app = made(bench, ada.pk, AuthenticatorKind::Totp, NewProof::Secret("hush".to_owned())).await?;
    assert_eq!(authenticators.secret(app.pk).await?.0, "hush");
    let (one, other) =
        tokio::join!(authenticators.take_step(app.pk, 7, later(1)), authenticators.take_step(app.pk, 7, later(1)));
    assert_eq!([one?, other?].into_iter().filter(|taken| *taken).count(), 1, "of two that come together one is taken");
    assert!(!authenticators.take_step(app.pk, 6, later(2)).await?, "an older one");
    assert!(authenticators.take_step(app.pk, 8, later(2)).await?);

    let codes = NewProof::Codes(vec!["alpha".to_owned(), "beta".to_owned()]);
    let paper = made(bench, ada.pk, AuthenticatorKind::Static, codes).await?;
    assert_eq!(authenticators.codes_left(paper.pk).await?, 2);
    assert!(!authenticators.take_code(paper.pk, "gamma", later(3)).await?);
    let (one, other) = tokio::join!(
        authenticators.take_code(paper.pk, "beta", later(3)),
        authenticators.take_code(paper.pk, "beta", later(3))
    );
    assert_eq!([one?, other?].into_iter().filter(|taken| *taken).count(), 1);
    assert_eq!(authenticators.codes_left(paper.pk).await?, 1);
    assert!(!authenticators.take_code(app.pk, "alpha", later(3)).await?, "of another authenticator");

    let usable = authenticators.usable(ada.pk).await?;
    assert_eq!(usable.iter().map(|one| one.pk).collect::<Vec<_>>(), [paper.pk, app.pk], "the last used one first");
    Ok(())
}

pub(crate) async fn failures_are_counted_until_something_is_right(bench: &Bench) -> Outcome {
    let (authenticators, ada) = (bench.store.authenticators(), bench.user("ada").await?);
    let app = made(bench, ada.pk, AuthenticatorKind::Totp, NewProof::Secret("hush".to_owned())).await?;
    for second in [1, 2, 3] {
        let seen = authenticators.secret(app.pk).await?.1;
        let (one, other) = tokio::join!(
            authenticators.begin_try(app.pk, seen, later(second)),
            authenticators.begin_try(app.pk, seen, later(second))
        );
        assert_eq!([one?, other?].into_iter().filter(|begun| *begun).count(), 1, "of two at once one is looked at");
    }
    let failures = authenticators.secret(app.pk).await?.1;
    assert_eq!((failures.count, failures.last), (3, Some(now() + TimeDelta::seconds(3))));
    authenticators.note_use(&app, Some("whisper"), later(4)).await?;
    let (secret, failures) = authenticators.secret(app.pk).await?;
    assert_eq!((secret.as_str(), failures.count, failures.last), ("whisper", 0, None));
    Ok(())
}

pub(crate) async fn a_passkey_is_found_by_its_id_and_is_nobody_elses(bench: &Bench) -> Outcome {
    let authenticators = bench.store.authenticators();
    let (ada, bob) = (bench.user("ada").await?, bench.user("bob").await?);
    let proof = || NewProof::Passkey { id: "a2V5".to_owned(), credential: "{}".to_owned() };
    let key = made(bench, ada.pk, AuthenticatorKind::WebAuthn, proof()).await?;
    assert_eq!(authenticators.by_external_id("a2V5").await?, Some(key));
    assert_eq!(authenticators.by_external_id("a2V6").await?, None);
    let again = made(bench, bob.pk, AuthenticatorKind::WebAuthn, proof()).await;
    assert!(matches!(&again, Err(StoreError::Unique { field }) if field == "external_id"), "{again:?}");
    Ok(())
}
