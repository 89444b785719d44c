// tests/ohif_test.py: node tests/ohif.mjs URL MODALITY... drives OHIF's published viewer in Chromium against a running
// server with the demo studies: its study list, and each kind of study opened until its pictures are drawn. A
// StudyInstanceUID in place of a modality: only that one is opened.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [base, ...wanted] = process.argv.slice(2);
const uids = wanted.filter((one) => /^[\d.]+$/.test(one));
const modalities = wanted.filter((one) => !uids.includes(one));
const shots = process.env.LIGHTBOX_SCREENSHOTS;
const findings = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: "en-GB", timezoneId: "UTC" });

async function open(path) {
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  // Its own tour for newcomers looks for elements that are not there yet.
  await page.addInitScript(() => {
    localStorage.setItem("onboarding-tour", "done");
    addEventListener("unhandledrejection", ({ reason }) => console.error(`unhandled: ${reason?.stack ?? reason}`));
  });
  page.on("console", (message) => {
    if (message.text().startsWith("unhandled: ")) findings.push(message.text());
  });
  page.on("pageerror", (error) => findings.push(`page: ${error.stack}`));
  page.on("response", (response) => {
    if (response.url().startsWith(`${base}/dicomweb`) && response.status() >= 400) findings.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(base + path);
  return page;
}

async function shot(page, label) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/ohif-${label}.png` });
}

// How many distinct shades the largest canvas shows: a picture has many, an empty viewport few.
async function shades(page) {
  const canvas = page.locator(".cornerstone-canvas").first();
  const picture = (await canvas.screenshot()).toString("base64");
  return page.evaluate(async (png) => {
    const seen = new Image();
    seen.src = `data:image/png;base64,${png}`;
    await seen.decode();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [200, 200];
    const context = copy.getContext("2d");
    context.drawImage(seen, 0, 0, 200, 200);
    const { data } = context.getImageData(0, 0, 200, 200);
    const found = new Set();
    for (let i = 0; i < data.length; i += 4) found.add(data[i]);
    return found.size;
  }, picture);
}

async function drawn(page, label) {
  await page.locator(".cornerstone-canvas").first().waitFor();
  let last = 0;
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    last = await shades(page);
    if (last > 30) return;
    await page.waitForTimeout(500);
  }
  await shot(page, `${label}-not-drawn`);
  assert.fail(`${label}: ${last} shades are drawn`);
}

const studies = await (await fetch(`${base}/dicomweb/studies?includefield=00081030`)).json();
const value = (study, tag) => study[tag]?.Value ?? [];

// From the study browser, as a person goes.
if (modalities.length > 0) {
  const first = value(studies[0], "00081030")[0];
  const list = await open("/");
  const viewer = list.context().waitForEvent("page");
  await list.locator("tr.row").filter({ hasText: first }).first().click();
  await list.getByRole("link", { name: "Open in OHIF" }).click();
  const opened = await Promise.race([viewer, list.waitForURL(/\/viewer\?StudyInstanceUIDs=/).then(() => list)]);
  await drawn(opened, "from-the-page");
  await opened.close();
}

for (const modality of modalities) {
  const study = studies.find((one) => value(one, "00080061").includes(modality));
  assert.ok(study, `a study of ${modality}`);
  const page = await open(`/viewer?StudyInstanceUIDs=${value(study, "0020000D")[0]}`);
  await drawn(page, modality);
  // What has no picture of its own is listed beside those that have.
  if (modality === "SEG") await page.getByText("Segmentation", { exact: true }).first().waitFor();
  if (modality === "SR") await page.getByText("Report", { exact: true }).first().waitFor();
  await shot(page, modality);
  await page.close();
}
for (const uid of uids) {
  const page = await open(`/viewer?StudyInstanceUIDs=${uid}`);
  await drawn(page, uid);
  await shot(page, uid);
  await page.close();
}
await browser.close();
assert.deepEqual(findings, []);
