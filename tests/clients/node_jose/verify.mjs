// Verifies a web identity token as a Node service would: jose with a remote key set.
import { createRemoteJWKSet, jwtVerify } from "jose";

const [issuer, audience, token] = process.argv.slice(2);
const discovered = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(discovered.jwks_uri));
const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ["RS256", "ES384"] });
console.log(JSON.stringify({ jose: payload.sub }));
