"""Drives the API with the client that openapi-python-client made; see ../README.md."""

import os

from lockgate import AuthenticatedClient
from lockgate.api.core import (
    core_applications_create,
    core_applications_destroy,
    core_applications_partial_update,
    core_applications_retrieve,
    core_groups_create,
    core_groups_destroy,
    core_groups_retrieve,
    core_users_create,
    core_users_destroy,
    core_users_list,
    core_users_me_retrieve,
)
from lockgate.api.flows import flows_instances_retrieve
from lockgate.api.policies import (
    policies_bindings_create,
    policies_bindings_destroy,
    policies_bindings_partial_update,
    policies_bindings_retrieve,
)
from lockgate.api.providers import (
    providers_oauth2_create,
    providers_oauth2_destroy,
    providers_oauth2_partial_update,
    providers_oauth2_retrieve,
)
from lockgate.models import (
    Application,
    ApplicationRequest,
    ClientTypeEnum,
    Flow,
    GenericError,
    Group,
    GroupRequest,
    MatchingModeEnum,
    OAuth2Provider,
    OAuth2ProviderRequest,
    PaginatedUserList,
    PatchedApplicationRequest,
    PatchedOAuth2ProviderRequest,
    PatchedPolicyBindingRequest,
    PolicyBinding,
    PolicyBindingRequest,
    RedirectURIRequest,
    SessionUser,
    User,
    UserRequest,
    ValidationError,
)


def expect(kind, answer):
    """The answer, which has to be of this type."""
    if not isinstance(answer, kind):
        raise AssertionError(f"{kind.__name__} was expected: {answer}")
    return answer


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


def gone(call, *key):
    """Deletes, and answers nothing: neither a body nor an error."""
    answer = call.sync_detailed(*key, client=client)
    same((answer.status_code, answer.content), (204, b""))


address = os.environ["LOCKGATE_URL"] + "/api/v3"
client = AuthenticatedClient(address, os.environ["LOCKGATE_TOKEN"], raise_on_unexpected_status=True)

# Sign in.
stranger = AuthenticatedClient(address, "nobody", raise_on_unexpected_status=True)
expect(GenericError, core_users_me_retrieve.sync(client=stranger))
me = expect(SessionUser, core_users_me_retrieve.sync(client=client))
same(me.user.username, "akadmin")

# Page through users.
made = [
    expect(User, core_users_create.sync(client=client, body=UserRequest(username=f"python-{n}", name=f"Python {n}")))
    for n in range(4)
]
found, page = [], 1
while page:
    users = expect(
        PaginatedUserList,
        core_users_list.sync(client=client, search="python-", ordering="username", page=page, page_size=2),
    )
    same((users.pagination.count, users.pagination.total_pages), (4, 2))
    found += users.results
    page = users.pagination.next_
same([(user.pk, user.uuid, user.last_login) for user in found], [(user.pk, user.uuid, None) for user in made])

# Create a group, and an application with a provider and a binding.
group = expect(Group, core_groups_create.sync(client=client, body=GroupRequest(name="python", users=[made[0].pk])))
implicit = expect(Flow, flows_instances_retrieve.sync("default-provider-authorization-implicit-consent", client=client))
invalidation = expect(Flow, flows_instances_retrieve.sync("default-provider-invalidation-flow", client=client))
provider = expect(
    OAuth2Provider,
    providers_oauth2_create.sync(
        client=client,
        body=OAuth2ProviderRequest(
            name="python",
            authorization_flow=implicit.pk,
            invalidation_flow=invalidation.pk,
            redirect_uris=[RedirectURIRequest(MatchingModeEnum.STRICT, "https://app.example.com/callback")],
        ),
    ),
)
same(provider.client_type, ClientTypeEnum.CONFIDENTIAL)
application = expect(
    Application,
    core_applications_create.sync(
        client=client,
        body=ApplicationRequest("Python", "python", provider=provider.pk, meta_publisher="Somebody"),
    ),
)
binding = expect(
    PolicyBinding,
    policies_bindings_create.sync(client=client, body=PolicyBindingRequest(application.pk, 0, group=group.pk)),
)

# Change them.
change = PatchedOAuth2ProviderRequest(client_type=ClientTypeEnum.PUBLIC)
expect(OAuth2Provider, providers_oauth2_partial_update.sync(provider.pk, client=client, body=change))
change = PatchedApplicationRequest(meta_description="Changed.")
expect(Application, core_applications_partial_update.sync("python", client=client, body=change))
change = PatchedPolicyBindingRequest(order=7)
expect(PolicyBinding, policies_bindings_partial_update.sync(binding.pk, client=client, body=change))

# Read them back; what was not changed is as it was.
secret = provider.client_secret
provider = expect(OAuth2Provider, providers_oauth2_retrieve.sync(provider.pk, client=client))
same((provider.client_type, provider.assigned_application_slug), (ClientTypeEnum.PUBLIC, "python"))
same((provider.client_secret, provider.redirect_uris[0].url), (secret, "https://app.example.com/callback"))
application = expect(Application, core_applications_retrieve.sync("python", client=client))
same((application.meta_description, application.meta_publisher), ("Changed.", "Somebody"))
same(application.provider_obj.pk, provider.pk)
binding = expect(PolicyBinding, policies_bindings_retrieve.sync(binding.pk, client=client))
same((binding.order, binding.target, binding.group_obj.name), (7, application.pk, "python"))
group = expect(Group, core_groups_retrieve.sync(group.pk, client=client))
same([user.username for user in group.users_obj], ["python-0"])

# Errors are values: about the body as a whole, and about a field.
body = PolicyBindingRequest(application.pk, 0)
error = expect(ValidationError, policies_bindings_create.sync(client=client, body=body))
same(error.non_field_errors, ["Exactly one of 'policy', 'group' and 'user' must be set."])
body = ApplicationRequest("", "python-2", provider=provider.pk)
error = expect(ValidationError, core_applications_create.sync(client=client, body=body))
same(error["name"], ["This field may not be blank."])

# Delete them.
gone(policies_bindings_destroy, binding.pk)
gone(core_applications_destroy, "python")
gone(providers_oauth2_destroy, provider.pk)
gone(core_groups_destroy, group.pk)
for user in made:
    gone(core_users_destroy, user.pk)
expect(GenericError, core_groups_retrieve.sync(group.pk, client=client))

print("python: done")
