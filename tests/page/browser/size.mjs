// How much a browser loads that has never been there.
import { is, page, run, show, telephone } from "./browser.mjs";

await run(async (browser) => {
  await show("rest");
  const context = await browser.newContext({ viewport: telephone });
  const tab = await context.newPage();
  const wire = await context.newCDPSession(tab);
  await wire.send("Network.enable");
  let octets = 0, requests = 0;
  wire.on("Network.loadingFinished", (event) => { octets += event.encodedDataLength; requests += 1; });
  await tab.goto(page);
  await tab.waitForSelector("#now:not([hidden])");
  await tab.waitForTimeout(300);
  console.log(`over the wire: ${octets} octets in ${requests} requests`);
  is(requests > 1 && octets > 10000, `only ${octets} octets in ${requests} requests were seen`);
  is(octets <= 60000, `${octets} octets`);
  await context.close();
});
