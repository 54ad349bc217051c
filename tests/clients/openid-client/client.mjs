// The library `openid-client`, told by lines of JSON what to do; the commands
// are in ../README.md.
import { createInterface } from 'node:readline';
import * as oidc from 'openid-client';

const authentication = {
  client_secret_basic: (secret) => oidc.ClientSecretBasic(secret),
  client_secret_post: (secret) => oidc.ClientSecretPost(secret),
  client_secret_jwt: (secret) => oidc.ClientSecretJwt(secret),
  private_key_jwt: () => oidc.PrivateKeyJwt({ key: keys.privateKey, kid: KEY_ID }),
  none: () => oidc.None(),
};

const KEY_ID = 'the only one';

let keys;
let config;
let session = {};
let options = {};

const commands = {
  async key() {
    const curve = { name: 'ECDSA', namedCurve: 'P-256' };
    keys = await crypto.subtle.generateKey(curve, true, ['sign', 'verify']);
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
    return { kty, crv, x, y, kid: KEY_ID, use: 'sig', alg: 'ES256' };
  },

  async discover({ issuer, client_id, client_secret, auth, redirect_uri, dpop }) {
    config = await oidc.discovery(new URL(issuer), client_id, {}, authentication[auth](client_secret), {
      // The tests' server listens on loopback, without TLS; so the signature
      // of an ID token is checked here, which TLS would make superfluous.
      execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    });
    options = dpop ? { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256')) } : {};
    session = { redirect_uri };
    return config.serverMetadata();
  },

  async authorize({ scope, par, params }) {
    session.verifier = oidc.randomPKCECodeVerifier();
    session.state = oidc.randomState();
    session.nonce = oidc.randomNonce();
    const parameters = {
      redirect_uri: session.redirect_uri,
      scope,
      state: session.state,
      nonce: session.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(session.verifier),
      code_challenge_method: 'S256',
      ...params,
    };
    const url = par
      ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, options)
      : oidc.buildAuthorizationUrl(config, parameters);
    return { url: url.href };
  },

  async callback({ url }) {
    const checks = {
      pkceCodeVerifier: session.verifier,
      expectedState: session.state,
      expectedNonce: session.nonce,
      idTokenExpected: true,
    };
    return keep(await oidc.authorizationCodeGrant(config, new URL(url), checks, undefined, options));
  },

  async userinfo() {
    return oidc.fetchUserInfo(config, session.tokens.access_token, session.claims.sub, options);
  },

  async refresh({ refresh_token = session.tokens.refresh_token }) {
    return keep(await oidc.refreshTokenGrant(config, refresh_token, undefined, options));
  },

  async revoke({ token }) {
    await oidc.tokenRevocation(config, token);
    return null;
  },

  async introspect({ token }) {
    return oidc.tokenIntrospection(config, token);
  },

  async end_session({ post_logout_redirect_uri, state }) {
    const parameters = { post_logout_redirect_uri, state, id_token_hint: session.tokens.id_token };
    return { url: oidc.buildEndSessionUrl(config, parameters).href };
  },

  async client_credentials({ scope }) {
    return keep(await oidc.clientCredentialsGrant(config, { scope }, options));
  },

  async device({ scope }) {
    session.device = await oidc.initiateDeviceAuthorization(config, { scope });
    return session.device;
  },

  async device_tokens() {
    return keep(await oidc.pollDeviceAuthorizationGrant(config, session.device, undefined, options));
  },
};

function keep(tokens) {
  const claims = tokens.claims() ?? null;
  session.tokens = { ...session.tokens, ...tokens };
  session.claims = claims ?? session.claims;
  return { tokens, claims };
}

function reason(error) {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const challenge = Array.isArray(error.cause) ? error.cause[0]?.parameters : undefined;
  return {
    code: error.code ?? error.name,
    error: error.error ?? challenge?.error ?? null,
    status: error.status ?? null,
    message: `${error.message}${cause}`,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { do: command, ...members } = JSON.parse(line);
    answer = { ok: (await commands[command](members)) ?? null };
  } catch (error) {
    answer = { error: reason(error) };
  }
  console.log(JSON.stringify(answer));
}
