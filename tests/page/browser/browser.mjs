// A Chromium with nothing of anybody's in it, and the words to check with.
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { PAGE, STAGE, MODULES, PICTURES } = process.env;
const require = createRequire(join(MODULES, "any.js"));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const page = PAGE, pictures = PICTURES;
export const television = { width: 1920, height: 1080 }, telephone = { width: 390, height: 844 };

const options = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/// Runs checks in a browser of their own, and says what was wrong.
export async function run(checks) {
  const folder = mkdtempSync(join(tmpdir(), "cuffd-browser-"));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: options, env: { ...process.env, HOME: folder } });
  try {
    await checks(browser);
  } catch (wrong) {
    console.error(wrong);
    process.exitCode = 1;
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function is(holds, what) {
  if (!holds) throw new Error(what);
}

export async function show(name) {
  const answer = await fetch(`${STAGE}/show/${name}`, { method: "POST" });
  is(answer.ok, `the stage shows ${name}`);
}

export const tell = (what) => fetch(`${STAGE}/${what}`, { method: "POST" });
export const names = async () => (await fetch(`${STAGE}/names`)).json();
export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/// The page as somebody has it who has never been there, on a telephone, and what came over the wire for it.
export async function firstVisit(browser) {
  const context = await browser.newContext({ viewport: telephone });
  const tab = await context.newPage();
  const wire = await context.newCDPSession(tab);
  await wire.send("Network.enable");
  let octets = 0, requests = 0;
  wire.on("Network.loadingFinished", (event) => { octets += event.encodedDataLength; requests += 1; });
  await tab.goto(page);
  await tab.waitForSelector("#now:not([hidden])");
  await tab.waitForTimeout(300);
  return { context, tab, octets, requests };
}

/// Waits until it holds, and says how long that took.
export async function until(what, limit, holds) {
  const begun = performance.now();
  for (;;) {
    if (await holds()) return performance.now() - begun;
    if (performance.now() - begun > limit) throw new Error(`${what}: not within ${limit} ms`);
    await sleep(5);
  }
}

/// What axe finds: nothing, or it is a fault.
export async function axe(tab, where) {
  await tab.evaluate(axeSource);
  const found = await tab.evaluate(async () => {
    const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: rules });
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  });
  is(found.length === 0, `${where}: axe found ${found.join("\n")}`);
}

export const text = (tab) => tab.evaluate(() => document.getElementById("now")?.innerText ?? "");
export const stays = (tab) => tab.evaluate(() => document.querySelector(".emergency .number")?.getClientRects().length > 0);

/// A line to the page that can be cut: then nothing passes any more, and nobody is told.
export async function line() {
  const { hostname, port } = new URL(PAGE);
  let holds = true;
  const ends = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      ends.add(from);
      from.on("data", (octets) => { if (holds) to.write(octets); });
      from.on("error", () => {});
      from.on("close", () => { ends.delete(from); if (holds) to.destroy(); });
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    page: `http://127.0.0.1:${server.address().port}`,
    cut() { holds = false; },
    mend() { holds = true; for (const end of ends) end.destroy(); },
    close() { for (const end of ends) end.destroy(); server.close(); },
  };
}
