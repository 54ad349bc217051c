//! Drives the API with the client that OpenAPI Generator made; see ../../README.md.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt::Debug;

use lockgate::apis::configuration::Configuration;
use lockgate::apis::{Api, ApiClient, Error, core_api::*, flows_api::*, policies_api::*, providers_api::*};
use lockgate::models::{
    ApplicationRequest, ClientTypeEnum, GenericError, GroupRequest, MatchingModeEnum, OAuth2ProviderRequest,
    PatchedApplicationRequest, PatchedOAuth2ProviderRequest, PatchedPolicyBindingRequest, PolicyBindingRequest,
    RedirectUriRequest, UserRequest,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let base_path = std::env::var("LOCKGATE_URL")? + "/api/v3";
    let client_of = |token: &str| {
        let bearer_access_token = Some(token.to_owned());
        ApiClient::new(
            Configuration { base_path: base_path.clone(), bearer_access_token, ..Configuration::new() }.into(),
        )
    };
    let (client, stranger) = (client_of(&std::env::var("LOCKGATE_TOKEN")?), client_of("nobody"));
    let (core, flows, policies, providers) =
        (client.core_api(), client.flows_api(), client.policies_api(), client.providers_api());

    // Sign in.
    let (status, _, text) = refused(stranger.core_api().core_users_me_retrieve().await);
    let error: GenericError = serde_json::from_str(&text)?;
    assert!(status == 403 && !error.detail.is_empty(), "{status}: {error:?}");
    assert_eq!(good(core.core_users_me_retrieve().await).user.username, "akadmin");

    // Page through users.
    let mut made = Vec::new();
    for n in 0..4 {
        let body = UserRequest::new(format!("rust-{n}"), format!("Rust {n}"));
        let params = CoreUsersCreateParams::builder().user_request(body).build();
        made.push(good(core.core_users_create(params).await));
    }
    let (mut found, mut page) = (Vec::new(), 1);
    while page != 0 {
        let params = CoreUsersListParams::builder().search("rust-".to_owned()).ordering("username".to_owned());
        let users = good(core.core_users_list(params.page(page).page_size(2).build()).await);
        assert_eq!((users.pagination.count, users.pagination.total_pages), (4, 2));
        found.extend(users.results);
        page = users.pagination.next;
    }
    assert_eq!(found, made);

    // Create a group, and an application with a provider and a binding.
    let body = GroupRequest { users: Some(vec![made[0].pk]), ..GroupRequest::new("rust".to_owned()) };
    let group = good(core.core_groups_create(CoreGroupsCreateParams::builder().group_request(body).build()).await);
    let flow = async |slug: &str| {
        let params = FlowsInstancesRetrieveParams::builder().slug(slug.to_owned()).build();
        good(flows.flows_instances_retrieve(params).await).pk
    };
    let body = OAuth2ProviderRequest::new(
        "rust".to_owned(),
        flow("default-provider-authorization-implicit-consent").await,
        flow("default-provider-invalidation-flow").await,
        vec![RedirectUriRequest::new(MatchingModeEnum::Strict, "https://app.example.com/callback".to_owned())],
    );
    let params = ProvidersOauth2CreateParams::builder().o_auth2_provider_request(body).build();
    let provider = good(providers.providers_oauth2_create(params).await);
    assert_eq!(provider.client_type, ClientTypeEnum::Confidential);
    let body = ApplicationRequest {
        provider: Some(Some(provider.pk)),
        meta_publisher: Some("Somebody".to_owned()),
        ..ApplicationRequest::new("Rust".to_owned(), "rust".to_owned())
    };
    let params = CoreApplicationsCreateParams::builder().application_request(body).build();
    let application = good(core.core_applications_create(params).await);
    let unbound = PolicyBindingRequest::new(application.pk, 0);
    let body = PolicyBindingRequest { group: Some(Some(group.pk)), ..unbound.clone() };
    let params = PoliciesBindingsCreateParams::builder().policy_binding_request(body).build();
    let binding = good(policies.policies_bindings_create(params).await);

    // Change them.
    let body = PatchedOAuth2ProviderRequest {
        client_type: Some(ClientTypeEnum::Public),
        ..PatchedOAuth2ProviderRequest::new()
    };
    let params = ProvidersOauth2PartialUpdateParams::builder().id(provider.pk).patched_o_auth2_provider_request(body);
    good(providers.providers_oauth2_partial_update(params.build()).await);
    let body =
        PatchedApplicationRequest { meta_description: Some("Changed.".to_owned()), ..PatchedApplicationRequest::new() };
    let params =
        CoreApplicationsPartialUpdateParams::builder().slug("rust".to_owned()).patched_application_request(body);
    good(core.core_applications_partial_update(params.build()).await);
    let body = PatchedPolicyBindingRequest { order: Some(7), ..PatchedPolicyBindingRequest::new() };
    let params = PoliciesBindingsPartialUpdateParams::builder().policy_binding_uuid(binding.pk.to_string());
    good(policies.policies_bindings_partial_update(params.patched_policy_binding_request(body).build()).await);

    // Read them back; what was not changed is as it was.
    let params = ProvidersOauth2RetrieveParams::builder().id(provider.pk).build();
    let changed = good(providers.providers_oauth2_retrieve(params).await);
    assert_eq!(changed.client_type, ClientTypeEnum::Public);
    assert_eq!(changed.assigned_application_slug.as_deref(), Some("rust"));
    assert_eq!(changed.client_secret, provider.client_secret);
    assert_eq!(changed.redirect_uris[0].url, "https://app.example.com/callback");
    let params = CoreApplicationsRetrieveParams::builder().slug("rust".to_owned()).build();
    let changed = good(core.core_applications_retrieve(params).await);
    assert_eq!((&*changed.meta_description, &*changed.meta_publisher), ("Changed.", "Somebody"));
    assert_eq!(changed.provider_obj.map(|shown| shown.pk), Some(provider.pk));
    let params = PoliciesBindingsRetrieveParams::builder().policy_binding_uuid(binding.pk.to_string()).build();
    let changed = good(policies.policies_bindings_retrieve(params).await);
    assert_eq!((changed.order, changed.target), (7, application.pk));
    assert_eq!(changed.group_obj.map(|shown| shown.name).as_deref(), Some("rust"));
    let read = CoreGroupsRetrieveParams::builder().group_uuid(group.pk.to_string()).build();
    let members = good(core.core_groups_retrieve(read.clone()).await).users_obj.unwrap_or_default();
    assert_eq!(members[0].username, "rust-0");

    // Errors are values. About the body as a whole:
    let params = PoliciesBindingsCreateParams::builder().policy_binding_request(unbound).build();
    let (status, error, _) = refused(policies.policies_bindings_create(params).await);
    let PoliciesBindingsCreateError::Status400(wrong) = error else { panic!("{status}: {error:?}") };
    let told = "Exactly one of 'policy', 'group' and 'user' must be set.".to_owned();
    assert_eq!((status, wrong.non_field_errors), (400, Some(vec![told])));
    // About a field; this generator leaves out members that have no name of their own.
    let body = ApplicationRequest::new(String::new(), "rust-2".to_owned());
    let params = CoreApplicationsCreateParams::builder().application_request(body).build();
    let (status, error, text) = refused(core.core_applications_create(params).await);
    assert!(status == 400 && matches!(error, CoreApplicationsCreateError::Status400(_)), "{status}: {error:?}");
    let fields: BTreeMap<String, Vec<String>> = serde_json::from_str(&text)?;
    assert_eq!(fields["name"], ["This field may not be blank."]);

    // Delete them.
    let params = PoliciesBindingsDestroyParams::builder().policy_binding_uuid(binding.pk.to_string()).build();
    good(policies.policies_bindings_destroy(params).await);
    let params = CoreApplicationsDestroyParams::builder().slug("rust".to_owned()).build();
    good(core.core_applications_destroy(params).await);
    let params = ProvidersOauth2DestroyParams::builder().id(provider.pk).build();
    good(providers.providers_oauth2_destroy(params).await);
    let params = CoreGroupsDestroyParams::builder().group_uuid(group.pk.to_string()).build();
    good(core.core_groups_destroy(params).await);
    for user in made {
        let params = CoreUsersDestroyParams::builder().id(user.pk.try_into()?).build();
        good(core.core_users_destroy(params).await);
    }
    assert_eq!(refused(core.core_groups_retrieve(read).await).0, 404);

    println!("rust: done");
    Ok(())
}

/// What was answered, which has to be no error.
#[track_caller]
fn good<T, E: Debug>(answer: Result<T, Error<E>>) -> T {
    answer.unwrap_or_else(|error| panic!("{error:?}"))
}

/// The error that was answered: status, value and text. The generator's values go by the members and not by the status,
/// and a `ValidationError` has none that is required: an error with another status has to be read from the text.
#[track_caller]
fn refused<T: Debug, E: Debug>(answer: Result<T, Error<E>>) -> (u16, E, String) {
    match answer {
        Err(Error::ResponseError(told)) => {
            let entity = told.entity.expect("an error that is described");
            (told.status.as_u16(), entity, told.content)
        }
        other => panic!("no error was answered: {other:?}"),
    }
}
