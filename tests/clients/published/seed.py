"""Does what leaves traces of people: signs in, fails to, consents, takes tokens.

Usage: seed.py ADDRESS   (the API token is in LOCKGATE_TOKEN)

Sessions, consents, codes, tokens and scores are not made through the API; the table of kinds looks for those of `bea`.
"""

import http.cookiejar
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

ADDRESS = sys.argv[1].rstrip("/")
PASSWORD = "correct-horse-battery"
BACK = "https://traces.example.com/callback"


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(Stay, urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path, data=None, headers=None):
        """Answers the body, or where a redirect leads."""
        proof = {"X-authentik-CSRF": cookie.value for cookie in self.jar if cookie.name == "authentik_csrf"}
        headers = {"User-Agent": "traces", **proof, **(headers or {})}
        request = urllib.request.Request(urllib.parse.urljoin(ADDRESS, path), data, headers)
        try:
            with self.opener.open(request) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as answer:
            if answer.code in (301, 302, 303, 307):
                return answer.headers["Location"]
            raise SystemExit(f"{path} answers {answer.code}: {answer.read().decode()[:500]}") from None

    def api(self, path, body=None):
        headers = {"Authorization": f"Bearer {os.environ['LOCKGATE_TOKEN']}", "Content-Type": "application/json"}
        text = self.ask(f"/api/v3/{path}", None if body is None else json.dumps(body).encode(), headers)
        return json.loads(text) if text else None

    def flow(self, slug, query, answers):
        """Goes through a flow, and answers the last challenge."""
        path = f"/api/v3/flows/executor/{slug}/?{urllib.parse.urlencode({'query': query})}"
        challenge = json.loads(self.ask(path))
        for _ in range(8):
            answer = answers.get(challenge["component"])
            if answer is None or challenge.get("response_errors"):
                return challenge
            answer = {"component": challenge["component"], **answer(challenge)}
            text = self.ask(path, json.dumps(answer).encode(), {"Content-Type": "application/json"})
            # A step that was taken leads back to the flow.
            challenge = json.loads(text if text.startswith("{") else self.ask(path))
        raise SystemExit(f"{slug} does not end: {challenge}")

    def sign_in(self, password):
        return self.flow("default-authentication-flow", "", {
            "ak-stage-identification": lambda _: {"uid_field": "bea"},
            "ak-stage-password": lambda _: {"password": password},
        })

    def authorize(self, client):
        wish = urllib.parse.urlencode({
            "client_id": client, "response_type": "code", "redirect_uri": BACK, "scope": "openid offline_access", "state": "s",
            "prompt": "consent",
        })
        place = self.ask(f"/application/o/authorize/?{wish}")
        if not place.startswith(BACK):
            parts = urllib.parse.urlsplit(place)
            slug = parts.path.strip("/").split("/")[-1]
            place = self.flow(slug, parts.query, {"ak-stage-consent": lambda challenge: {"token": challenge["token"]}})["to"]
            if not place.startswith(BACK):
                place = self.ask(place)
        return urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)["code"][0]


def main():
    boss = Browser()
    user = boss.api("core/users/", {"username": "bea", "name": "Bea"})["pk"]
    boss.api(f"core/users/{user}/set_password/", {"password": PASSWORD})
    scopes = [one["pk"] for one in boss.api("propertymappings/provider/scope/?page_size=100")["results"]
              if one["scope_name"] in ("openid", "offline_access")]
    flows = {one["slug"]: one["pk"] for one in boss.api("flows/instances/?page_size=100")["results"]}
    provider = boss.api("providers/oauth2/", {
        "name": "traces", "client_id": "traces", "client_secret": "traces", "property_mappings": scopes,
        # Nothing runs out while a walk looks at it.
        "access_code_validity": "hours=1", "access_token_validity": "hours=1",
        "authorization_flow": flows["default-provider-authorization-explicit-consent"],
        "invalidation_flow": flows["default-provider-invalidation-flow"],
        "redirect_uris": [{"matching_mode": "strict", "url": BACK}],
    })
    boss.api("core/applications/", {"name": "Traces", "slug": "traces", "provider": provider["pk"]})

    transport = boss.api("events/transports/", {"name": "traces", "mode": "local"})["pk"]
    boss.api(f"events/transports/{transport}/test/", {})

    for _ in range(2):
        Browser().sign_in("wrong")
    bea = Browser()
    bea.sign_in(PASSWORD)
    bea.authorize("traces")
    code = bea.authorize("traces")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": "traces", "client_secret": "traces"}
    tokens = json.loads(bea.ask("/application/o/token/", urllib.parse.urlencode(form).encode()))
    if not tokens.get("refresh_token"):
        raise SystemExit(f"no refresh token: {tokens}")


main()
