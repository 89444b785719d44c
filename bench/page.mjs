// How long the study browser takes from the address to its first page of studies: node bench/page.mjs URL TIMES. Each time in
// a new context, so nothing is cached. Prints the milliseconds of each as JSON, from the start of the navigation to the
// first frame that shows the rows and takes input.
import { chromium } from "playwright-core";

const [url, times] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-software-rasterizer"],
});
const taken = [];
for (let i = 0; i < Number(times); i += 1) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 860 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const look = () => {
      const isSettled = document.querySelector(".found")?.getAttribute("aria-busy") === "false" && document.querySelectorAll("tr.row").length > 0;
      if (!isSettled) return requestAnimationFrame(look);
      // After the frame is painted, and what was queued before has run.
      return requestAnimationFrame(() => setTimeout(() => (window.interactiveAt = performance.now())));
    };
    requestAnimationFrame(look);
  });
  await page.goto(url);
  const at = await (await page.waitForFunction(() => window.interactiveAt)).jsonValue();
  // It is so: what is typed is searched for.
  const field = page.getByPlaceholder("Patient name, ID or accession number");
  await field.fill("no such patient");
  await page.waitForFunction(() => document.querySelectorAll("tr.row").length === 0);
  taken.push(at);
  await context.close();
}
await browser.close();
console.log(JSON.stringify(taken));
