"""The library Authlib, told by lines of JSON what to do; the commands are in
../README.md."""

import json
import sys

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc.jwk import ECKey
from requests import HTTPError


class App(OAuth2Mixin, OpenIDMixin, BaseApp):
    """What Authlib's integrations for web frameworks are made of, without one."""

    client_cls = OAuth2Session

    def _on_update_token(self, token, refresh_token=None, access_token=None):
        """Whoever has refreshed keeps the token."""

    def session(self, token=None):
        return self._get_oauth_client(token=token, **self.load_server_metadata())


class Client:
    def key(self):
        self.private_key = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": "ES256"})
        return self.private_key.as_dict(private=False)

    def discover(self, issuer, client_id, client_secret, auth, redirect_uri):
        self.redirect_uri = redirect_uri
        self.app = App(
            None,
            client_id=client_id,
            client_secret=self.private_key if auth == "private_key_jwt" else client_secret,
            server_metadata_url=f"{issuer}.well-known/openid-configuration",
            client_auth_methods=[ClientSecretJWT(), PrivateKeyJWT(alg="ES256")],
            client_kwargs={
                "token_endpoint_auth_method": auth,
                "revocation_endpoint_auth_method": auth,
                "code_challenge_method": "S256",
            },
        )
        self.metadata = self.app.load_server_metadata()
        return self.metadata

    def authorize(self, scope, params=None):
        self.sent = self.app.create_authorization_url(self.redirect_uri, scope=scope, **(params or {}))
        return {"url": self.sent["url"]}

    def callback(self, url):
        token = self.app.fetch_access_token(
            self.redirect_uri,
            authorization_response=url,
            state=self.sent["state"],
            code_verifier=self.sent["code_verifier"],
        )
        return self.keep(token, self.sent["nonce"])

    def userinfo(self):
        return self.app.userinfo(token=self.token)

    def refresh(self, refresh_token=None):
        with self.app.session(self.token) as session:
            token = session.refresh_token(self.metadata["token_endpoint"], refresh_token=refresh_token)
        return self.keep(token, None)

    def revoke(self, token):
        with self.app.session() as session:
            session.revoke_token(self.metadata["revocation_endpoint"], token=token).raise_for_status()

    def introspect(self, token):
        with self.app.session() as session:
            answer = session.introspect_token(self.metadata["introspection_endpoint"], token=token)
            answer.raise_for_status()
            return answer.json()

    def end_session(self, post_logout_redirect_uri, state):
        logout = self.app.create_logout_url(post_logout_redirect_uri, self.token["id_token"], state)
        return {"url": logout["url"]}

    def client_credentials(self, scope):
        with self.app.session() as session:
            token = session.fetch_token(grant_type="client_credentials", scope=scope)
        return self.keep(token, None)

    def keep(self, token, nonce):
        self.token = dict(token)
        claims = self.app.parse_id_token(token, nonce) if nonce else None
        return {"tokens": self.token, "claims": claims}


def reason(error):
    response = error.response if isinstance(error, HTTPError) else None
    return {
        "code": type(error).__name__,
        "error": getattr(error, "error", None),
        "status": None if response is None else response.status_code,
        "message": str(error) if response is None else f"{error}: {response.text}",
    }


def main():
    client = Client()
    for line in sys.stdin:
        members = json.loads(line)
        try:
            answer = {"ok": getattr(client, members.pop("do"))(**members)}
        except Exception as error:  # Whatever it is, the test is to read it.
            answer = {"error": reason(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
