// The code: typed wrong, typed right, brought along behind the #; kept for thirty days.
import { axe, is, page, pictures, run, telephone, text, until } from "./browser.mjs";

const { CODE } = process.env;

await run(async (browser) => {
  const context = await browser.newContext({ viewport: telephone });
  const tab = await context.newPage();
  for (const language of ["en", "es", "de"]) {
    await tab.goto(`${page}/?lang=${language}`);
    await axe(tab, `the entrance, ${language}`);
    await tab.screenshot({ path: `${pictures}/entrance-${language}.png` });
  }
  await tab.goto(page);
  await tab.fill("#code", "000000");
  await tab.keyboard.press("Enter");
  await until("a wrong code is told", 3000, async () => (await tab.locator("#told").innerText()) === "That is not the code.");
  is(await tab.locator(".emergency .number").isVisible(), "whom to call is there before the code");
  await tab.fill("#code", CODE);
  await tab.keyboard.press("Enter");
  await tab.waitForSelector("#now:not([hidden])");
  is((await text(tab)).includes("Within your clinic's limits"), "it is let in");
  const [cookie] = await context.cookies();
  is(cookie.httpOnly && cookie.sameSite === "Strict", "no script reads the cookie, no other site sends it");
  await tab.reload();
  await tab.waitForSelector("#now:not([hidden])");
  await context.close();

  const other = await browser.newContext();
  const phone = await other.newPage();
  await phone.goto(`${page}/#code=${CODE}`);
  await phone.waitForSelector("#now:not([hidden])");
  is(!phone.url().includes(CODE), "the code does not stay in the address");
  await other.close();
});
