// Signs messages with jose, and prints each on a line.
import { readFileSync } from "node:fs";
import canonicalize from "canonicalize";
import { FlattenedSign, importJWK } from "jose";

const written = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const alg of ["Ed25519", "EdDSA"]) {
  const message = { id: `jose-${alg}`, site: "north", gateway: "gw", value: 1e21, text: "Zürich", none: null };
  const key = await importJWK(written, alg);
  const payload = new TextEncoder().encode(canonicalize(message));
  const signed = await new FlattenedSign(payload).setProtectedHeader({ alg }).sign(key);
  console.log(JSON.stringify({ ...message, proof: `${signed.protected}..${signed.signature}` }));
}
