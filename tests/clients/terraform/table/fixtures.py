"""What resources and data sources refer to."""

FLOWS = {
    "authorization_flow": "@flow:default-provider-authorization-implicit-consent",
    "invalidation_flow": "@flow:default-provider-invalidation-flow",
}

# Objects that resources refer to, in the order in which they are made.
FIXTURES = {
    "group": ("/core/groups/", {"name": "tf-fixture"}),
    "group-two": ("/core/groups/", {"name": "tf-fixture-two"}),
    "role": ("/rbac/roles/", {"name": "tf-fixture"}),
    "user": ("/core/users/", {"username": "tf-fixture", "name": "Fixture", "groups": [], "attributes": {"team": "a"}}),
    "app": ("/core/applications/", {"name": "tf-fixture", "slug": "tf-fixture"}),
    "app-two": ("/core/applications/", {"name": "tf-fixture-two", "slug": "tf-fixture-two"}),
    "flow": (
        "/flows/instances/",
        {"name": "tf-fixture", "slug": "tf-fixture", "title": "Fixture", "designation": "authentication"},
    ),
    "setup": (
        "/flows/instances/",
        {"name": "tf-setup", "slug": "tf-setup", "title": "Setup", "designation": "stage_configuration"},
    ),
    "expression": ("/policies/expression/", {"name": "tf-fixture", "expression": "True"}),
    "stage": ("/stages/dummy/", {"name": "tf-fixture"}),
    "password": (
        "/stages/password/",
        {"name": "tf-fixture-password", "backends": ["authentik.core.auth.InbuiltBackend"]},
    ),
    "captcha": (
        "/stages/captcha/",
        {"name": "tf-fixture-captcha", "public_key": "p", "private_key": "q"},
    ),
    "totp": ("/stages/authenticator/totp/", {"name": "tf-fixture-totp", "digits": "6"}),
    "field": (
        "/stages/prompt/prompts/",
        {"name": "tf-fixture", "field_key": "nick", "label": "Nick", "type": "text"},
    ),
    "scope": (
        "/propertymappings/provider/scope/",
        {"name": "tf-fixture", "scope_name": "tf", "expression": "return #{};"},
    ),
    "oauth2": (
        "/providers/oauth2/",
        {"name": "tf-fixture", "client_id": "tf-fixture", "redirect_uris": [], **FLOWS},
    ),
    "proxy": (
        "/providers/proxy/",
        {"name": "tf-fixture-proxy", "external_host": "https://fixture.example.com", "mode": "forward_single", **FLOWS},
    ),
    "key": ("/crypto/certificatekeypairs/generate/", {"common_name": "tf-fixture", "validity_days": 30}),
    "transport": ("/events/transports/", {"name": "tf-fixture", "mode": "local"}),
    "notification": ("/propertymappings/notification/", {"name": "tf-fixture", "expression": "return #{};"}),
}
