"""Walks the table of kinds with `authentik-client` of PyPI.

Usage: walk.py TABLE ADDRESS   (the API token is in LOCKGATE_TOKEN)

What is wrong is printed, one line each; the exit code is 1 then.
"""

import inspect
import json
import os
import re
import sys
import typing
from datetime import datetime
from enum import Enum
from pathlib import Path

import authentik_client
from authentik_client.exceptions import ApiException
from pydantic import BaseModel

TYPES = re.compile(r":type (\w+): (\w+)")
IDENTITIES = ("pk", "uuid", "pbm_uuid", "brand_uuid", "id", "message_id", "aaguid")
USUAL = {"ordering", "page", "page_size", "search"}


def plain(value):
    """A typed answer as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def same(written, read):
    """Whether a value that was written is the one that is read. The order of a list is that of the server."""
    if isinstance(written, list) and isinstance(read, list):
        return len(written) == len(read) and all(any(same(one, other) for other in read) for one in written)
    if isinstance(written, dict) and isinstance(read, dict):
        return all(same(value, read.get(name)) for name, value in written.items())
    if isinstance(written, str) and isinstance(read, str) and written.endswith("Z") and read != written:
        try:
            return datetime.fromisoformat(written) == datetime.fromisoformat(read)
        except ValueError:
            return False
    return written == read


def model_of(annotation):
    """The model class that a parameter takes, if it takes one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [model_of(part) for part in typing.get_args(annotation)]
    return next((model for model in found if model), None)


def typed(model, body):
    """A body of the client. `from_dict` would write `null` for what the body leaves out."""
    body = dict(body)
    for name, field in model.model_fields.items():
        inner = model_of(field.annotation)
        if name in body and inner is not None and "one_of_schemas" in inner.model_fields:
            # No model of the client has the member that tells the models apart.
            own = {member: value for member, value in body[name].items() if member != "provider_model"}
            body[name] = inner(authentik_client.OAuth2ProviderRequest(**own))
    return model(**body)


class Walk:
    def __init__(self, table, address, token):
        self.table = table
        self.kinds = {kind["stem"]: kind for kind in table["kinds"]}
        settings = authentik_client.Configuration(host=f"{address}/api/v3", access_token=token)
        self.client = authentik_client.ApiClient(settings)
        self.names = {}
        self.calls = 0
        # The text of the last answer.
        self.answered = ""
        self.wrong = 0

    def fails(self, where, what):
        self.wrong += 1
        print(f"{where}: {' '.join(str(what).split())[:1000]}", flush=True)

    def method(self, operation):
        api = operation.split("_")[0].capitalize() + "Api"
        return getattr(getattr(authentik_client, api)(self.client), f"{operation}_with_http_info", None)

    def call(self, operation, arguments=None, body=None):
        """Calls an operation of the client, and answers the response with its typed data."""
        method = self.method(operation)
        if method is None:
            raise LookupError(f"the client has no {operation}")
        arguments = dict(arguments or {})
        if body is not None:
            for parameter in inspect.signature(method).parameters.values():
                model = model_of(parameter.annotation)
                if model:
                    arguments[parameter.name] = typed(model, body)
                    break
        for name, kind in TYPES.findall(inspect.getdoc(method)):
            # Some filters are declared as anything, and have to be a member of an enumeration.
            members = getattr(authentik_client, kind, None)
            if isinstance(arguments.get(name), str) and isinstance(members, type) and issubclass(members, Enum):
                arguments[name] = members(arguments[name])
        self.calls += 1
        response = method(**arguments)
        self.answered = (response.raw_data or b"").decode(errors="replace")
        return response

    def attempt(self, where, operation, arguments=None, body=None):
        """The typed data of an answer; None, and a failure, when there is none."""
        try:
            return self.call(operation, arguments, body).data
        except ApiException as error:
            self.fails(where, f"{operation} answers {error.status}: {error.body}")
        except Exception as error:
            self.fails(where, f"{operation} is rejected by the client: {type(error).__name__}: {error}")
        return None

    def refused(self, where, status, operation, arguments=None, body=None):
        try:
            self.call(operation, arguments, body)
        except ApiException as error:
            if error.status == status:
                return error
            self.fails(where, f"{operation} answers {error.status} instead of {status}: {error.body}")
        except Exception as error:
            self.fails(where, f"{operation} is rejected by the client: {type(error).__name__}: {error}")
        else:
            self.fails(where, f"{operation} is not refused with {status}")
        return None

    def fill(self, value, answer=None):
        """A value of the table with what its names stand for."""
        if isinstance(value, dict):
            return {name: self.fill(inner, answer) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner, answer) for inner in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.names[value[1:]][0]
        if isinstance(value, str) and value.startswith("@"):
            return answer[value[1:]]
        return value

    def kind_of(self, stem):
        return next((kind for name, kind in self.kinds.items() if stem == name or stem.startswith(f"{name}_")), None)

    def make(self, fixture, answer=None):
        """Makes something that others need, and gives it a name."""
        where = f"fixture {fixture.get('name', fixture.get('stem'))}"
        if "first" in fixture:
            page = self.attempt(where, f"{fixture['first']}_list", fixture.get("where"))
            found = plain(page.results[0]) if page and page.results else {}
        elif "read" in fixture:
            key = self.kind_of(fixture["read"])["key"]
            found = plain(self.attempt(where, f"{fixture['read']}_retrieve", {key: self.fill(fixture["id"])})) or {}
        else:
            found = plain(self.attempt(where, f"{fixture['stem']}_create", None, self.fill(fixture["body"], answer))) or {}
        if "name" in fixture:
            self.names[fixture["name"]] = (found.get(fixture.get("member", "pk")), fixture.get("stem"), found)
        return found

    def unmake(self, fixture, found):
        kind = self.kind_of(fixture["stem"])
        self.attempt(f"fixture {fixture['stem']}", f"{kind['stem']}_destroy", {kind["key"]: found.get(kind["id"])})

    def listed(self, where, stem, arguments):
        """The identities of all that a list holds; None when it fails."""
        found, page = set(), 1
        while page:
            data = self.attempt(where, f"{stem}_list", {**arguments, "page": page, "page_size": 100})
            if data is None:
                return None
            found |= {self.identity(plain(item)) for item in data.results}
            page = int(data.pagination.next)
        return found

    @staticmethod
    def identity(answer):
        return str(next(answer[name] for name in IDENTITIES if name in answer))

    def agrees(self, where, kind, written, answer):
        for name, value in written.items():
            if name in kind.get("secrets", []):
                if value in self.answered:
                    self.fails(where, f"the secret {name} is in the answer")
            elif name not in kind.get("unread", []) and not same(value, answer.get(name)):
                self.fails(where, f"{name} was written as {value!r} and is read as {answer.get(name)!r}")

    def kind(self, kind):
        stem, key = kind["stem"], kind["key"]
        made = [(fixture, self.make(fixture)) for fixture in kind.get("fixtures", [])]
        required, full = self.fill(kind["required"]), self.fill(kind["full"])
        self.complete(kind)

        answers = []
        for name, body in (("required", required), ("full", full)):
            where = f"{stem} {name}"
            answer = self.attempt(where, f"{stem}_create", None, body)
            if answer is None:
                continue
            answer = plain(answer)
            self.agrees(where, kind, body, answer)
            again = plain(self.attempt(where, f"{stem}_retrieve", {key: answer[kind["id"]]}))
            if again is not None and not same(answer, again):
                differs = {name: (answer[name], again.get(name)) for name in answer if not same(answer[name], again.get(name))}
                self.fails(where, f"is created and read differently: {differs}")
            answers.append(answer)
        if len(answers) == 2:
            around = [(fixture, self.around(fixture, answers[1])) for fixture in kind.get("around", [])]
            self.lists(kind, full, *answers)
            self.uses(kind, answers[1])
            for fixture, found in reversed(around):
                self.unmake(fixture, found)
            self.changes(kind, required, full, answers[0])
        for answer in answers:
            where = f"{stem} delete"
            self.attempt(where, f"{stem}_destroy", {key: answer[kind["id"]]})
            self.refused(where, 404, f"{stem}_retrieve", {key: answer[kind["id"]]})
        left = self.listed(f"{stem} delete", stem, {})
        if left and left & {self.identity(answer) for answer in answers}:
            self.fails(stem, "is listed after it was deleted")
        for fixture, found in reversed(made):
            self.unmake(fixture, found)

    def find(self, kind):
        """A kind that is not created through the API."""
        stem, key = kind["stem"], kind["key"]
        without = kind.get("without", [])
        for fixture in kind.get("fixtures", []):
            self.make(fixture)
        self.covered(kind)
        page = self.attempt(stem, f"{stem}_list", self.fill(kind["where"]))
        if page is None:
            return
        if not page.results:
            self.fails(stem, "there is none")
            return
        one = plain(page.results[0])
        identity = {key: one[kind["id"]]}
        if self.identity(one) not in (self.listed(stem, stem, {}) or ()):
            self.fails(stem, "is not listed without a filter")
        self.filters(kind, kind.get("filters", {}), one)
        answer = plain(self.attempt(stem, f"{stem}_retrieve", identity))
        if answer is not None and not same(one, answer):
            self.fails(stem, f"is listed and read differently: {one} {answer}")
        if "used_by" not in without:
            self.attempt(stem, f"{stem}_used_by_list", identity)
        if "update" not in without:
            body = self.fill(kind.get("put", kind["patch"]))
            patch = self.fill(kind["patch"])
            for operation, sent, told in (("update", body, body), ("partial_update", patch, {**body, **patch})):
                answer = self.attempt(stem, f"{stem}_{operation}", identity, sent)
                if answer is not None:
                    self.agrees(f"{stem} {operation}", kind, told, plain(answer))
        if "delete" not in without:
            self.attempt(stem, f"{stem}_destroy", identity)
            self.refused(stem, 404, f"{stem}_retrieve", identity)

    def around(self, fixture, answer):
        return self.make({"name": "around", **fixture}, answer)

    def complete(self, kind):
        """The table has every field and every filter that the client knows."""
        stem = kind["stem"]
        body = next(filter(None, (model_of(one.annotation) for one in inspect.signature(self.method(f"{stem}_create")).parameters.values())))
        missing = set(body.model_fields) - set(kind["full"]) - set(kind.get("left_out", []))
        if missing:
            self.fails(stem, f"the table lacks the fields {sorted(missing)}")
        self.covered(kind)

    def covered(self, kind):
        stem = kind["stem"]
        parameters = inspect.signature(self.method(f"{stem}_list")).parameters
        filters = {name for name in parameters if not name.startswith("_")} - USUAL
        missing = filters - set(kind.get("filters", {})) - set(kind.get("same", []))
        if missing:
            self.fails(stem, f"the table lacks the filters {sorted(missing)}")

    def lists(self, kind, full, one, other):
        stem = kind["stem"]
        plain_one, full_one = self.identity(one), self.identity(other)
        everything = self.listed(f"{stem} list", stem, {})
        if everything is not None and not {plain_one, full_one} <= everything:
            self.fails(stem, "is not listed after it was created")
        page = self.attempt(f"{stem} page", f"{stem}_list", {"page": 1, "page_size": 1})
        if page and not (len(page.results) == 1 and page.pagination.count >= 2 and page.pagination.next == 2):
            self.fails(f"{stem} page", f"a page of one is wrong: {page.pagination}")
        filters = {name: {"in": full[name], "out": None} for name in kind.get("same", [])}
        for name, value in kind.get("filters", {}).items():
            filters[name] = value if isinstance(value, dict) else {"in": value, "out": None}
        if "search" in kind:
            filters["search"] = {"in": kind["search"], "out": None}
        self.filters(kind, filters, other, plain_one)

    def filters(self, kind, filters, other, plain_one=None):
        stem, full_one = kind["stem"], self.identity(other)
        parameters = inspect.signature(self.method(f"{stem}_list")).parameters
        for name, value in filters.items():
            where = f"{stem} filter {name}"
            if name not in parameters:
                # One of ours alone.
                continue
            if "in" in value:
                wanted = self.fill(value["in"], other)
                found = self.listed(where, stem, {name: wanted})
                if found is not None and full_one not in found:
                    self.fails(where, f"{wanted!r} leaves out what has it")
                # `null`: what was created with the required fields alone does not have it.
                if found is not None and value.get("out", "") is None and plain_one in found:
                    self.fails(where, f"{wanted!r} lists what does not have it")
            if value.get("out") is not None:
                unwanted = self.fill(value["out"], other)
                found = self.listed(where, stem, {name: unwanted})
                if found is not None and full_one in found:
                    self.fails(where, f"{unwanted!r} lists what does not have it")

    def uses(self, kind, other):
        """`used_by` of the object, and of what it refers to."""
        stem = kind["stem"]
        if "used_by" not in kind.get("without", []):
            self.attempt(f"{stem} used_by", f"{stem}_used_by_list", {kind["key"]: other[kind["id"]]})
        for field, value in kind["full"].items():
            for name in value if isinstance(value, list) else [value]:
                if not (isinstance(name, str) and name.startswith("$")) or field in kind.get("unused", []):
                    continue
                _, used, found = self.names[name[1:]]
                used = self.kind_of(used) if used else None
                if used is None:
                    continue
                where = f"{used['stem']} used_by"
                users = self.attempt(where, f"{used['stem']}_used_by_list", {used["key"]: found[used["id"]]})
                if users is not None and self.identity(other) not in {str(user.pk) for user in users}:
                    self.fails(where, f"does not tell that {stem} uses it as {field}: {[(user.model_name, user.pk) for user in users]}")

    def changes(self, kind, required, full, one):
        stem, key = kind["stem"], kind["key"]
        for name in kind["unique"]:
            error = self.refused(f"{stem} twice", 400, f"{stem}_create", None, required)
            if error and not (error.data and {name, "non_field_errors"} & set(json.loads(error.body))):
                self.fails(f"{stem} twice", f"the answer does not tell {name}: {error.body}")
        body = {**full, **{name: required[name] for name in kind["unique"]}, **self.fill(kind.get("put", {}))}
        answer = self.attempt(f"{stem} update", f"{stem}_update", {key: one[kind["id"]]}, body)
        if answer is not None:
            self.agrees(f"{stem} update", kind, body, plain(answer))
        patch = self.fill(kind["patch"])
        answer = self.attempt(f"{stem} patch", f"{stem}_partial_update", {key: one[kind["id"]]}, patch)
        if answer is not None:
            self.agrees(f"{stem} patch", kind, {**body, **patch}, plain(answer))
            again = self.attempt(f"{stem} patch", f"{stem}_retrieve", {key: one[kind["id"]]})
            if again is not None:
                self.agrees(f"{stem} patch", kind, {**body, **patch}, plain(again))

    def run(self, wanted):
        for fixture in self.table["fixtures"]:
            self.make(fixture)
        for kind in self.table["kinds"]:
            if not wanted or kind["stem"] in wanted:
                try:
                    self.kind(kind)
                except Exception as error:
                    self.fails(kind["stem"], f"the walk ends: {type(error).__name__}: {error}")
        for kind in self.table["found"]:
            if not wanted or kind["stem"] in wanted:
                try:
                    self.find(kind)
                except Exception as error:
                    self.fails(kind["stem"], f"the walk ends: {type(error).__name__}: {error}")
        for call in self.table["calls"]:
            if (not wanted or call["operation"] in wanted) and "python" not in call.get("not_by", {}):
                try:
                    self.attempt("call", call["operation"], self.fill(call.get("arguments", {})), self.fill(call.get("body")))
                except Exception as error:
                    self.fails(call["operation"], f"the walk ends: {type(error).__name__}: {error}")
        return self.wrong


def main():
    table = json.loads(Path(sys.argv[1]).read_text())
    walk = Walk(table, sys.argv[2].rstrip("/"), os.environ["LOCKGATE_TOKEN"])
    wrong = walk.run(set(sys.argv[3:]))
    print(f"{len(table['kinds']) + len(table['found'])} kinds, {walk.calls} calls, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
