// What a page costs: octets over the wire, first octet, full paint.
import { is, page, run, show, telephone } from "./browser.mjs";

await run(async (browser) => {
  await show("rest");
  const context = await browser.newContext({ viewport: telephone });
  const tab = await context.newPage();
  const wire = await context.newCDPSession(tab);
  await wire.send("Network.enable");
  let octets = 0, requests = 0;
  wire.on("Network.loadingFinished", (event) => { octets += event.encodedDataLength; requests += 1; });
  const times = [];
  for (let round = 0; round < 10; round += 1) {
    await tab.goto(page);
    await tab.waitForSelector("#now:not([hidden])");
    await tab.waitForTimeout(300);
    if (round === 0) {
      console.log(`over the wire: ${octets} octets in ${requests} requests`);
      is(octets <= 60000, `${octets} octets`);
    }
    times.push(await tab.evaluate(() => {
      const [load] = performance.getEntriesByType("navigation");
      const paint = performance.getEntriesByName("first-contentful-paint")[0];
      return { first: load.responseStart - load.requestStart, paint: paint?.startTime ?? load.loadEventEnd };
    }));
  }
  const median = (of) => of.sort((one, other) => one - other)[Math.floor(of.length / 2)].toFixed(1);
  console.log(`first octet: ${median(times.map((one) => one.first))} ms, painted: ${median(times.map((one) => one.paint))} ms (medians of 10)`);
  await context.close();
});
