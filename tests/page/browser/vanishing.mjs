// A "ready" vanishes when the gateway is not heard, when its time is over, and without script too; whom to call stays.
import { is, line, page, pictures, run, show, stays, tell, text, until } from "./browser.mjs";

const ready = "Within your clinic's limits";
const lost = "No connection to the box. Not ready.";

async function opened(browser, at = page) {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await show("ready");
  await tab.goto(at);
  await tab.waitForSelector("#now:not([hidden])");
  is((await text(tab)).includes(ready), "it is ready at first");
  return { context, tab };
}

async function cut(browser) {
  const wire = await line();
  const { context, tab } = await opened(browser, wire.page);
  await tab.waitForTimeout(16000);
  is((await text(tab)).includes(ready), "while it is heard it stays ready");
  wire.cut();
  const took = await until("a ready that nobody vouches for vanishes", 15000, async () => (await text(tab)).includes(lost));
  is(!(await text(tab)).includes(ready) && await stays(tab), "whom to call stays");
  console.log(`connection cut: ready was gone after ${Math.round(took)} ms`);
  await tab.screenshot({ path: `${pictures}/lost.png` });
  wire.mend();
  const back = await until("it comes back", 20000, async () => (await text(tab)).includes(ready));
  console.log(`connection back: shown after ${Math.round(back)} ms`);
  await context.close();
  wire.close();
}

async function over(browser) {
  const wire = await line();
  const { context, tab } = await opened(browser, wire.page);
  await tell("valid-for/5");
  await tab.waitForTimeout(1000);
  is((await text(tab)).includes(ready), "still ready");
  // Nothing more arrives: only the browser's own timer is left.
  wire.cut();
  const took = await until("a ready whose time is over vanishes", 4500, async () => !(await text(tab)).includes(ready));
  console.log(`valid_for_s over: ready was gone ${Math.round(took + 1000)} ms after 5 s were told`);
  is(await stays(tab), "whom to call stays");
  await context.close();
  wire.close();
}

async function clockSet(browser) {
  const { context, tab } = await opened(browser);
  // The machine slept for an hour: the wall clock knows, the other one may not.
  await tab.evaluate(() => { const real = Date.now.bind(Date); Date.now = () => real() + 3600e3; });
  await until("after a sleep it is not ready", 3000, async () => !(await text(tab)).includes(ready));
  await context.close();
}

async function withoutScript(browser) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  await show("ready");
  await tab.goto(page);
  const frame = () => tab.frames().find((one) => one.url().includes("/answer"));
  await until("the frame is there", 5000, async () => Boolean(frame()));
  const fresh = tab.frameLocator("iframe").locator(".fresh"), stale = tab.frameLocator("iframe").locator(".stale");
  await fresh.waitFor();
  is((await fresh.innerText()).includes(ready), "the answer is there without script");
  is(await tab.locator(".emergency .number").isVisible(), "whom to call stands outside the frame");
  is(!(await tab.locator("[data-post]").first().isVisible().catch(() => false)), "no button that does nothing");
  await tab.screenshot({ path: `${pictures}/no-script.png` });
  await show("blocked");
  await until("the frame renews itself", 12000, async () => (await fresh.innerText().catch(() => "")).includes("Do not start"));
  // A gateway that does not answer, nor refuse: requests hang.
  await tab.route("**/answer**", () => {});
  await until("a stale answer takes itself back", 17000, async () => (await stale.isVisible()) && !(await fresh.isVisible()));
  is((await stale.innerText()).includes("Not ready"), "it says so");
  is(await tab.locator(".emergency .number").isVisible(), "whom to call is still there");
  await tab.screenshot({ path: `${pictures}/no-script-stale.png` });
  await context.close();
}

await run(async (browser) => {
  await cut(browser);
  await over(browser);
  await clockSet(browser);
  await withoutScript(browser);
});
