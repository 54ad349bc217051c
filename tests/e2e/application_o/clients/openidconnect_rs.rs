//! The crate `openidconnect`, as Rust applications use it.

use std::sync::atomic::{AtomicUsize, Ordering};

use lockgate_tests::{Client, Database, Reply};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreDeviceAuthorizationResponse, CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthorizationCode, ClientId,
    ClientSecret, CsrfToken, DeviceAuthorizationUrl, EndSessionUrl, EndpointMaybeSet, EndpointSet, HttpRequest,
    HttpResponse, IntrospectionUrl, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PostLogoutRedirectUrl, ProviderMetadata, RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, Scope,
    TokenIntrospectionResponse, TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};

use super::{CALLBACK, GOODBYE, OFFLINE, PASSWORD, SECRET, World, sign_in};

on_each_database!(
    openidconnect_signs_in,
    openidconnect_refreshes_with_rotation,
    openidconnect_introspects_and_revokes,
    openidconnect_signs_out,
    openidconnect_gets_a_token_for_itself,
    openidconnect_connects_a_device,
);

/// What discovery tells beyond OpenID Connect Discovery 1.0.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Endpoints {
    device_authorization_endpoint: DeviceAuthorizationUrl,
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
    end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for Endpoints {}

type Metadata = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The claim that the profile scope adds to the standard's.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Groups {
    groups: Vec<String>,
}

impl AdditionalClaims for Groups {}

type Connected = CoreClient<EndpointSet, EndpointSet, EndpointSet, EndpointSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The library with what it has discovered.
struct Application {
    client: Connected,
    end_session: EndSessionUrl,
}

/// The HTTP client of the library.
///
/// It will not send a token to be revoked in the clear; so it is given an
/// address with `https`, and this is the proxy that ends TLS.
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string().replacen("https://", "http://", 1);
    let reply = Reply::try_of(Client::new().request(parts.method, &url).headers(parts.headers).body(body)).await?;
    let mut response = HttpResponse::new(reply.body);
    *response.status_mut() = http::StatusCode::from_u16(reply.status).expect("a server answers with a status");
    *response.headers_mut() = reply.headers;
    Ok(response)
}

impl Application {
    async fn discover(world: &World, slug: &str, secret: Option<&str>) -> Self {
        let issuer = IssuerUrl::new(world.issuer(slug)).expect("an issuer is an address");
        let metadata = Metadata::discover_async(issuer, &send).await.expect("discovery works");
        let endpoints = metadata.additional_metadata().clone();
        let revocation = endpoints.revocation_endpoint.to_string().replacen("http://", "https://", 1);
        let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
        let client = CoreClient::from_provider_metadata(metadata, ClientId::new(slug.to_owned()), secret)
            .set_device_authorization_url(endpoints.device_authorization_endpoint)
            .set_introspection_url(endpoints.introspection_endpoint)
            .set_revocation_url(RevocationUrl::new(revocation).expect("it was an address before"))
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("it is an address"));
        Self { client, end_session: endpoints.end_session_endpoint }
    }

    async fn wiki(world: &World) -> Self {
        Self::discover(world, "wiki", Some(SECRET)).await
    }

    /// Signs `ada` in by code and PKCE.
    async fn signs_in(&self, scope: &str) -> CoreTokenResponse {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = self
            .client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(scopes(scope))
            .set_pkce_challenge(challenge)
            .url();
        let back = sign_in(url.as_str(), "ada").await;
        assert_eq!(back.query("state").as_ref(), Some(state.secret()));
        let code = AuthorizationCode::new(back.code());
        let request = self.client.exchange_code(code).expect("the token endpoint is known");
        let tokens = request.set_pkce_verifier(verifier).request_async(&send).await.expect("the code is good");
        self.verifies(&tokens, &nonce);
        tokens
    }

    /// Checks an ID token: signature, issuer, audience, expiry, nonce and the
    /// hash of the access token.
    fn verifies(&self, tokens: &CoreTokenResponse, nonce: &Nonce) {
        let token = tokens.id_token().expect("openid was asked for");
        let verifier = self.client.id_token_verifier();
        let claims = token.claims(&verifier, nonce).expect("the ID token is sound");
        let another = Nonce::new("another".to_owned());
        assert!(token.claims(&verifier, &another).is_err(), "the nonce is not in the ID token");
        let told = claims.access_token_hash().expect("at_hash is there");
        let key = token.signing_key(&verifier).expect("the key is published");
        let algorithm = token.signing_alg().expect("the algorithm is known");
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).expect("it can be hashed");
        assert_eq!(hash, *told);
    }

    /// Asks who the access token is about, and checks that it is `ada` and the
    /// subject of the ID token.
    async fn is_ada(&self, tokens: &CoreTokenResponse) {
        let token = tokens.id_token().expect("openid was asked for");
        let any = |_: Option<&Nonce>| Ok(());
        let claims = token.claims(&self.client.id_token_verifier(), any).expect("the ID token is sound");
        assert_eq!(claims.preferred_username().map(|name| name.as_str()), Some("ada"));
        let subject = Some(claims.subject().clone());
        let request = self.client.user_info(tokens.access_token().clone(), subject).expect("userinfo is known");
        let userinfo: UserInfoClaims<Groups, CoreGenderClaim> =
            request.request_async(&send).await.expect("userinfo answers about the same subject");
        assert_eq!(userinfo.preferred_username().map(|name| name.as_str()), Some("ada"));
        assert_eq!(userinfo.email().map(|email| email.as_str()), Some("ada@example.org"));
        assert_eq!(userinfo.additional_claims().groups, ["Staff"]);
    }

    /// A refresh; the error is the name of RFC 6749.
    async fn refresh(&self, token: &RefreshToken) -> Result<CoreTokenResponse, String> {
        let request = self.client.exchange_refresh_token(token).expect("the token endpoint is known");
        request.request_async(&send).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(response) => response.error().to_string(),
            other => panic!("the refresh failed by itself: {other:?}"),
        })
    }

    async fn is_active(&self, token: &AccessToken) -> bool {
        let request = self.client.introspect(token);
        request.request_async(&send).await.expect("introspection answers").active()
    }
}

/// The words of a scope; the library adds `openid` by itself.
fn scopes(scope: &str) -> impl Iterator<Item = Scope> {
    scope.split(' ').filter(|word| *word != "openid").map(|word| Scope::new(word.to_owned()))
}

fn refresh_token(tokens: &CoreTokenResponse) -> RefreshToken {
    tokens.refresh_token().expect("offline_access was asked for").clone()
}

async fn openidconnect_signs_in(database: Database) {
    let world = World::start(database).await;
    let wiki = Application::wiki(&world).await;
    let tokens = wiki.signs_in("openid profile email").await;
    wiki.is_ada(&tokens).await;
    let public = Application::discover(&world, "cli", None).await;
    let tokens = public.signs_in("openid profile email").await;
    public.is_ada(&tokens).await;
}

async fn openidconnect_refreshes_with_rotation(database: Database) {
    let world = World::start(database).await;
    let wiki = Application::wiki(&world).await;
    let first = refresh_token(&wiki.signs_in(OFFLINE).await);
    let tokens = wiki.refresh(&first).await.expect("the refresh token is good");
    wiki.is_ada(&tokens).await;
    let second = refresh_token(&tokens);
    assert_ne!(first.secret(), second.secret());
    assert_eq!(wiki.refresh(&first).await.expect_err("it is spent"), "invalid_grant");
    assert_eq!(wiki.refresh(&second).await.expect_err("the other was stolen"), "invalid_grant");
}

async fn openidconnect_introspects_and_revokes(database: Database) {
    let world = World::start(database).await;
    let wiki = Application::wiki(&world).await;
    let tokens = wiki.signs_in(OFFLINE).await;
    let access = tokens.access_token().clone();
    assert!(wiki.is_active(&access).await);
    let revocation = wiki.client.revoke_token(access.clone().into()).expect("the address has https");
    revocation.request_async(&send).await.expect("the token is revoked");
    assert!(!wiki.is_active(&access).await);

    let refresh = refresh_token(&tokens);
    let revocation = wiki.client.revoke_token(refresh.clone().into()).expect("the address has https");
    revocation.request_async(&send).await.expect("the token is revoked");
    assert_eq!(wiki.refresh(&refresh).await.expect_err("it is revoked"), "invalid_grant");
}

async fn openidconnect_signs_out(database: Database) {
    let world = World::start(database).await;
    let wiki = Application::wiki(&world).await;
    let tokens = wiki.signs_in("openid").await;
    let state = CsrfToken::new_random();
    let url = LogoutRequest::from(wiki.end_session.clone())
        .set_id_token_hint(tokens.id_token().expect("openid was asked for"))
        .set_client_id(ClientId::new("wiki".to_owned()))
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(GOODBYE.to_owned()).expect("it is an address"))
        .set_state(state.clone())
        .http_get_url();
    let back = Client::new().sent_back(url.as_str(), GOODBYE, "ada", PASSWORD).await;
    assert_eq!(back.query("state").as_ref(), Some(state.secret()));
}

async fn openidconnect_gets_a_token_for_itself(database: Database) {
    let world = World::start(database).await;
    let wiki = Application::wiki(&world).await;
    let request = wiki.client.exchange_client_credentials().expect("the token endpoint is known");
    let tokens = request.add_scopes(scopes("profile")).request_async(&send).await.expect("the secret is good");
    assert!(tokens.refresh_token().is_none(), "RFC 6749, section 4.4.3");
    assert!(wiki.is_active(tokens.access_token()).await);
}

/// RFC 8628: the first answer is that nobody has approved yet; the library
/// waits as long as it was told, and meanwhile `ada` approves.
async fn openidconnect_connects_a_device(database: Database) {
    let world = World::start(database).await;
    let device = Application::discover(&world, "cli", None).await;
    let request = device.client.exchange_device_code().add_scopes(scopes(OFFLINE));
    let shown: CoreDeviceAuthorizationResponse = request.request_async(&send).await.expect("a device may ask");
    let address = shown.verification_uri_complete().expect("the address holds the code").secret().clone();

    let waited = AtomicUsize::new(0);
    let wait = async |interval| {
        waited.fetch_add(1, Ordering::SeqCst);
        Client::new().approve_device(&address, "ada", PASSWORD).await;
        tokio::time::sleep(interval).await;
    };
    let poll = device.client.exchange_device_access_token(&shown).expect("the token endpoint is known");
    let tokens = poll.request_async(&send, wait, None).await.expect("ada has approved");
    assert_eq!(waited.load(Ordering::SeqCst), 1, "the answer was there before ada approved, or not after");
    device.is_ada(&tokens).await;
    assert!(device.refresh(&refresh_token(&tokens)).await.is_ok());
}
