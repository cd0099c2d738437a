// The real program with a virtual cuff: a whole session pressed through, the daemon killed in the middle, and back again.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { axe, is, page, pictures, run, sleep, stays, television, text, until } from "./browser.mjs";

const { CUFFD, FOLDER } = process.env;

function start() {
  const daemon = spawn(CUFFD, ["simulate", "--orders", "-", "--config", join(FOLDER, "cuffd.toml")], {
    env: { CUFFD_SOCKET: join(FOLDER, "cuffd.sock") }, stdio: ["pipe", "ignore", "pipe"],
  });
  let log = "";
  daemon.stderr.on("data", (octets) => { log += octets; });
  daemon.on("exit", (code) => { if (code) console.error(log); });
  return daemon;
}

/// Measures until the page says so: the first connection of a cuff is history.
async function measureUntil(tab, daemon, [systolic, diastolic], words) {
  await until(words, 60000, async () => {
    daemon.stdin.write(`${JSON.stringify({ cuff: "own", live: true, readings: [{ systolic, diastolic, pulse_rate: 70 }] })}\n`);
    for (let look = 0; look < 30; look += 1) {
      if ((await text(tab)).includes(words)) return true;
      await sleep(100);
    }
    return false;
  });
}

const ready = "Within your clinic's limits";

/// Nobody scrolls a television: with readings there is a chart beside the rest.
async function fits(tab, where) {
  const high = await tab.evaluate(() => document.scrollingElement.scrollHeight - innerHeight);
  is(high <= 0, `${where}: ${high} px are below the screen`);
}

async function prepared(tab, daemon) {
  await tab.getByRole("button", { name: "Start", exact: true }).click();
  await until("a reading is wanted", 5000, async () => (await text(tab)).includes("Reading 1 of 2."));
  await measureUntil(tab, daemon, [121, 80], "Reading 2 of 2.");
  await fits(tab, "a reading is wanted, after one");
  await measureUntil(tab, daemon, [127, 84], "Still to confirm");
  await fits(tab, "still to confirm");
  for (const box of await tab.locator(".items input").all()) {
    await box.check();
    await sleep(300);
  }
  await until("it is ready", 5000, async () => (await text(tab)).includes(ready));
}

await run(async (browser) => {
  let daemon = start();
  try {
    await until("the page is there", 30000, () => fetch(`${page}/healthz`).then((answer) => answer.ok, () => false));
    const context = await browser.newContext({ viewport: television });
    const tab = await context.newPage();
    await tab.goto(page);
    await prepared(tab, daemon);
    is(await tab.locator(".chart .bar").count() >= 2, "the last readings stand in the chart");
    await fits(tab, "ready");
    await axe(tab, "ready with its chart");
    await tab.screenshot({ path: join(pictures, "chart.png") });

    daemon.kill("SIGKILL");
    const took = await until("a ready without a daemon vanishes", 15000, async () => (await text(tab)).includes("Not ready."));
    is(!(await text(tab)).includes(ready) && await stays(tab), "whom to call stays");
    console.log(`daemon killed: ready was gone after ${Math.round(took)} ms`);
    daemon = start();
    await until("it is ready again", 40000, async () => (await text(tab)).includes(ready));

    const begun = performance.now();
    daemon.kill("SIGTERM");
    await until("a daemon that stops says so", 2000, async () => (await text(tab)).includes("Not ready."));
    console.log(`daemon stopped: ready was gone after ${Math.round(performance.now() - begun)} ms`);
    daemon = start();
    await until("it is ready once more", 40000, async () => (await text(tab)).includes(ready));

    await tab.getByRole("button", { name: "We have started" }).click();
    await until("it is under way", 5000, async () => (await text(tab)).includes("Session under way since"));
    await tab.getByText("Not today").click();
    await tab.getByRole("button", { name: "End the session" }).click();
    await until("it is over", 5000, async () => (await text(tab)).includes("This session is over"));
    is(await tab.getByRole("button", { name: "Start", exact: true }).isVisible(), "the next can be opened");
    await context.close();
  } finally {
    daemon.kill("SIGKILL");
    await sleep(200);
  }
});
