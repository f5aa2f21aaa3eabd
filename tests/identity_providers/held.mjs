// The AWS SDK for JavaScript v3, held by a long-lived program: for each line it reads, it asks who it is and prints that.
import { createInterface } from "node:readline";

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const client = new STSClient({});
for await (const _ of createInterface({ input: process.stdin })) {
  console.log((await client.send(new GetCallerIdentityCommand({}))).Arn);
}
