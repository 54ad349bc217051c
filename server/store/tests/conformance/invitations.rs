//! Invitations and authenticators.

use lockgate_store::{
    AuthenticatorFilter, AuthenticatorKind, Invitation, InvitationFilter, InvitationPatch, NewAuthenticator, NewProof,
    NewUser, StoreError,
};
use serde_json::json;

use crate::bench::{Bench, Outcome, id, later, new_user, now, object};

fn invitation(name: &str, created_by: i64) -> Invitation {
    Invitation {
        pk: id(name),
        name: name.to_owned(),
        fixed_data: object(json!({"email": "a@example.com", "attributes": {"b": [1]}})),
        single_use: true,
        expires: Some(later(60)),
        flow: None,
        created_by,
        created: now(),
    }
}

pub(crate) async fn an_invitation_is_used_up_with_the_account_it_makes(bench: &Bench) -> Outcome {
    let (invitations, ada) = (bench.store.invitations(), bench.user("ada").await?);
    let made = invitations.create(invitation("one", ada.pk)).await?;
    assert_eq!(made, invitation("one", ada.pk));
    assert_eq!(invitations.get(made.pk).await?.as_ref(), Some(&made));

    // A name that is taken uses nothing up.
    let taken = invitations.enroll(made.pk, NewUser { uuid: id("x"), ..new_user("ADA") }, now()).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "{taken:?}");
    let (bob, carol) = tokio::join!(
        invitations.enroll(made.pk, new_user("bob"), now()),
        invitations.enroll(made.pk, new_user("carol"), now()),
    );
    let late = match (bob, carol) {
        (Ok(_), Err(late)) | (Err(late), Ok(_)) => late,
        both => return Err(format!("one of two: {both:?}").into()),
    };
    assert!(matches!(late, StoreError::NotFound { what: "invitation" }), "{late:?}");
    assert_eq!(invitations.get(made.pk).await?, None);
    assert!(!invitations.delete(made.pk).await?);

    let homeless = invitations.create(invitation("homeless", 999)).await;
    assert!(matches!(homeless, Err(StoreError::Dangling)), "{homeless:?}");
    let nowhere = Invitation { flow: Some(id("nowhere")), ..invitation("nowhere", ada.pk) };
    assert!(matches!(invitations.create(nowhere).await, Err(StoreError::Dangling)));
    Ok(())
}

pub(crate) async fn invitations_are_listed_changed_and_swept(bench: &Bench) -> Outcome {
    let (invitations, ada, bob) = (bench.store.invitations(), bench.user("ada").await?, bench.user("bob").await?);
    invitations.create(invitation("first", ada.pk)).await?;
    let lasting = Invitation { expires: None, single_use: false, ..invitation("second_%", bob.pk) };
    invitations.create(lasting).await?;
    let names = async |filter: InvitationFilter| {
        let (found, total) = invitations.list(&filter).await?;
        assert_eq!(found.len() as u64, total);
        Ok::<_, StoreError>(found.into_iter().map(|found| found.name).collect::<Vec<_>>())
    };
    let any = InvitationFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let by = |field: &str, descending| vec![(field.to_owned(), descending)];
    assert_eq!(names(InvitationFilter { ordering: by("name", false), ..any() }).await?, ["first", "second_%"]);
    assert_eq!(names(InvitationFilter { ordering: by("name", true), ..any() }).await?, ["second_%", "first"]);
    assert_eq!(names(InvitationFilter { name: text("first"), ..any() }).await?, ["first"]);
    assert_eq!(names(InvitationFilter { username: text("bob"), ..any() }).await?, ["second_%"]);
    assert_eq!(names(InvitationFilter { username: text("nobody"), ..any() }).await?, [""; 0]);
    assert_eq!(names(InvitationFilter { created_by: Some(ada.pk), ..any() }).await?, ["first"]);
    assert_eq!(names(InvitationFilter { expires: Some(later(60)), ..any() }).await?, ["first"]);
    assert_eq!(names(InvitationFilter { flows: Some(Vec::new()), ..any() }).await?, [""; 0]);
    assert_eq!(names(InvitationFilter { search: text("OND_%"), ..any() }).await?, ["second_%"]);
    assert_eq!(names(InvitationFilter { search: text("ada"), ..any() }).await?, ["first"], "by who invites");

    let patch =
        InvitationPatch { name: text("third"), expires: Some(None), single_use: Some(false), ..Default::default() };
    let changed = invitations.update(id("first"), patch).await?;
    assert_eq!((changed.name.as_str(), changed.expires, changed.single_use), ("third", None, false));
    assert_eq!(changed.fixed_data, invitation("first", ada.pk).fixed_data);
    let missing = invitations.update(id("nothing"), InvitationPatch::default()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "invitation" })));

    invitations.create(invitation("brief", ada.pk)).await?;
    assert_eq!(invitations.delete_expired(later(59), 10).await?, 0);
    assert_eq!(invitations.delete_expired(later(60), 10).await?, 1);
    // Who invited takes the invitations along.
    bench.store.users().delete(bob.pk, now()).await?;
    assert_eq!(names(any()).await?, ["third"]);
    Ok(())
}

pub(crate) async fn authenticators_are_listed_renamed_and_go_with_their_owner(bench: &Bench) -> Outcome {
    let (authenticators, ada, bob) = (bench.store.authenticators(), bench.user("ada").await?, bench.user("bob").await?);
    let new = |kind, user_pk, name: &str| NewAuthenticator {
        kind,
        user_pk,
        name: name.to_owned(),
        confirmed: true,
        details: object(json!({"phone_number": "+491"})),
        proof: NewProof::None,
    };
    let phone = authenticators.create(new(AuthenticatorKind::Sms, ada.pk, "Phone"), now()).await?;
    assert_eq!((phone.created, phone.last_used), (now(), None));
    assert_eq!(authenticators.get(AuthenticatorKind::Sms, phone.pk).await?.as_ref(), Some(&phone));
    assert_eq!(authenticators.get(AuthenticatorKind::Totp, phone.pk).await?, None, "of another sort");
    authenticators.create(new(AuthenticatorKind::Totp, ada.pk, "App"), now()).await?;
    authenticators.create(new(AuthenticatorKind::Totp, bob.pk, "app_%"), now()).await?;
    let names = async |filter: AuthenticatorFilter| {
        let (found, total) = authenticators.list(&filter).await?;
        assert_eq!(found.len() as u64, total);
        Ok::<_, StoreError>(found.into_iter().map(|found| found.name).collect::<Vec<_>>())
    };
    let any = AuthenticatorFilter::default;
    assert_eq!(names(AuthenticatorFilter { user_pk: Some(ada.pk), ..any() }).await?, ["App", "Phone"]);
    assert_eq!(names(AuthenticatorFilter { kind: Some(AuthenticatorKind::Sms), ..any() }).await?, ["Phone"]);
    assert_eq!(names(AuthenticatorFilter { name: Some("App".to_owned()), ..any() }).await?, ["App"]);
    assert_eq!(names(AuthenticatorFilter { search: Some("P_%".to_owned()), ..any() }).await?, ["app_%"]);
    let ordering = vec![("pk".to_owned(), true)];
    assert_eq!(names(AuthenticatorFilter { ordering, ..any() }).await?, ["app_%", "App", "Phone"]);

    let renamed = authenticators.rename(phone.pk, "Old phone", later(1)).await?;
    assert_eq!((renamed.name.as_str(), renamed.last_updated), ("Old phone", later(1)));
    let missing = authenticators.rename(999, "x", now()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "authenticator" })));
    let homeless = authenticators.create(new(AuthenticatorKind::Duo, 999, "x"), now()).await;
    assert!(matches!(homeless, Err(StoreError::Dangling)), "{homeless:?}");
    assert!(authenticators.delete(phone.pk).await? && !authenticators.delete(phone.pk).await?);
    bench.store.users().delete(ada.pk, now()).await?;
    assert_eq!(names(any()).await?, ["app_%"]);
    Ok(())
}
