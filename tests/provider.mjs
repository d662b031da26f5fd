// A real OpenID provider (npm oidc-provider) on loopback, for the tests: node tests/provider.mjs '{"port": 0, …}'
// Accounts and their claims come with the command. Whoever says a known login is signed in; there is no password.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const given = JSON.parse(process.argv[2]);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid: given.kid, use: "sig", alg: "RS256" };
const api = { scope: "api", audience: given.audience, accessTokenFormat: "jwt", accessTokenTTL: 600 };

const server = createServer((request, answer) => provider.callback()(request, answer));
await new Promise((listening) => server.listen(given.port, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "lagesbild",
      client_secret: given.secret,
      redirect_uris: given.origins.map((origin) => `${origin}/logga-in/svar`),
      post_logout_redirect_uris: given.origins.map((origin) => `${origin}/utloggad`),
      token_endpoint_auth_method: "client_secret_post",
    },
    {
      client_id: "kartprogram",
      client_secret: given.secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups", "tid"] },
  conformIdTokenClaims: given.claimsFromUserInfo,
  findAccount: (_, login) =>
    given.accounts[login] && { accountId: login, claims: () => ({ sub: login, ...given.accounts[login] }) },
  extraTokenClaims: (_, token) => (token.kind === "ClientCredentials" ? given.programClaims : undefined),
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600, ClientCredentials: 600 },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: () => api },
  },
});
console.log(`ready ${issuer}`);
process.stdin.on("end", () => process.exit()).resume(); // whoever started it is gone
