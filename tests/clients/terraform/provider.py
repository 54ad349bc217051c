"""Does to a server what Terraform does through the provider for authentik, row by row of the table.

Usage: provider.py ADDRESS TOKEN [RESOURCE…]

Each resource is made, read, changed by a full PUT, planned again without a difference, changed back, imported by its
id and destroyed. What does not come back as it was sent would be a difference in every plan from then on, or an
"inconsistent result after apply". Ends with 1 and a line for each fault.
"""

import datetime
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import table

FAULTS = []


class Api:
    """The API as the provider's client calls it."""

    def __init__(self, address, token):
        self.base = address.rstrip("/") + "/api/v3"
        self.token = token
        self.made = Made()

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())

    def must(self, method, path, body=None, status=200):
        got, answer = self.ask(method, path, body)
        if got != status:
            raise Fault(f"{method} {path} {json.dumps(body)}: {got} instead of {status}: {json.dumps(answer)[:400]}")
        return answer

    def find(self, path, query):
        # Go's client repeats a parameter that has several values.
        return self.must("GET", f"{path}?{urllib.parse.urlencode(query, doseq=True)}")["results"]

    def resolved(self, value):
        """The value with the keys of the objects that it names."""
        if isinstance(value, dict):
            return {name: self.resolved(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.resolved(inner) for inner in value]
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        kind, _, name = value[1:].partition(":")
        if kind == "made":
            name, _, member = name.partition(".")
            thing = self.made[name]
            return thing[member] if member else key_of(thing)
        if kind == "outpost-settings":
            return self.must("GET", "/outposts/instances/default_settings/")["config"]
        path, query = {
            "flow": ("/flows/instances/", {"slug": name}),
            "scope": ("/propertymappings/provider/scope/", {"managed": name}),
            "permission": ("/rbac/permissions/", {"codename": name}),
        }[kind]
        found = self.find(path, query)
        if not found:
            raise Fault(f"nothing is found by {path} {query}")
        return key_of(found[0])


class Fault(Exception):
    pass


class Made(dict):
    """The objects of table.FIXTURES as far as they could be made."""

    def __missing__(self, name):
        raise Fault(f"the object {name} could not be made")


def parsed(content):
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")


def key_of(thing):
    for name in ("pk", "brand_uuid", "pbm_uuid", "uuid", "id"):
        if name in thing:
            return thing[name]
    raise Fault(f"an object without a key: {thing}")


def member(thing, path):
    for name in path.split("."):
        if not isinstance(thing, dict) or name not in thing:
            raise Fault(f"the answer has no {path}: {json.dumps(thing)[:300]}")
        thing = thing[name]
    return thing


def part_of(sent, got):
    """Whether what was sent is in what is there, member by member."""
    if isinstance(sent, dict) and isinstance(got, dict):
        return all(name in got and part_of(value, got[name]) for name, value in sent.items())
    if isinstance(sent, list) and isinstance(got, list):
        if all(isinstance(value, dict) for value in sent + got):
            return len(sent) == len(got) and all(part_of(a, b) for a, b in zip(sent, got))
        return all(value in got for value in sent)
    return sent == got


def instant(text):
    return None if text is None else datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def compare(row, sent, got, when):
    """Every value that was sent is read back, as the provider compares them."""
    for name, value in sent.items():
        if name in row.get("hidden", []):
            continue
        there = member(got, row.get("read_as", {}).get(name, name))
        if name in row.get("empty_is_null", []) and value == "":
            same = there is None
        elif name in row.get("instants", []):
            same = instant(value) == instant(there)
        elif name in row.get("part_of", []):
            same = part_of(value, there)
        elif isinstance(value, list) and name not in row.get("ordered", []) and isinstance(there, list):
            same = sorted(map(json.dumps, value)) == sorted(map(json.dumps, there))
        else:
            same = value == there and isinstance(value, bool) == isinstance(there, bool)
        if not same:
            raise Fault(f"{when}: {name} was sent as {json.dumps(value)} and is read as {json.dumps(there)}")
    for name in row.get("reads", []):
        member(got, name)


def steady(before, after, when):
    """Nothing moved but the clock."""
    moving = {"last_updated", "last_applied", "etag", "last_login"}
    for name in sorted(set(before) | set(after)):
        if name not in moving and before.get(name) != after.get(name):
            raise Fault(f"{when}: {name} went from {json.dumps(before.get(name))} to {json.dumps(after.get(name))}")


def live(api, row):
    """The life of one resource."""
    path, query = row["path"], row.get("query", "")

    def address(thing):
        return f"{path}{urllib.parse.quote(str(thing[row['id']]), safe='')}/"

    create, update = api.resolved(row["create"]), api.resolved(row["update"])
    thing = api.must("POST", path, create, 201)
    compare(row, create, thing, "the answer to POST")
    read = api.must("GET", address(thing) + query)
    compare(row, create, read, "after POST")
    steady(read, api.must("GET", address(thing) + query), "a second read")

    for body, name in ((update, "every argument"), (create, "the required arguments")):
        thing = api.must("PUT", address(thing), body)
        compare(row, body, thing, f"the answer to PUT with {name}")
        read = api.must("GET", address(thing) + query)
        compare(row, body, read, f"after PUT with {name}")
        if read[row["id"]] != thing[row["id"]]:
            raise Fault(f"the id is read as {read[row['id']]} and was {thing[row['id']]}")
        # Applied again without a change, as `terraform apply -replace` and drift repair do.
        thing = api.must("PUT", address(thing), body)
        steady(read, api.must("GET", address(thing) + query), f"the same PUT with {name}")

    # `terraform import` knows the id alone.
    compare(row, create, api.must("GET", address(thing) + query), "after import")
    api.must("DELETE", address(thing), None, 204)
    for method in ("GET", "DELETE"):
        status, answer = api.ask(method, address(thing))
        if status != 404:
            raise Fault(f"{method} of what was deleted: {status} instead of 404: {json.dumps(answer)[:200]}")


def settings(api):
    """authentik_system_settings: there is one object; it is never made and never deleted."""
    row = {"reads": ["flags.core_default_app_access", "flags.flows_refresh_others"], "part_of": ["flags"]}
    before = api.must("GET", "/admin/settings/")
    first = {
        "avatars": "gravatar,initials",
        "default_user_change_name": True,
        "default_user_change_email": False,
        "default_user_change_username": False,
        "event_retention": "days=365",
        "footer_links": [],
        "gdpr_compliance": True,
        "impersonation": True,
        "default_token_duration": "minutes=30",
        "default_token_length": 60,
        "reputation_lower_limit": -5,
        "reputation_upper_limit": 5,
        "pagination_default_page_size": 20,
        "pagination_max_page_size": 100,
        "flags": before["flags"],
    }
    second = first | {
        "avatars": "initials",
        "default_user_change_email": True,
        "event_retention": "days=90",
        "footer_links": [{"name": "Imprint", "href": "https://example.com/imprint"}],
        "impersonation": False,
        "default_token_duration": "days=2",
        "default_token_length": 80,
        "reputation_lower_limit": -9,
        "reputation_upper_limit": 9,
        "pagination_default_page_size": 30,
    }
    for body in (first, second, second, first):
        compare(row, body, api.must("PUT", "/admin/settings/", body), "the answer to PUT")
        compare(row, body, api.must("GET", "/admin/settings/"), "after PUT")
    api.must("PUT", "/admin/settings/", {name: before[name] for name in first})


def permissions(api):
    """authentik_rbac_permission_role: given, found in the list, taken."""
    role = key_of(api.made["role"])
    app = key_of(api.made["app"])
    for codename, model, object_id in (
        ("authentik_core.view_user", None, None),
        ("authentik_core.view_application", "authentik_core.application", app),
    ):
        body = {"permissions": [codename]}
        if model:
            body |= {"model": model, "object_pk": object_id}
        given = api.must("POST", f"/rbac/permissions/assigned_by_roles/{role}/assign/", body)
        if len(given) != 1 or not str(given[0]["id"]).isdigit():
            raise Fault(f"assign answers {json.dumps(given)} instead of one object with a numeric id as text")
        if object_id:
            found = api.find("/rbac/permissions/roles/", {"uuid": role})
            mine = [one for one in found if one["id"] == int(given[0]["id"])]
            if len(mine) != 1 or mine[0]["object_pk"] != object_id:
                raise Fault(f"permission {given[0]['id']} is not in the list of the role: {json.dumps(found)[:300]}")
        else:
            found = api.find("/rbac/permissions/", {"role": role})
        names = [f"{one['app_label']}.{one['codename']}" for one in found]
        if codename not in names:
            raise Fault(f"{codename} is not listed for the role: {names[:10]}")
        api.must("PATCH", f"/rbac/permissions/assigned_by_roles/{role}/unassign/", body, 204)
        list_ = "/rbac/permissions/roles/" if object_id else "/rbac/permissions/"
        left = api.find(list_, {"uuid": role} if object_id else {"role": role})
        if codename in [f"{one['app_label']}.{one['codename']}" for one in left]:
            raise Fault(f"{codename} is still listed for the role")


def attachment(api):
    """authentik_outpost_provider_attachment: the list of an outpost, changed by PATCH."""
    outpost = api.find("/outposts/instances/", {"name__iexact": "authentik Embedded Outpost"})[0]
    address = f"/outposts/instances/{outpost['pk']}/"
    proxy = key_of(api.made["proxy"])
    before = api.must("GET", address)["providers"]
    for providers in (sorted({*before, proxy}), before):
        api.must("PATCH", address, {"providers": providers})
        after = api.must("GET", address)["providers"]
        if sorted(after) != sorted(providers):
            raise Fault(f"providers were set to {providers} and are {after}")


def secrets(api):
    """Passwords, keys of tokens and of certificates, which have operations of their own."""
    user = api.must("POST", "/core/users/", {"username": "tf-secret", "name": "", "groups": [], "attributes": {}}, 201)
    api.must("POST", f"/core/users/{user['pk']}/set_password/", {"password": "a long enough Passw0rd of ours"}, 204)
    token = api.must("POST", "/core/tokens/", {"identifier": "tf-secret", "user": user["pk"], "intent": "api"}, 201)
    key = api.must("GET", "/core/tokens/tf-secret/view_key/")["key"]
    if Api(api.base.removesuffix("/api/v3"), key).must("GET", "/core/users/me/")["user"]["username"] != "tf-secret":
        raise Fault("the key of a token does not act as its user")
    if token["user"] != user["pk"]:
        raise Fault(f"the token is of user {token['user']}")
    # A key pair is made of PEM texts, which have to come back without their last line break.
    pair = key_of(api.made["key"])
    pem = api.must("GET", f"/crypto/certificatekeypairs/{pair}/view_certificate/")["data"].rstrip("\n") + "\n"
    private = api.must("GET", f"/crypto/certificatekeypairs/{pair}/view_private_key/")["data"].rstrip("\n") + "\n"
    made = api.must(
        "POST", "/crypto/certificatekeypairs/", {"name": "tf-pair", "certificate_data": pem, "key_data": private}, 201
    )
    for name in ("tf-pair", "tf-pair-two"):
        body = {"name": name, "certificate_data": pem, "key_data": private}
        api.must("PUT", f"/crypto/certificatekeypairs/{made['pk']}/", body)
        read = api.must("GET", f"/crypto/certificatekeypairs/{made['pk']}/")
        if read["name"] != name:
            raise Fault(f"the pair is called {read['name']}")
        for what, text in (("view_certificate", pem), ("view_private_key", private)):
            data = api.must("GET", f"/crypto/certificatekeypairs/{made['pk']}/{what}/")["data"]
            if data + "\n" != text:
                raise Fault(f"{what} gives {data[-40:]!r} at its end, and the configuration has {text[-40:]!r}")
    api.must("DELETE", f"/crypto/certificatekeypairs/{made['pk']}/", None, 204)


def schedule(api):
    """authentik_task_schedule: found by filters, changed by PATCH."""
    every = api.must("GET", "/tasks/schedules/")["results"]
    if not every:
        raise Fault("there is no schedule")
    one = every[0]
    found = api.find("/tasks/schedules/", {"actor_name": one["actor_name"]})
    if one["id"] not in [other["id"] for other in found]:
        raise Fault(f"the schedule of {one['actor_name']} is not found by its actor")
    for body in ({"crontab": "3 4 * * *", "paused": True}, {"crontab": one["crontab"], "paused": one["paused"]}):
        api.must("PATCH", f"/tasks/schedules/{one['id']}/", {"rel_obj_id": None, **body})
        compare({}, body, api.must("GET", f"/tasks/schedules/{one['id']}/"), "after PATCH")


def start(api):
    """What the provider asks before anything else."""
    member(api.must("GET", "/root/config/"), "error_reporting.enabled")


def urls(api):
    """authentik_provider_oauth2_config: where an application finds the provider."""
    found = api.must("GET", f"/providers/oauth2/{key_of(api.made['oauth2'])}/setup_urls/")
    for name in ("issuer", "authorize", "token", "user_info", "provider_info", "logout", "jwks"):
        member(found, name)


def data_source(api, path, query, count, members):
    found = api.find(path, api.resolved(query))
    if (not found) if count is None else len(found) != count:
        raise Fault(f"{path} {query} finds {len(found)} instead of {count}: {[key_of(one) for one in found][:5]}")
    for name, value in members.items():
        if member(found[0], name) != value:
            raise Fault(f"{path} {query}: {name} is {json.dumps(found[0][name])} instead of {json.dumps(value)}")


def tried(name, act, *arguments):
    try:
        act(*arguments)
    except Fault as fault:
        FAULTS.append(f"{name}: {fault}")


def main():
    address, token, *wanted = sys.argv[1:]
    api = Api(address, token)
    tried("provider", start, api)
    for name, (path, body) in table.FIXTURES.items():

        def make():
            api.made[name] = api.must("POST", path, api.resolved(body), 200 if path.endswith("/generate/") else 201)

        tried(f"the object {name}", make)
    count = 0
    for name, row in table.RESOURCES.items():
        if not wanted or name in wanted:
            count += 1
            tried(name, live, api, row)
    special = {
        "authentik_system_settings": settings,
        "authentik_rbac_permission_role": permissions,
        "authentik_outpost_provider_attachment": attachment,
        "authentik_certificate_key_pair, authentik_token, authentik_user": secrets,
        "authentik_task_schedule": schedule,
        "data.authentik_provider_oauth2_config": urls,
    }
    for name, act in special.items():
        if not wanted or name in wanted:
            count += 1
            tried(name, act, api)
    if not wanted:
        prepare = {"target": "@made:app", "order": 11, "group": "@made:group", "policy": None, "user": None}
        tried("a binding to find", lambda: api.must("POST", "/policies/bindings/", api.resolved(prepare), 201))
        entitlement = {"name": "tf-find", "app": "@made:app"}
        tried(
            "an entitlement to find",
            lambda: api.must("POST", "/core/application_entitlements/", api.resolved(entitlement), 201),
        )
        for name, *rest in table.DATA_SOURCES:
            count += 1
            tried("data." + name, data_source, api, *rest)
    for fault in FAULTS:
        print(fault)
    print(f"{count} rows, {len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()
