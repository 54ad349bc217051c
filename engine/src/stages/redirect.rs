//! Leads elsewhere: to an address that the configuration names, or on to another flow.

use crate::{
    compiled::RedirectTarget,
    context::Context,
    next::safe_next,
    run::{End, Entered, Failure, Run},
    step::Outcome,
};

pub(super) fn enter(run: &mut Run<'_>, target: &RedirectTarget) -> Result<Entered, Failure> {
    match target {
        RedirectTarget::Address(address) => {
            // `//host` in the configuration was surely meant as a path.
            if address.starts_with('/') && safe_next(address).is_none() {
                return Err(Failure(format!("\"{address}\" is not a path on this host")));
            }
            Ok(Entered::End(End::Redirect(address.clone())))
        }
        RedirectTarget::Flow { id, slug, keep_context } => {
            let kept = if *keep_context { run.plan.context.clone() } else { Context::default() };
            let context = Context { is_redirected: true, consent_token: None, ..kept };
            let to = run.page_of(slug);
            Ok(Entered::End(End::Switch(Box::new(Outcome::Switch {
                query: to.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
                to,
                flow: *id,
                slug: slug.clone(),
                context: Box::new(context),
            }))))
        }
    }
}
