// By keys alone, as with a remote control; changes are shown at once and announced; live pressure disturbs nobody.
import { is, page, run, show, television, tell, text, until } from "./browser.mjs";

const focused = (tab) => tab.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
const spoken = (tab, id) => tab.evaluate((id) => document.getElementById(id).textContent, id);

async function keys(tab) {
  await show("ready");
  await tab.goto(page);
  await tab.waitForSelector(".act");
  const posted = tab.waitForRequest((request) => request.method() === "POST");
  await tab.keyboard.press("ArrowDown");
  is((await focused(tab)).includes("We have started"), `the first arrow finds what there is to do: ${await focused(tab)}`);
  await tab.keyboard.press("Enter");
  is((await posted).url().endsWith("/api/v1/sessions/s1/start"), "it starts");

  await show("attest");
  await tab.waitForSelector("[data-view=attest]");
  const ticked = tab.waitForRequest((request) => request.method() === "POST");
  for (let press = 0; press < 12 && !(await focused(tab)).includes("companion_present"); press += 1) await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Enter");
  is((await ticked).postDataJSON().item === "companion_present", "the item is ticked by OK");

  await show("wanted");
  await tab.waitForSelector("[data-view=wanted]");
  const closed = tab.waitForRequest((request) => request.method() === "POST");
  for (let press = 0; press < 12 && !(await focused(tab)).includes("Not today"); press += 1) await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Enter");
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Enter");
  is((await closed).url().endsWith("/api/v1/sessions/s1/close"), "Not today, by keys");

  await show("none");
  await tab.waitForSelector("[data-view=none] [data-post]");
  const opened = tab.waitForRequest((request) => request.method() === "POST");
  await tab.keyboard.press("Tab");
  for (let press = 0; press < 12 && !(await focused(tab)).includes("data-post"); press += 1) await tab.keyboard.press("Tab");
  await tab.keyboard.press("Enter");
  is((await opened).postDataJSON().patient === "p1", "a session is opened by Tab and Enter");
}

async function follows(tab) {
  const times = [];
  for (let round = 0; round < 10; round += 1) {
    for (const name of ["ready", "blocked"]) {
      await tab.evaluate((view) => {
        const seen = () => document.querySelector(`[data-view=${view}]`);
        window.seen = new Promise((done) => {
          new MutationObserver((_, watching) => { if (seen()) { watching.disconnect(); done(Date.now()); } })
            .observe(document.getElementById("now"), { childList: true });
        });
      }, name);
      const begun = Date.now();
      await show(name);
      times.push(await tab.evaluate(() => window.seen) - begun);
    }
  }
  times.sort((one, other) => one - other);
  console.log(`from a change of state to the browser: median ${times[10]} ms, longest ${times.at(-1)} ms of ${times.length}`);
  is(times[10] <= 100, `the median is ${times[10]} ms`);
}

async function announced(tab) {
  await show("ready");
  await until("said politely", 2000, async () => (await spoken(tab, "say")).includes("Within your clinic's limits"));
  await show("crisis");
  await until("said at once", 2000, async () => (await spoken(tab, "shout")).includes("This reading is very high"));
  is(await tab.evaluate(() => document.getElementById("shout").getAttribute("aria-live")) === "assertive", "assertive");
}

async function inflates(tab) {
  await show("inflating");
  await until("the pressure is shown", 2000, async () => (await text(tab)).includes("87 mmHg"));
  await tab.locator("summary", { hasText: "Check-list" }).click();
  const before = await spoken(tab, "say");
  await tab.locator(".items input").first().focus();
  for (const value of ["95", "120", "151"]) {
    await tell(`pressure/${value}`);
    await until("the pressure follows", 1000, async () => (await text(tab)).includes(`${value} mmHg`));
  }
  is(await tab.evaluate(() => document.activeElement.matches(".items input")), "what is in hand stays in hand");
  is(await spoken(tab, "say") === before, "numbers are not read out");
}

async function refused(tab) {
  await show("ready");
  await tab.waitForSelector(".act");
  await tab.route("**/start", (route) => route.fulfill({ status: 409, contentType: "application/json", body: '{"ok":false}' }));
  await tab.click(".act");
  await until("it says that it was not taken", 3000, async () => (await tab.locator("#told").innerText()).includes("That was not taken"));
  await tab.unroute("**/start");
}

async function digits(tab) {
  await show("passkey");
  await tab.waitForSelector("#passkey");
  await tab.fill("#passkey", "000 042");
  await tab.press("#passkey", "Enter");
  await until("the digits are entered", 3000, async () => (await text(tab)).includes("A cuff is being connected"));
}

await run(async (browser) => {
  const context = await browser.newContext({ viewport: television });
  const tab = await context.newPage();
  await keys(tab);
  await follows(tab);
  await announced(tab);
  await inflates(tab);
  await refused(tab);
  await digits(tab);
  await context.close();
});
