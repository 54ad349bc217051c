//! Tokens and consents.

use lockgate_store::{Consent, ConsentFilter, NewConsent, StoreError, Token, TokenFilter, TokenIntent, TokenPatch};

use crate::bench::{Bench, Outcome, id, later, now};

fn token(identifier: &str, user_pk: i64) -> Token {
    Token {
        pk: id(identifier),
        identifier: identifier.to_owned(),
        intent: TokenIntent::Api,
        user_pk,
        description: "for 100% of tests".to_owned(),
        expires: Some(later(60)),
        expiring: true,
        managed: None,
        created: now(),
    }
}

pub(crate) async fn a_key_is_found_shown_and_replaced(bench: &Bench) -> Outcome {
    let (tokens, ada) = (bench.store.tokens(), bench.user("ada").await?);
    let made = tokens.create(token("ci", ada.pk), "key-0", now()).await?;
    assert_eq!(made, token("ci", ada.pk));
    assert_eq!(tokens.by_key("key-0").await?.as_ref(), Some(&made));
    assert_eq!(tokens.by_identifier("ci").await?.as_ref(), Some(&made));
    assert_eq!(tokens.view_key(made.pk).await?, "key-0");
    let stored = bench.raw("SELECT key_hash || key_sealed FROM tokens").await?.concat();
    assert!(!stored.contains("key-0") && stored.contains("sealed:v1:"));

    tokens.set_key(made.pk, "key-1", now()).await?;
    assert_eq!(tokens.by_key("key-0").await?, None);
    assert_eq!(tokens.view_key(made.pk).await?, "key-1");
    let taken = tokens.create(token("other", ada.pk), "key-1", now()).await;
    assert!(matches!(&taken, Err(StoreError::Unique { field }) if field == "key"), "{taken:?}");
    let mut taken = token("ci", ada.pk);
    taken.pk = id("elsewhere");
    let taken = tokens.create(taken, "key-2", now()).await;
    assert!(matches!(&taken, Err(StoreError::Unique { field }) if field == "identifier"));
    let homeless = tokens.create(token("homeless", 999), "key-3", now()).await;
    assert!(matches!(homeless, Err(StoreError::Dangling)));
    let missing = tokens.view_key(id("nothing")).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "token" })));
    Ok(())
}

pub(crate) async fn lists_and_expiry(bench: &Bench) -> Outcome {
    let (tokens, ada, bob) = (bench.store.tokens(), bench.user("ada").await?, bench.user("bob").await?);
    tokens.create(token("ci", ada.pk), "a", now()).await?;
    let mut lasting = token("lasting", bob.pk);
    lasting.expiring = false;
    lasting.intent = TokenIntent::AppPassword;
    tokens.create(lasting.clone(), "b", now()).await?;
    let total = async |filter: TokenFilter| tokens.list(&filter).await.map(|(_, total)| total);
    let any = TokenFilter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(total(any()).await?, 2);
    assert_eq!(total(TokenFilter { username: text("bob"), ..any() }).await?, 1);
    assert_eq!(total(TokenFilter { user_pk: Some(ada.pk), ..any() }).await?, 1);
    assert_eq!(total(TokenFilter { intent: Some(TokenIntent::Recovery), ..any() }).await?, 0);
    assert_eq!(total(TokenFilter { expiring: Some(false), ..any() }).await?, 1);
    assert_eq!(total(TokenFilter { search: text("100%"), ..any() }).await?, 2);
    assert_eq!(total(TokenFilter { search: text("100_"), ..any() }).await?, 0);
    let expired = tokens.expired(later(60), 10).await?;
    assert_eq!(expired, [token("ci", ada.pk)]);
    assert!(expired[0].is_expired(later(60)) && !expired[0].is_expired(now()));
    assert!(!lasting.is_expired(later(60)));

    let patch = TokenPatch { expires: Some(None), expiring: Some(false), ..TokenPatch::default() };
    let patched = tokens.update(id("ci"), patch, now()).await?;
    assert_eq!((patched.expires, patched.identifier.as_str()), (None, "ci"));
    assert!(tokens.delete(id("ci"), now()).await?);
    assert!(!tokens.delete(id("ci"), now()).await?);
    Ok(())
}

pub(crate) async fn consents_are_renewed_in_place(bench: &Bench) -> Outcome {
    let (consents, ada) = (bench.store.consents(), bench.user("ada").await?);
    let consent = NewConsent {
        user_pk: ada.pk,
        application: id("grafana"),
        permissions: "openid".to_owned(),
        expires: Some(later(60)),
    };
    consents.grant(&consent).await?;
    let found = consents.find(ada.pk, id("grafana"), now()).await?.ok_or("a consent")?;
    assert_eq!(found.permissions, "openid");
    assert_eq!(consents.find(ada.pk, id("grafana"), later(60)).await?, None);
    consents.grant(&NewConsent { permissions: "openid email".to_owned(), ..consent }).await?;
    let filter = ConsentFilter { user_pk: Some(ada.pk), ..ConsentFilter::default() };
    let stored = Consent { permissions: "openid email".to_owned(), ..found };
    assert_eq!(consents.list(&filter).await?, (vec![stored.clone()], 1));
    let wiki = NewConsent { user_pk: ada.pk, application: id("wiki"), permissions: "email".to_owned(), expires: None };
    consents.grant(&wiki).await?;
    let ordered = async |fields: &[(&str, bool)]| -> Result<Vec<uuid::Uuid>, StoreError> {
        let ordering = fields.iter().map(|(field, descending)| ((*field).to_owned(), *descending)).collect();
        let filter = ConsentFilter { ordering, ..ConsentFilter::default() };
        Ok(consents.list(&filter).await?.0.into_iter().map(|consent| consent.application).collect())
    };
    assert_eq!(ordered(&[("permissions", false)]).await?, [id("wiki"), id("grafana")]);
    assert_eq!(ordered(&[("permissions", true)]).await?, [id("grafana"), id("wiki")]);
    assert_eq!(
        ordered(&[("user", true), ("nonsense", false), ("permissions", false)]).await?,
        [id("wiki"), id("grafana")]
    );
    let none = ConsentFilter { applications: Some(Vec::new()), ..ConsentFilter::default() };
    assert_eq!(consents.list(&none).await?, (Vec::new(), 0));
    let one = ConsentFilter { applications: Some(vec![id("wiki")]), ..ConsentFilter::default() };
    let (found, total) = consents.list(&one).await?;
    assert_eq!((found.len(), total), (1, 1));
    assert!(consents.delete(found[0].pk).await?);
    assert_eq!(consents.get(stored.pk).await?, Some(stored.clone()));
    assert_eq!(consents.delete_expired(now(), 100).await?, 0);
    assert!(consents.delete(stored.pk).await?);
    assert!(!consents.delete(stored.pk).await?);
    Ok(())
}
