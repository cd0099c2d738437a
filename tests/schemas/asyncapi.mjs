// asyncapi.mjs CACHE FILE: what AsyncAPI's own parser says of a document, as one JSON array of problems; [] if it is good.
import { createRequire } from "node:module";
import { join } from "node:path";

const [cache, file] = process.argv.slice(2);
const { Parser, fromFile } = createRequire(join(cache, "node_modules/"))("@asyncapi/parser");

const { document, diagnostics } = await fromFile(new Parser(), file).parse();
const problems = diagnostics
  .filter(({ severity }) => severity <= 1) // errors and warnings
  .map(({ code, message, path }) => `${code}: ${message} (${path.join(".")})`);
if (!document && problems.length === 0) problems.push("no document");
console.log(JSON.stringify(problems));
