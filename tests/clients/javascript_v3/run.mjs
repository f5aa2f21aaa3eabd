// The AWS SDK for JavaScript v3, by its credential providers where it has them, does the scenarios of
// tests/clients/scenarios.py.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

import { GetCallerIdentityCommand, GetFederationTokenCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { fromEnv, fromIni, fromTemporaryCredentials, fromTokenFile } from "@aws-sdk/credential-providers";
import { HttpRequest } from "@smithy/core/protocols";
import { SignatureV4 } from "@smithy/signature-v4";

const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { region, roles, profiles } = task;

const sts = (credentials, more) => new STSClient({ region, credentials, ...more });
const identity = () => new GetCallerIdentityCommand({});
const who = async (client) => ({ arn: (await client.send(identity())).Arn });
const profile = (name) => fromIni({ profile: profiles[name] });

const role = (name, session, { masterCredentials, mfaCodeProvider, ...params } = {}) =>
  fromTemporaryCredentials({
    masterCredentials,
    mfaCodeProvider,
    params: { RoleArn: roles[name], RoleSessionName: session, ...params },
    clientConfig: { region },
  });

const session = async (command) => {
  const { Credentials: made } = await sts().send(command);
  return { accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey, sessionToken: made.SessionToken };
};

const mfaRole = () => {
  const [{ serial, code }] = task.mfa;
  return who(sts(role("guarded", "mfa", { SerialNumber: serial, mfaCodeProvider: async () => code })));
};

const mfaSession = async () => {
  const { serial, code } = task.mfa[1];
  const masterCredentials = await session(new GetSessionTokenCommand({ SerialNumber: serial, TokenCode: code }));
  return who(sts(role("guarded", "session", { masterCredentials })));
};

const sessionToken = async () => {
  const made = await session(new GetSessionTokenCommand({}));
  return { ...(await who(sts(made))), key: made.accessKeyId };
};

const presigned = async () => {
  const client = sts();
  const { protocol, hostname } = new URL(process.env.AWS_ENDPOINT_URL);
  const signer = new SignatureV4({ region, service: "sts", credentials: fromEnv(), sha256: client.config.sha256 });
  const query = { Action: "GetCallerIdentity", Version: "2011-06-15" };
  const request = { method: "GET", protocol, hostname, headers: { host: hostname }, query };
  const signed = await signer.presign(new HttpRequest(request), { expiresIn: 60 });
  const answer = await fetch(`${protocol}//${hostname}/?${new URLSearchParams(signed.query)}`);
  return { arn: /<Arn>(.*)<\/Arn>/.exec(await answer.text())[1] };
};

const refusal = (call) => call.then(() => null, (error) => error.Code ?? error.name);

const webIdentity = () => {
  const given = { webIdentityTokenFile: task.web_identity_token_file, roleArn: roles.federated, roleSessionName: "web" };
  return who(sts(fromTokenFile({ ...given, clientConfig: { region } })));
};

const keyOf = async (client) => (await client.config.credentials()).accessKeyId;

// With less than five minutes left, the SDK fetches new credentials while it still uses what it has.
const refreshed = async () => {
  const client = sts(role("first", "short", { DurationSeconds: 900 }));
  await who(client);
  const first = await keyOf(client);
  writeFileSync(task.clock, "+660\n");
  await who(client);
  await setTimeout(500);
  await who(client);
  writeFileSync(task.clock, "+0\n");
  return { first, second: await keyOf(client) };
};

const revoked = async () => {
  const client = sts(role("first", "revoked"));
  await who(client);
  const first = await keyOf(client);
  execFileSync(task.revoke[0], [...task.revoke.slice(1), first], { stdio: "ignore" });
  const refused = await refusal(who(client));
  const again = refused ? sts(role("first", "revoked")) : client;
  await who(again);
  return { first, refused, second: await keyOf(again) };
};

const does = {
  "caller-identity": () => who(sts()),
  "mfa-role": mfaRole,
  "mfa-session": mfaSession,
  "assume-role": () => who(sts(role("first", "assumed"))),
  "chained-role": () => who(sts(role("second", "chained", { masterCredentials: role("first", "link") }))),
  "session-token": sessionToken,
  "federation-token": async () => who(sts(await session(new GetFederationTokenCommand({ Name: "guest" })))),
  presigned,
  "web-identity": webIdentity,
  profile: () => who(sts(profile("role"))),
  "credential-process": () => who(sts(profile("process"))),
  refreshed,
  revoked,
  "regional-endpoint": () => who(sts(undefined, { region: task.other_region })),
  "global-endpoint": () => who(sts(undefined, { region: "us-east-1", useGlobalEndpoint: true })),
};

for (const scenario of process.argv.slice(3)) {
  const said = await does[scenario]().catch((error) => ({ error: String(error) }));
  console.log(JSON.stringify({ ...said, scenario }));
}
