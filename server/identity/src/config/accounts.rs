//! Service accounts that a folder declares: what the store makes of them, and what stands in their way.

use lockgate_flows::{Diagnostic, Loaded, Span};
use lockgate_model::{Document, Kind as _, UserType, kind, kinds::ServiceAccount};
use lockgate_store::{Case, DeclaredAccount, Store, StoreError};
use std::collections::HashMap;

/// The account that a document declares; `None` for a document of another kind.
pub(crate) fn of(document: &Document) -> Option<DeclaredAccount> {
    let account = parsed(document)?;
    Some(DeclaredAccount {
        id: document.id,
        name: account.display_name().to_owned(),
        username: account.username,
        is_active: account.is_active,
        groups: account.groups.iter().map(|group| group.0).collect(),
        attributes: account.attributes,
        token: account.token,
    })
}

fn parsed(document: &Document) -> Option<ServiceAccount> {
    let kind = kind::by_name(&document.kind).filter(|_| document.kind == ServiceAccount::META.kind)?;
    kind.parse(&document.body).ok()?.as_any().downcast_ref::<ServiceAccount>().cloned()
}

/// Accounts of one folder that would be one user, or whose tokens would be one.
pub(super) fn twice(loaded: &Loaded) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (mut names, mut tokens) = (HashMap::new(), HashMap::new());
    for (document, account) in accounts(loaded) {
        if let Some(first) = names.insert(account.username.to_lowercase(), &document.name) {
            let message = format!("the service accounts \"{first}\" and \"{}\" are the same name", document.name);
            found.push(at(loaded, document, "/username", message).hint("user names differ in more than case"));
        }
        let first = (!account.token.is_empty()).then(|| tokens.insert(account.token, &document.name)).flatten();
        if let Some(first) = first {
            let message = format!("the service accounts \"{first}\" and \"{}\" have the same token", document.name);
            found.push(at(loaded, document, "/token", message).hint("give each a token of its own"));
        }
    }
    found
}

/// Names and tokens that are somebody else's already.
pub(super) async fn taken(loaded: &Loaded, store: &Store) -> Result<Vec<Diagnostic>, StoreError> {
    let mut found = Vec::new();
    for (document, account) in accounts(loaded) {
        let user = store.users().by_username(&account.username, Case::Fold).await?;
        let user = user.filter(|user| user.uuid != document.id && user.user_type != UserType::ServiceAccount);
        if let Some(user) = user {
            let message = format!("the user \"{}\" is there already, and is no service account", user.username);
            let hint = "choose another name, or delete or rename that user first";
            found.push(at(loaded, document, "/username", message).hint(hint));
        }
        if account.token.is_empty() {
            continue;
        }
        if store.tokens().by_key(&account.token).await?.is_some_and(|token| token.pk != document.id) {
            let message = format!("the token of the service account \"{}\" is another token's key", document.name);
            found.push(at(loaded, document, "/token", message).hint("make a new one"));
        }
    }
    Ok(found)
}

fn accounts(loaded: &Loaded) -> impl Iterator<Item = (&Document, ServiceAccount)> {
    loaded.documents.iter().filter_map(|document| Some((document, parsed(document)?)))
}

fn at(loaded: &Loaded, document: &Document, pointer: &str, message: String) -> Diagnostic {
    let span = loaded.spans.get(document.id, pointer).cloned().unwrap_or_else(|| Span::whole(&document.name));
    Diagnostic::error("taken", &span, message)
}
