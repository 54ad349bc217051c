//! What every page of the portal has around its content, and who may see a page at all.

use super::{Done, Trouble};
use crate::{
    acting,
    administers::{ADMIN, may_administer},
    flow,
    pages::{
        BrandView, Denial, Person,
        portal::{Frame, PortalNotice, Section},
    },
    visit::{Failure, SignedIn, Visit},
};
use axum::response::Response;
use lockgate_identity::{runner::recovery_key::is_recovered, sessions};
use lockgate_model::{UserType, kinds::PasswordStage};
use lockgate_texts::Language;

/// Somebody who may see the pages of the portal, and the looks of those.
pub(super) struct Guest {
    pub(super) who: SignedIn,
    pub(super) brand: BrandView,
}

impl Guest {
    /// The language of the pages.
    pub(super) fn t(&self) -> Language {
        self.brand.t
    }
}

/// Who comes to a page of the portal, or what to answer instead.
pub(super) async fn guest(visit: &Visit) -> Result<Guest, Trouble> {
    let Some(who) = visit.signed_in().await? else { return Err(Trouble::Instead(visit.to_login())) };
    if who.principal().user.user_type == UserType::External {
        return Err(Trouble::Instead(for_external(visit, &who)));
    }
    Ok(of(visit, who))
}

/// The same for somebody who is known.
pub(super) fn of(visit: &Visit, who: SignedIn) -> Guest {
    Guest { brand: visit.brand_for(&who), who }
}

/// People from outside have no portal: they go to the brand's application, if it has one. Not by a
/// redirect, since they may come from a form.
fn for_external(visit: &Visit, signed_in: &SignedIn) -> Response {
    let brand = visit.snapshot.brand(&visit.client.host).map(|(_, brand)| brand);
    let app = brand.and_then(|brand| visit.snapshot.app_by_id(brand.default_application?.0));
    if let Some(app) = app {
        return flow::leave(visit, &format!("/application/launch/{}/", app.application.slug));
    }
    let denial = Denial {
        reason: Some(visit.language(Some(signed_in)).only_applications().into_owned()),
        switch_url: Some("/flows/-/default/invalidation/".to_owned()),
        ..Denial::default()
    };
    visit.pages_for(signed_in).denied(&visit.client.host, Some(&signed_in.principal().user.username), denial)
}

/// What is around a page.
pub(super) async fn frame(visit: &Visit, guest: &Guest, section: Section) -> Result<Frame, Failure> {
    let user = &guest.who.principal().user;
    Ok(Frame {
        person: Person { name: user.username.clone(), avatar_url: None },
        display_name: user.name.clone(),
        section,
        notice: notice(visit, &guest.who).await?,
        csrf: visit.token.as_deref().map(sessions::csrf_token).unwrap_or_default(),
        done: Done::asked(&visit.query, guest.t()),
        problem: None,
        password_url: password_flow(visit).map(|slug| back_to(&format!("/if/flow/{slug}/"), section)),
        admin_url: may_administer(visit, &guest.who).then(|| ADMIN.to_owned()),
        sign_out_url: "/flows/-/default/invalidation/".to_owned(),
    })
}

/// A flow that leads back to a page when it is over.
pub(super) fn back_to(flow: &str, section: Section) -> String {
    crate::visit::with_next(flow, section.url())
}

async fn notice(visit: &Visit, signed_in: &SignedIn) -> Result<Option<PortalNotice>, Failure> {
    let session = &signed_in.session;
    if let Some(original) = session.original_pk {
        let who = visit.identity.principals.get(original).await?;
        let original = who.map(|who| who.principal().user.username.clone()).unwrap_or_default();
        return Ok(Some(PortalNotice::Acting { original, action_url: acting::END }));
    }
    Ok(is_recovered(session, &signed_in.principal().user, visit.identity.clock.now())
        .then_some(PortalNotice::Recovered))
}

/// The flow in which people change their password, as the password stage names it.
fn password_flow(visit: &Visit) -> Option<String> {
    let stages = visit.snapshot.objects.all::<PasswordStage>();
    stages.iter().find_map(|(stage, _)| flow::ways::configure_flow(&visit.snapshot, stage.document.id))
}
