// How much a browser loads that has never been there.
import { firstVisit, is, run, show } from "./browser.mjs";

await run(async (browser) => {
  await show("rest");
  const { context, octets, requests } = await firstVisit(browser);
  console.log(`over the wire: ${octets} octets in ${requests} requests`);
  is(requests > 1 && octets > 10000, `only ${octets} octets in ${requests} requests were seen`);
  is(octets <= 60000, `${octets} octets`);
  await context.close();
});
