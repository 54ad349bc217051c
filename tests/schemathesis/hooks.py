"""What schemathesis has to know of Lockgate: which objects are there, so that most requests get past "not found";
which of them the run itself lives on; and what was asked and answered, counted.
"""

import atexit
import hashlib
import json
import os
import re
import urllib.request
from collections import Counter, defaultdict

import schemathesis
from schemathesis.core.media_types import YAML_MEDIA_TYPES

URL = os.environ["LOCKGATE_FUZZ_URL"] + "/api/v3"
TOKEN = os.environ["LOCKGATE_FUZZ_TOKEN"]
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.I)
ABSENT = {"uuid": "00000000-0000-4000-8000-000000000000", "int": 2147483647, "text": "there-is-none"}

# Lists that hold what a reference in a body may name, by the `x-ref` of the document.
LISTS = {
    "application": "/core/applications/",
    "authenticator_validate_stage": "/stages/authenticator/validate/",
    "bindable": "/core/applications/",
    "captcha_stage": "/stages/captcha/",
    "flow": "/flows/instances/",
    "group": "/core/groups/",
    "key_pair": "/crypto/certificatekeypairs/",
    "mapping": "/propertymappings/all/",
    "password_stage": "/stages/password/",
    "policy": "/policies/all/",
    "prompt": "/stages/prompt/prompts/",
    "provider": "/providers/all/",
    "role": "/rbac/roles/",
    "scope_mapping": "/propertymappings/provider/scope/",
    "stage": "/stages/all/",
    "user": "/core/users/",
}
# Fields that no two objects share: a value that is there already tells nothing new.
UNIQUE = {"name", "slug", "username", "identifier", "domain", "client_id", "common_name", "key", "field_key"}
# Where a server would call out to, on a machine that is not ours.
ADDRESSES = {"webhook_url", "logout_uri", "api_hostname", "api_url", "host"}
NOWHERE = {"host": "127.0.0.1", "api_hostname": "127.0.0.1"}

# Complaints about the shape of a value. A request that fits the document must not get one.
SHAPE = re.compile(
    r"^Ensure this (field|value) (has|is) |is not a valid choice|^Not a valid |^This field (is required\.$|may not be)"
    r"|^Expected a |^A valid |^Enter a valid |^Must be a valid "
)
# Formats say nothing about values in JSON Schema, so that the empty string "fits" a UUID for schemathesis. That a text
# has to be a regular expression, the document cannot tell at all.
FORMATS = re.compile(r"valid UUID|date-time|valid URL|valid email|valid regular expression")
# What it takes depends on another member of the body.
DEPENDENT = {"core_transactional_applications_update"}


# Answers 500 where a message cannot be sent.
TRIAL = "events_transports_test_create"


class Pool:
    """The objects that are there, by the path of their list."""

    def __init__(self):
        self.members = defaultdict(dict)

    def add(self, path, thing):
        # Applications and flows are addressed by a slug and referred to by a key.
        self.members[path][json.dumps(thing.get("pk", thing.get("uuid", thing.get("id"))))] = thing

    def add_new(self, path, thing):
        """What was made stands in the list of its kind and in that of all kinds."""
        self.add(path, thing)
        self.add(path.replace("/admin/", "/"), thing)
        for kinds in ("/stages/", "/policies/", "/providers/", "/propertymappings/"):
            if path.startswith(kinds) and "/bindings/" not in path and "/prompts/" not in path:
                self.add(kinds + "all/", thing)

    def load(self, path):
        answer = get(path + "?page_size=50")
        results = answer.get("results") if isinstance(answer, dict) else answer
        for thing in results if isinstance(results, list) else []:
            if isinstance(thing, dict):
                self.add(path, thing)

    def pick(self, path, chance, field=None):
        """A member's value, the same for the same chance."""
        things = list(self.members[path].values())
        if not things:
            return None
        thing = things[chance % len(things)]
        for name in (field, "pk", "uuid", "brand_uuid", "id", "identifier", "aaguid", "number"):
            if name and thing.get(name) is not None:
                return thing[name]
        return None


class Book:
    """What was asked and answered."""

    def __init__(self):
        self.statuses = Counter()
        self.operations = Counter()
        self.findings = {}
        self.slowest = (0.0, "")
        self.lost = 0

    def write(self):
        path = os.environ.get("LOCKGATE_FUZZ_COUNTS")
        if path:
            seconds, label = self.slowest
            with open(path, "w", encoding="utf-8") as file:
                json.dump(
                    {
                        "requests": self.statuses.total(),
                        "operations": self.operations,
                        "findings": self.findings,
                        "statuses": dict(sorted(self.statuses.items())),
                        "slowest": [round(seconds, 3), label],
                        "lost": self.lost,
                    },
                    file,
                    indent=1,
                )


def get(path):
    request = urllib.request.Request(URL + path, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


# A folder that is downloaded is a text: no reader of YAML is wanted here, by whatever name schemathesis knows it.
schemathesis.deserializer(*YAML_MEDIA_TYPES)(lambda context, response: response.content.decode())

POOL = Pool()
BOOK = Book()
REFERENCES = {}
OPTIONAL = set()
PROTECTED = defaultdict(set)
atexit.register(BOOK.write)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Learns the lists, the references of bodies, and what the run lives on."""
    me = get("/core/users/me/")["user"]
    PROTECTED["/core/users/"].add(str(me["pk"]))
    PROTECTED["/core/tokens/"].add(os.environ["LOCKGATE_FUZZ_TOKEN_NAME"])
    PROTECTED["/core/groups/"].update(group["pk"] for group in me["groups"])
    for path, operations in raw_schema["paths"].items():
        if "{" in path:
            continue
        operation = operations.get("get", {}).get("operationId", "")
        if operation.endswith("_list") and "export" not in path:
            POOL.load(path)
    for name, schema in raw_schema["components"]["schemas"].items():
        for field, value in schema.get("properties", {}).items():
            reference = value.get("x-ref") or value.get("items", {}).get("x-ref")
            if reference in LISTS and name.endswith("Request"):
                REFERENCES[field] = LISTS[reference]
            if value.get("x-ref") and "null" in value.get("type", []):
                OPTIONAL.add(field)
    REFERENCES.update(users="/core/users/", groups="/core/groups/", roles="/rbac/roles/", parents="/core/groups/")


def chance(case, *more):
    """A number that depends on the place in the run alone."""
    text = f"{BOOK.statuses.total()}:{case.operation.label}:{more}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def list_of(path):
    return path.split("{", 1)[0]


def is_good(case, place):
    meta = case.meta
    component = meta and next((info for where, info in meta.components.items() if where.value == place), None)
    return component is None or component.mode.value == "positive"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Names objects that are there where any would do, and none that the run lives on where they would be changed."""
    path = case.operation.path
    phase = case.meta.phase.name.value if case.meta else ""
    place = list_of(path)
    for name, value in dict(case.path_parameters or {}).items():
        luck = chance(case, name)
        if phase != "stateful" and luck % 3 and is_good(case, "path"):
            found = POOL.pick(place, luck // 3, name)
            if found is None and place == "/flows/executor/":
                found = POOL.pick("/flows/instances/", luck // 3, "slug")
            if found is not None:
                case.path_parameters[name] = value = found
        if path == "/lockgate/revisions/{number}/rollback/" and is_good(case, "path"):
            # Back to where it is: an older one would take away what the run has made.
            case.path_parameters[name] = value = get("/lockgate/revisions/?page_size=1")["results"][0]["number"]
        if case.method.upper() not in ("GET", "HEAD", "OPTIONS") and str(value) in PROTECTED[place]:
            kind = "int" if str(value).isdigit() else "uuid" if UUID.match(str(value)) else "text"
            case.path_parameters[name] = ABSENT[kind]
    # An address that shows many wrong keys is put off, and each operation is asked with some: so they come from many.
    number = BOOK.statuses.total() // 50
    case.headers = {**(case.headers or {}), "X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250 + 1}"}
    # Whatever is made up as a version is not the object's: most changes are sent without one.
    if case.headers and "If-Match" in case.headers and chance(case, "version") % 4:
        del case.headers["If-Match"]
    if isinstance(case.body, dict):
        good = is_good(case, "body")
        case.body = {name: adapted(case, name, value, good) for name, value in case.body.items()}


def adapted(case, name, value, good):
    if name in ADDRESSES and isinstance(value, str) and value:
        return NOWHERE.get(name, "http://127.0.0.1:9/")
    if not good:
        return value
    luck = chance(case, name)
    if name in REFERENCES and luck % 4:
        if isinstance(value, list) and value:
            found = POOL.pick(REFERENCES[name], luck // 4)
            return value if found is None else [found]
        if isinstance(value, int) or isinstance(value, str) and UUID.match(value):
            found = POOL.pick(REFERENCES[name], luck // 4)
            return value if found is None else found
    if name in UNIQUE and isinstance(value, str) and 0 < len(value) < 20 and luck % 8:
        return f"{value}{luck % 46656:x}"
    return value


@schemathesis.hook
def after_call(context, case, response):
    label = case.operation.label
    BOOK.statuses[response.status_code] += 1
    if BOOK.statuses.total() % 500 == 0:
        BOOK.write()
    BOOK.operations[label] += 200 <= response.status_code < 400
    BOOK.slowest = max(BOOK.slowest, (response.elapsed, f"{case.method} {case.formatted_path}"))
    path = case.operation.path
    try:
        if response.status_code == 201:
            thing = response.json()
            if isinstance(thing, dict):
                POOL.add_new(path, thing)
        elif response.status_code == 204 and case.method.upper() == "DELETE":
            gone = {str(value) for value in case.path_parameters.values()}
            things = POOL.members[list_of(path)]
            for key in [key for key, thing in things.items() if gone & {str(value) for value in thing.values()}]:
                del things[key]
    except ValueError:
        pass


@schemathesis.hook
def after_network_error(context, case, request):
    BOOK.lost += 1


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps the first failure of each cause: its title, status and what was complained of, whatever the operation."""
    if is_known(failure, case, response):
        return False
    message = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "N", failure.message or "")
    if failure.title == "Schema-violating request accepted":
        message = case.operation.label
    cause = f"{failure.title} [{response.status_code}]: {' '.join(message.split())[:160]}"
    finding = BOOK.findings.setdefault(cause, {"count": 0, "labels": {}, "curl": "", "answer": ""})
    finding["count"] += 1
    finding["labels"][case.operation.label] = finding["labels"].get(case.operation.label, 0) + 1
    if finding["count"] == 1:
        finding["curl"] = case.as_curl_command()[:1000]
        finding["answer"] = response.content[:600].decode("utf-8", "replace")
    return True


def is_known(failure, case, response):
    """What the reference's clients rely on, though it is not as the document should have it."""
    if failure.title == "Schema-violating request accepted" and isinstance(case.body, dict):
        # Forms send an empty text for a reference to nothing.
        return any(value == "" and name in OPTIONAL for name, value in case.body.items())
    # A transport that reaches nobody; the document tells it.
    return case.operation.definition.raw.get("operationId") == TRIAL and response.status_code == 500


def complaints(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from complaints(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from complaints(inner)
    elif isinstance(value, str):
        yield value


@schemathesis.check
def shape_is_documented(ctx, response, case):
    """A request that fits the document is not refused for its shape."""
    meta = case.meta
    if response.status_code != 400 or meta is None or meta.generation.mode.value != "positive":
        return True
    if case.operation.definition.raw.get("operationId") in DEPENDENT:
        return True
    shapes = [text for text in complaints(response.json()) if SHAPE.search(text) and not FORMATS.search(text)]
    assert not shapes, f"the document allows it, the server says: {shapes[0]}"
    return None
