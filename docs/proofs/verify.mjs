// Checks messages, one a line:  node verify.mjs keys.json < messages.jsonl      (npm install jose canonicalize)
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import canonicalize from "canonicalize";
import { createLocalJWKSet, flattenedVerify } from "jose";

const listed = JSON.parse(readFileSync(process.argv[2], "utf8"));
const keys = createLocalJWKSet({ keys: [...new Map(listed.keys.map((jwk) => [jwk.kid, jwk])).values()] });
const enrolled = new Set(listed.keys.map((jwk) => `${jwk.kid} ${jwk.cuffd_gateway}`));

for await (const line of createInterface({ input: process.stdin })) {
  let name = "-";
  try {
    const { proof, ...message } = JSON.parse(line); // Of a name twice the last: what is checked is what you act on.
    [name] = message.id.match(/^[!-~]{1,64}$/); // One word: it is not proved yet.
    const [header, , signature] = proof.split(".");
    const payload = Buffer.from(canonicalize(message)).toString("base64url");
    const signed = await flattenedVerify({ protected: header, payload, signature }, keys, { algorithms: ["Ed25519", "EdDSA"] });
    if (!enrolled.has(`${signed.protectedHeader.kid} ${message.site}/${message.gateway}`)) throw new Error("the key of another gateway");
    console.log("ok", name);
  } catch (why) {
    process.exitCode = 1;
    console.log("bad", name, why.message);
  }
}
