// Two OpenID providers over https in one process, as npm's oidc-provider makes them: node provider.mjs PORT CERT KEY
//
// https://127.0.0.1:PORT/usual has an RSA and an EC key and names the key in every token. https://127.0.0.1:PORT/lone
// has one RSA key and does not. https://127.0.0.1:PORT/people has pages to sign in to, for the public client `terminal`: by
// code with PKCE, back to this machine, or by a code that is entered on another device. A grant of type `urn:test:account` gives whoever holds the client's secret the id token
// of the account `sub`, with the claims of the JSON text `claims` beside; client credentials give a JWT access token.
// POST /usual/rotate: sign with new keys from now on; the old ones stay published.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

import { Provider } from "oidc-provider";

const [port, cert, key] = process.argv.slice(2);
const GRANT = "urn:test:account";

const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const elliptic = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = ({ privateKey }, alg) => ({ ...privateKey.export({ format: "jwk" }), use: "sig", kid: randomUUID(), alg });

const client = (name, alg) => ({
  client_id: name,
  client_secret: "secret",
  id_token_signed_response_alg: alg,
  grant_types: [GRANT],
  response_types: [],
  redirect_uris: [],
});

const accessTokens = {
  enabled: true,
  defaultResource: () => "urn:sts",
  useGrantedResource: () => true,
  getResourceServerInfo: () => ({
    audience: "sts.amazonaws.com",
    scope: "api",
    accessTokenFormat: "jwt",
    accessTokenTTL: 600,
    jwt: { sign: { alg: "RS256" } },
  }),
};

const configuration = (keys, named) => ({
  jwks: { keys },
  clients: [
    client("rs256", "RS256"),
    ...(keys.length > 1 ? [client("es256", "ES256")] : []),
    { ...client("robot", "RS256"), grant_types: ["client_credentials"] },
  ],
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  ttl: { IdToken: 600, ClientCredentials: 600 },
  formats: { customizers: { jwt: (ctx, token, made) => { if (!named) made.header = { kid: undefined }; } } },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: accessTokens,
  },
});

const terminal = {
  client_id: "terminal",
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
  response_types: ["code"],
  redirect_uris: ["http://127.0.0.1/callback"],
};

const forPeople = (usual) => ({
  ...usual,
  clients: [terminal],
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  features: { ...usual.features, devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
});

const made = (name, keys) => {
  const usual = configuration(keys, name !== "lone");
  const configured = name === "people" ? forPeople(usual) : usual;
  const provider = new Provider(`https://127.0.0.1:${port}/${name}`, configured);
  const idToken = async (ctx) => {
    const { sub, claims } = ctx.oidc.params;
    const token = new provider.IdToken({ sub }, { ctx });
    token.scope = "openid";
    for (const [claim, value] of Object.entries(JSON.parse(claims ?? "{}"))) token.set(claim, value);
    ctx.body = { id_token: await token.issue({ use: "idtoken" }), token_type: "Bearer" };
  };
  provider.registerGrantType(GRANT, idToken, ["sub", "claims"]);
  provider.on("server_error", (ctx, error) => console.error(error));
  return { keys, answer: provider.callback() };
};

const usualKeys = () => [jwk(rsa(), "RS256"), jwk(elliptic(), "ES256")];
const providers = {
  usual: made("usual", usualKeys()),
  lone: made("lone", [jwk(rsa(), "RS256")]),
  people: made("people", [jwk(rsa(), "RS256")]),
};

const answer = (request, response) => {
  const [, name, rest] = /^\/(\w+)(\/.*)$/.exec(request.url) ?? [];
  if (rest === "/rotate" && request.method === "POST") {
    providers[name] = made(name, [...usualKeys(), ...providers[name].keys]);
    response.end();
  } else if (providers[name]) {
    request.originalUrl = request.url;
    request.url = rest;
    providers[name].answer(request, response);
  } else {
    response.writeHead(404).end();
  }
};

createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer).listen(port, "127.0.0.1");
