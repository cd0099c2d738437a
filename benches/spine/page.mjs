// The page as a browser has it: prints what was measured as JSON.
import { firstVisit, page, run, telephone, until } from "../../tests/page/browser/browser.mjs";

const ROUNDS = 20, CHANGES = 100;

const median = (of) => of.sort((one, other) => one - other)[Math.floor(of.length / 2)];

/// A load by somebody who has never been there.
async function load(browser) {
  const { context, tab, octets, requests } = await firstVisit(browser);
  const [first, painted] = await tab.evaluate(() => new Promise((done) => {
    const [load] = performance.getEntriesByType("navigation");
    new PerformanceObserver((list) => done([load.responseStart - load.requestStart, list.getEntries().at(-1).startTime]))
      .observe({ type: "largest-contentful-paint", buffered: true });
  }));
  await context.close();
  return { octets, requests, first, painted };
}

/// Somebody else confirms and takes back again: from the request until a frame that shows it, by the page's own clock.
async function changes(browser) {
  const context = await browser.newContext({ viewport: telephone });
  const tab = await context.newPage();
  await tab.goto(page);
  await tab.getByRole("button", { name: "Start", exact: true }).click();
  await until("there is something to confirm", 5000, () => tab.locator(".items input").count());
  const times = await tab.evaluate(async (count) => {
    const status = await (await fetch("/api/v1/status")).json();
    const url = `/api/v1/sessions/${status.sessions[0].session}/attestations`;
    const item = document.querySelector(".items input").dataset.item;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const times = [];
    for (let round = 0; round < count; round += 1) {
      const value = round % 2 === 0;
      await new Promise((done) => setTimeout(done, 100));
      const begun = performance.now();
      let refused;
      fetch(url, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ item, value, by: "bench" }),
      }).then(async (answer) => { if (!answer.ok) refused = await answer.text(); }, (wrong) => { refused = wrong; });
      while (document.querySelector(".items input").checked !== value) {
        if (refused) throw new Error(refused);
        await frame();
      }
      times.push(performance.now() - begun);
    }
    return times;
  }, CHANGES);
  await context.close();
  return times;
}

await run(async (browser) => {
  const loads = [];
  for (let round = 0; round < ROUNDS; round += 1) loads.push(await load(browser));
  const times = await changes(browser);
  console.log(JSON.stringify({
    octets: Math.max(...loads.map((one) => one.octets)),
    requests: loads[0].requests,
    first_octet: median(loads.map((one) => one.first)),
    painted: median(loads.map((one) => one.painted)),
    change: median(times),
    change_longest: Math.max(...times),
    changes: CHANGES,
  }));
});
