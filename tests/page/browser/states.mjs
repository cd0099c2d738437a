// Each state, in each language, at the size of a television and of a telephone, light and dark: axe finds nothing, nothing is
// cut off, the headline can be read from the sofa. Pictures of all are kept.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { axe, is, names, page, pictures, run, show, stays, telephone, television } from "./browser.mjs";

const sizes = { tv: television, phone: telephone };

async function fits(tab, where) {
  const found = await tab.evaluate(() => {
    const wide = document.scrollingElement.scrollWidth - innerWidth;
    const high = document.scrollingElement.scrollHeight - innerHeight;
    const small = [...document.querySelectorAll("a, button, summary, input")].filter((one) => one.checkVisibility())
      .filter((one) => { const box = one.getBoundingClientRect(); return box.height < 24 || box.width < 24; }).map((one) => one.outerHTML.slice(0, 90));
    return { wide, high, small, headline: parseFloat(getComputedStyle(document.querySelector("h2")).fontSize) };
  });
  is(found.wide <= 0, `${where}: ${found.wide} px stand out at the side`);
  is(found.small.length === 0, `${where}: too small to press: ${found.small}`);
  return found;
}

await run(async (browser) => {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const scheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, colorScheme: scheme });
      const tab = await context.newPage();
      const wrong = [], tall = [];
      tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(message.text()); });
      tab.on("pageerror", (error) => wrong.push(String(error)));
      for (const language of ["en", "es", "de"]) {
        const folder = join(pictures, scheme, size, language);
        mkdirSync(folder, { recursive: true });
        for (const name of await names()) {
          if (scheme === "dark" && language !== "en") continue;
          await show(name);
          await tab.goto(`${page}/?lang=${language}`);
          await tab.waitForSelector("#now:not([hidden])");
          const where = `${name}, ${language}, ${size}, ${scheme}`;
          const { headline, high } = await fits(tab, where);
          // Nobody scrolls a television.
          if (size === "tv" && high > 0) tall.push(`${where}: ${high} px`);
          if (size === "tv") is(headline >= 48, `${where}: the headline has ${headline} px`);
          is(await stays(tab), `${where}: whom to call is shown`);
          await tab.screenshot({ path: join(folder, `${name}.png`), fullPage: size === "phone" });
          await axe(tab, where);
        }
      }
      is(tall.length === 0, `higher than the screen: ${tall.join("\n")}`);
      is(wrong.length === 0, `the browser complains: ${wrong}`);
      await context.close();
    }
  }
  // 200 % zoom of a laptop's screen has half as many pixels.
  const context = await browser.newContext({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
  const tab = await context.newPage();
  for (const name of await names()) {
    await show(name);
    await tab.goto(page);
    await tab.waitForSelector("#now:not([hidden])");
    await fits(tab, `${name} at 200 %`);
    mkdirSync(join(pictures, "zoom"), { recursive: true });
    await tab.screenshot({ path: join(pictures, "zoom", `${name}.png`), fullPage: true });
  }
  // So does the smallest screen that WCAG thinks of.
  await tab.setViewportSize({ width: 320, height: 256 });
  for (const name of await names()) {
    await show(name);
    await tab.goto(`${page}/?lang=de`);
    await tab.waitForSelector("#now:not([hidden])");
    await fits(tab, `${name} at 320 px`);
  }
  await context.close();
});
