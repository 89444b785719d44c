// Scenarios of tests/page_test.py: node tests/page.mjs NAME URL. Each drives Chromium against a running server with the
// demo studies. Whatever the scenario: nothing goes to another host, the console has no errors.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [name, base] = process.argv.slice(2);
const shots = process.env.LIGHTBOX_SCREENSHOTS;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const findings = [];
// Responses that a scenario wants to fail, by their URLs.
const expected = [];
const isExpected = (url) => expected.some((pattern) => pattern.test(url));

// Pictures are drawn without WebGL, as where there is no GPU; one scenario has WebGL, by software.
const drawing = name === "webgl" ? ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"] : ["--disable-gpu", "--disable-software-rasterizer"];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage", ...drawing],
});

async function open(path = "/", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 860 }, locale: "en-GB", timezoneId: "UTC", bypassCSP: options.bypassCSP ?? false, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("console", (message) => {
    if (message.type() === "error" && !isExpected(message.location().url)) findings.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => {
    if (!isExpected(error.message)) findings.push(`page: ${error.stack || error.message}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !/^(blob|data):/.test(request.url())) findings.push(`request to elsewhere: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !isExpected(response.url())) findings.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(base + path);
  return page;
}

async function shot(page, label = name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${label}.png` });
}

const rows = (page) => page.locator("tr.row");
const texts = (page, selector) => page.locator(`tr.row ${selector}`).allTextContents();
const settled = (page) => page.waitForFunction(() => document.querySelector(".found")?.getAttribute("aria-busy") === "false" && document.querySelectorAll("tr.row").length > 0);

async function searchFor(page, text) {
  await page.getByPlaceholder("Patient name, ID or accession number").fill(text);
}

async function openStudy(page, description, year) {
  await page.goto(`${base}/#/`);
  await settled(page);
  await rows(page).filter({ hasText: description }).filter({ hasText: year }).first().click();
  await page.locator(".study-pictures").waitFor();
}

const ready = (page) => page.locator('.canvas[data-ready="true"]').waitFor({ timeout: name === "webgl" ? 200_000 : 90_000 });
const position = async (page) => (await page.locator(".overlay-left").textContent()).match(/(\d+) \/ (\d+)$/)?.slice(1).map(Number);
const shownWindow = async (page) => (await page.locator(".overlay-bottom").textContent()).match(/C (-?\d+)W (\d+)(\d{3}|\d{2}) %/) && page.evaluate(() => [...document.querySelectorAll(".overlay-bottom span")].map((span) => Number(span.textContent.replace(/[^\d-]/g, ""))));

// How bright the picture is, and how much of it is not black.
async function brightness(page) {
  const picture = (await page.locator(".canvas").screenshot()).toString("base64");
  return page.evaluate(async (png) => {
    const seen = new Image();
    seen.src = `data:image/png;base64,${png}`;
    await seen.decode();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [100, 100];
    const context = copy.getContext("2d");
    context.drawImage(seen, 0, 0, 100, 100);
    const { data } = context.getImageData(0, 0, 100, 100);
    let [sum, lit, coloured] = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) {
      const value = (data[i] + data[i + 1] + data[i + 2]) / 3;
      sum += value;
      lit += value > 20;
      coloured += Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60;
    }
    return { mean: sum / 10_000, lit: lit / 10_000, coloured: coloured / 10_000 };
  }, picture);
}

async function eventually(what, check, timeoutMs = 15_000) {
  const ends = Date.now() + timeoutMs;
  for (;;) {
    if (await check()) return;
    if (Date.now() > ends) assert.fail(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function axe(page, where) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  const grave = result.violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assert.deepEqual(grave.map((one) => `${where}: ${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`), []);
}

const scenarios = {
  async first() {
    const page = await open();
    await settled(page);
    assert.ok((await rows(page).count()) >= 40, "a page of studies");
    assert.match(await rows(page).first().textContent(), /Mannequin, Maxim.*MR Brain/);
    // The newest have pictures.
    await eventually("thumbnails", () => page.evaluate(() => [...document.querySelectorAll("tr.row img.thumbnail")].filter((image) => image.complete && image.naturalWidth > 0).length >= 8));
    await shot(page);
  },

  async search() {
    const page = await open();
    await settled(page);
    await searchFor(page, "phan");
    await eventually("the phantom's studies only", async () => (await texts(page, ".row-name")).every((text) => text === "Phantom, Penelope") && (await rows(page).count()) === 4);
    assert.match(page.url(), /#\/\?q=phan/);
    await shot(page);
    await searchFor(page, "penel phantom");
    await eventually("both words", async () => (await rows(page).count()) === 4);
    await searchFor(page, "DEMO-1005");
    await eventually("by number", async () => (await texts(page, ".row-name")).join() === "Exemplar, Emi");
    const accession = (await texts(page, ".cell-accession"))[0];
    await searchFor(page, accession);
    await eventually("by accession number", async () => (await rows(page).count()) === 1);
    await searchFor(page, "nobody");
    await page.getByText("Nothing matches").waitFor();
    await page.getByRole("button", { name: "Show all studies" }).click();
    await settled(page);
    // What is typed while an answer is under way: the last question wins.
    const field = page.getByPlaceholder("Patient name, ID or accession number");
    await field.click();
    await page.keyboard.type("mannequin", { delay: 15 });
    await eventually("the last question's answer", async () => (await texts(page, ".row-name")).every((text) => text.startsWith("Mannequin")) && (await rows(page).count()) === 3);
  },

  async filters() {
    const page = await open();
    await settled(page);
    await page.getByRole("button", { name: "PT", exact: true }).click();
    const all = async (selector, holds) => (await rows(page).count()) > 0 && (await texts(page, selector)).every(holds);
    await eventually("PET only", () => all(".cell-modality", (text) => text.includes("PT")));
    const ofPet = await rows(page).count();
    await page.getByRole("button", { name: "MG", exact: true }).click();
    await eventually("or mammography", async () => (await all(".cell-modality", (text) => /PT|MG/.test(text))) && (await rows(page).count()) > ofPet);
    await page.goBack();
    await eventually("the back button takes one back", async () => (await rows(page).count()) === ofPet);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByLabel("Description").fill("heart");
    await eventually("by description", () => all(".row-description", (text) => /heart/i.test(text)));
    await page.getByLabel("Description").fill("");
    await page.getByLabel("Body part").fill("hand");
    await eventually("by body part", () => all(".cell-description", (text) => /hand/i.test(text)));
    await page.getByLabel("Body part").fill("");
    await page.getByLabel("From").fill("2026-10-01");
    await page.getByLabel("To", { exact: true }).fill("2026-10-31");
    await eventually("of October", async () => (await texts(page, ".cell-date .tabular:first-child")).every((text) => text.includes("Oct 2026")) && (await rows(page).count()) === 4);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByLabel("Status").selectOption("cancelled");
    await eventually("cancelled ones", async () => (await rows(page).count()) > 0 && (await texts(page, ".cell-counts")).every((text) => text === "cancelled"));
    await page.reload();
    await eventually("the URL holds the state", async () => (await rows(page).count()) > 0 && (await texts(page, ".cell-counts")).every((text) => text === "cancelled"));
  },

  async sort() {
    const page = await open();
    await settled(page);
    for (const [column, selector] of [["Patient", ".row-name"], ["Description", ".row-description"]]) {
      const button = page.getByRole("columnheader", { name: column }).getByRole("button");
      for (const direction of ["ascending", "descending"]) {
        await button.click();
        await eventually(`${column} ${direction}`, async () => {
          // Emi's name in Japanese sorts her differently.
          const shown = (await texts(page, selector)).map((text) => text.toLowerCase()).filter((text) => !text.startsWith("exemplar"));
          const sorted = [...shown].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          if (direction === "descending") sorted.reverse();
          return shown.length >= 38 && shown.join() === sorted.join();
        });
        assert.equal(await page.getByRole("columnheader", { name: column }).getAttribute("aria-sort"), direction);
      }
    }
  },

  async paging() {
    const page = await open("/", { viewport: { width: 1400, height: 500 } });
    await settled(page);
    const total = Number((await page.locator(".summary").textContent()).match(/(\d+) stud/)[1]);
    assert.ok(total > 40, `${total} studies`);
    await rows(page).last().scrollIntoViewIfNeeded();
    await eventually("all pages", async () => (await rows(page).count()) === total);
    const ids = await page.locator("tr.row").evaluateAll((all) => all.map((row) => row.dataset.id));
    assert.equal(new Set(ids).size, total, "each once");
  },

  async keys() {
    const page = await open();
    await settled(page);
    await page.getByPlaceholder("Patient name, ID or accession number").press("ArrowDown");
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.locator('tr.row[aria-selected="true"]').evaluate((row) => [...row.parentElement.children].indexOf(row)), 2);
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Mannequin, Maxim" }).waitFor();
    await ready(page);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    assert.match(await page.getByRole("dialog").textContent(), /Next, previous series/);
    await shot(page);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.keyboard.press("Escape");
    await settled(page);
    await page.keyboard.press("/");
    await page.keyboard.type("emi");
    await eventually("typed into the field", async () => (await texts(page, ".row-name")).join() === "Exemplar, Emi");
  },

  async failure() {
    expected.push(/started=genonsense/, /ImagingStudy\/none$/);
    const page = await open("/#/?from=nonsense");
    const told = page.getByRole("alert");
    await told.waitFor();
    assert.match(await told.textContent(), /started.*nonsense|nonsense.*started/s);
    await shot(page);
    await page.goto(`${base}/#/study/none`);
    await page.getByText(/ImagingStudy\/none/).waitFor();
  },

  async pictures() {
    const page = await open();
    await openStudy(page, "CT Chest with contrast", "2026");
    await ready(page);
    assert.equal(await page.locator(".strip").count(), 4);
    await eventually("strips of pictures", () => page.evaluate(() => [...document.querySelectorAll(".strip-pictures img")].filter((image) => image.naturalWidth > 0).length === 10));
    const [start, count] = await position(page);
    assert.deepEqual([start, count], [19, 36]);
    const lit = await brightness(page);
    assert.ok(lit.lit > 0.15 && lit.lit < 0.9, JSON.stringify(lit));
    await shot(page);
    // Scrolling: wheel, keys, the slider.
    const canvas = page.locator(".canvas");
    await canvas.hover();
    await page.mouse.wheel(0, 120);
    await eventually("one further", async () => (await position(page))[0] === 20);
    await page.keyboard.press("PageUp");
    await page.keyboard.press("ArrowUp");
    await eventually("by keys", async () => (await position(page))[0] === 9);
    await page.keyboard.press("End");
    await eventually("the last", async () => (await position(page))[0] === 36);
    await page.getByRole("slider", { name: "Picture" }).fill("12");
    await eventually("by the slider", async () => (await position(page))[0] === 12);
    // Window: a preset, a drag, reset.
    assert.deepEqual((await shownWindow(page)).slice(0, 2), [40, 400]);
    const before = await brightness(page);
    await page.getByLabel("Window preset").selectOption({ label: "2 Lung" });
    await eventually("lung window", async () => (await shownWindow(page))[1] === 1500);
    await eventually("it is brighter", async () => (await brightness(page)).mean > before.mean + 10);
    await shot(page, "pictures-lung");
    const box = await canvas.boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const drag = async (dx, dy, button = "left") => {
      await page.mouse.move(x, y);
      await page.mouse.down({ button });
      await page.mouse.move(x + dx, y + dy, { steps: 6 });
      await page.mouse.up({ button });
    };
    await drag(100, 50);
    await eventually("wider and higher", async () => { const [center, width] = await shownWindow(page); return width > 1600 && center > -560; });
    await drag(0, -120, "right");
    await eventually("zoomed", async () => (await shownWindow(page))[2] > 150);
    await page.keyboard.press("r");
    await eventually("reset", async () => { const [center, width, zoom] = await shownWindow(page); return center === 40 && width === 400 && zoom === 100; });
    await page.keyboard.press("i");
    await eventually("inverted", async () => (await brightness(page)).mean > 120);
    // Another series, from its strip: the picture that was clicked.
    await page.locator(".strip").nth(1).locator(".strip-pictures button").last().click();
    await eventually("the last picture of series 3", async () => /Thorax 5.0 lung/.test(await page.locator(".overlay-left").textContent()) && (await position(page))[0] === 36);
    await page.goBack().catch(() => undefined);
  },

  async webgl() {
    const page = await open();
    await openStudy(page, "CT Chest with contrast", "2026");
    await ready(page);
    const before = await brightness(page);
    assert.ok(before.lit > 0.15 && before.lit < 0.9, JSON.stringify(before));
    await page.keyboard.press("2");
    await eventually("lung window", async () => (await brightness(page)).mean > before.mean + 10);
    await shot(page);
  },

  async modalities() {
    const page = await open();
    const studies = [["MR Brain", "2026", {}], ["US Heart", "2026", { coloured: 0.002 }], ["MG Mammography", "2026", {}], ["XR Chest", "2026", { lit: 0.5 }], ["PET/CT", "2026", {}], ["XR Hand", "2026", {}], ["CT Head", "2026", {}]];
    for (const [description, year, { coloured = 0, lit = 0.05 }] of studies) {
      await openStudy(page, description, year);
      const count = await page.locator(".strip").count();
      for (let series = 0; series < count; series++) {
        const strip = page.locator(".strip").nth(series);
        if ((await strip.locator(".strip-pictures").count()) === 0) continue;
        await strip.locator(".strip-head").click();
        await eventually(`series ${series} of ${description}`, async () => (await strip.getAttribute("data-chosen")) === "true");
        await ready(page);
        await eventually(`a picture of ${description}, series ${series}`, async () => {
          const seen = await brightness(page);
          return seen.lit > lit && seen.coloured >= coloured;
        });
      }
      await shot(page, `modality-${description.split(" ")[0].replace("/", "-")}`);
    }
    // A cine plays.
    await openStudy(page, "US Heart", "2026");
    await ready(page);
    await page.getByRole("button", { name: "Play" }).click();
    const seen = new Set();
    await eventually("it plays", async () => seen.add((await position(page))[0]).size > 4);
    await page.getByRole("button", { name: "Pause" }).click();
  },

  // Objects of many makers: every study shows a picture or a document, or says why it does not.
  async samples() {
    const page = await open();
    // Where pixel data are missing or damaged; what fails there, cornerstone3D rejects twice.
    expected.push(/\/dicomweb\//, /^XMLHttpRequest$/);
    const seen = { picture: 0, document: 0, trouble: 0 };
    for (const modality of ["CT", "MR", "US", "MG", "CR", "PT", "SEG", "SR"]) {
      const found = await (await page.request.get(`${base}/baseR4/ImagingStudy?modality=${modality}&_count=3&_elements=identifier`)).json();
      for (const { resource } of found.entry ?? []) {
        await page.goto(`${base}/#/study/${resource.id}`);
        await page.locator(".study-pictures").waitFor();
        await page.locator(".strip", { hasText: modality }).first().locator(".strip-head").click();
        const outcomes = { picture: '.canvas[data-ready="true"]', document: ".document", trouble: ".trouble" };
        const outcome = page.locator(Object.values(outcomes).join(", ")).first();
        await outcome.waitFor();
        const kind = (await outcome.getAttribute("class")).split(" ").find((name) => name === "document" || name === "trouble") ?? "picture";
        seen[kind] += 1;
        if (kind === "trouble") {
          const text = await outcome.textContent();
          assert.ok(text.length > 20 && !text.includes("[object"), `${resource.id}: ${text}`);
        }
        await shot(page, `sample-${modality}-${kind}`);
      }
    }
    console.log(JSON.stringify(seen));
    assert.ok(seen.picture >= 12 && seen.document >= 4, JSON.stringify(seen));
  },

  async touch() {
    const page = await open("/", { viewport: { width: 900, height: 1100 }, hasTouch: true });
    await openStudy(page, "CT Chest with contrast", "2026");
    await ready(page);
    const box = await page.locator(".canvas").boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const session = await page.context().newCDPSession(page);
    const touch = (type, points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([px, py], id) => ({ x: px, y: py, id })) });
    await page.getByRole("button", { name: "Scroll through the pictures" }).click();
    const [start] = await position(page);
    await touch("touchStart", [[x, y]]);
    for (let step = 1; step <= 10; step++) await touch("touchMove", [[x, y + step * 20]]);
    await touch("touchEnd", []);
    await eventually("one finger scrolls", async () => (await position(page))[0] > start);
    await touch("touchStart", [[x - 40, y], [x + 40, y]]);
    for (let step = 1; step <= 10; step++) await touch("touchMove", [[x - 40 - step * 8, y], [x + 40 + step * 8, y]]);
    await touch("touchEnd", []);
    await eventually("two fingers zoom", async () => (await shownWindow(page))[2] > 150);
  },

  async documents() {
    const page = await open();
    await openStudy(page, "CT Chest with contrast", "2026");
    await page.locator(".strip", { hasText: "Report" }).locator(".strip-head").click();
    await page.getByText("The nodule in the right upper lobe has grown").waitFor();
    await shot(page);
    await page.locator(".strip", { hasText: "Segmentation" }).locator(".strip-head").click();
    await page.getByRole("cell", { name: "Nodule" }).waitFor();
    await openStudy(page, "MG Mammography", "2026");
    await page.locator(".strip", { hasText: "Screening letter" }).locator(".strip-head").click();
    const link = page.getByRole("link", { name: "Open the document" });
    const answer = await page.request.get(base + (await link.getAttribute("href")));
    assert.equal(answer.status(), 200);
    assert.match(answer.headers()["content-type"], /^application\/pdf/);
    assert.equal((await answer.body()).subarray(0, 5).toString(), "%PDF-");
  },

  async resource() {
    const page = await open();
    await openStudy(page, "CT Head", "2026");
    await page.getByRole("tab", { name: "FHIR" }).click();
    await page.getByText("Seen by a test").first().waitFor();
    await page.getByText("2 · Head 4.5 brain").click();
    await shot(page, "resource-tree");
    await page.getByRole("button", { name: "JSON", exact: true }).click();
    const json = JSON.parse(await page.locator("pre.json").textContent());
    assert.equal(json.resourceType, "ImagingStudy");
    await page.getByRole("tab", { name: "History" }).click();
    await page.getByText("Version 2").waitFor();
    await page.getByRole("cell", { name: "Seen by a test" }).waitFor();
    await shot(page, "resource-history");
    await page.getByRole("tab", { name: "Mapping" }).click();
    await page.getByRole("cell", { name: "(0008,1030) StudyDescription" }).waitFor();
    assert.match(await page.locator(".mapping").textContent(), /Changed by clients.*note/s);
    await page.getByLabel("Find an element").fill("bodySite");
    await eventually("found", async () => /bodySite/.test(await page.locator(".mapping tbody tr").first().textContent()));
    await shot(page, "resource-mapping");
    await page.goto(`${base}/#/study/img-001?tab=mapping`);
    expected.push(/img-001\/\$explain-mapping$/);
    await page.getByText("not made from DICOM objects").waitFor();
  },

  async timeline() {
    const page = await open();
    await openStudy(page, "CT Chest with contrast", "2026");
    assert.equal(await page.locator(".others .timeline-entry").count().then((n) => n || page.locator(".others .timeline-entry").first().waitFor().then(() => page.locator(".others .timeline-entry").count())), 4);
    await page.locator(".others .timeline-entry", { hasText: "2025" }).first().click();
    await page.locator(".study-what", { hasText: "2025" }).waitFor();
    await page.getByRole("heading", { name: "Phantom, Penelope" }).getByRole("link").click();
    await page.locator(".axis-dot").first().waitFor();
    assert.equal(await page.locator(".axis-dot").count(), 4);
    await shot(page);
    await page.goBack();
    await page.locator(".study-what", { hasText: "2025" }).waitFor();
  },

  async ohif() {
    const page = await open();
    await openStudy(page, "CT Head", "2026");
    const link = page.getByRole("link", { name: "Open in OHIF" });
    await link.waitFor();
    const id = new URL(page.url()).hash.match(/study\/([^?]+)/)[1];
    assert.equal(await link.getAttribute("href"), `http://127.0.0.1:1/viewer?study=${id}`);
  },

  async upload() {
    const page = await open();
    await settled(page);
    const transfer = await page.evaluateHandle(() => new DataTransfer());
    const files = ["series/1.dcm", "series/2.dcm", "series/3.dcm", "broken.dcm", "README.txt"].map((path) => [path, readFileSync(`${process.env.UPLOADS}/disk/${path}`).toString("base64")]);
    await page.evaluate(([into, all]) => {
      for (const [path, content] of all) {
        into.items.add(new File([Uint8Array.from(atob(content), (character) => character.charCodeAt(0))], path.split("/").at(-1)));
      }
    }, [transfer, files]);
    await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
    await page.getByText("Drop DICOM files and folders").waitFor();
    await shot(page, "upload-drop");
    expected.push(/\/dicomweb\/studies$/); // 409: the broken file, on its own
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await page.getByRole("heading", { name: "Done, with failures" }).waitFor();
    const panel = page.getByRole("region", { name: "Upload" });
    const told = await panel.textContent();
    assert.match(told, /3 stored/);
    assert.match(told, /1 failed/);
    assert.match(told, /1 passed over/);
    assert.match(told, /broken\.dcm/);
    await shot(page);
    await panel.getByRole("button", { name: "Close" }).click();
    await panel.waitFor({ state: "hidden" });
    await searchFor(page, "Ursula");
    await eventually("the study is found", async () => {
      await page.reload();
      await page.waitForTimeout(300);
      return (await texts(page, ".row-name")).join() === "Upload, Ursula";
    });
  },

  async problems() {
    const page = await open("/#/problems");
    const entries = page.locator(".problem");
    await entries.first().waitFor();
    await shot(page);
    for (let left = await entries.count(); left > 0; left--) {
      await entries.first().getByRole("button", { name: /^Dismiss/ }).click();
      const sure = entries.first().getByRole("button", { name: "Delete the file and dismiss" });
      if (await sure.count()) await sure.click();
      await eventually("one less", async () => (await entries.count()) === left - 1);
    }
    await page.getByText("No problems").waitFor();
  },

  async system() {
    const page = await open("/#/system");
    const card = (title) => page.locator(".card", { hasText: title }).locator(".card-value");
    await card("Instances").waitFor();
    assert.ok(Number((await card("Instances").textContent()).replace(/\D/g, "")) >= 383);
    assert.match(await card("Images on disk").textContent(), /MB$/);
    await page.getByText("Taking writes").waitFor();
    assert.match(await page.locator(".system-facts").textContent(), /Version\d+\.\d+\.\d+/);
    await eventually("rates", async () => (await page.locator(".spark polyline").count()) >= 1, 10_000);
    await shot(page);
  },

  async dark() {
    const page = await open("/", { colorScheme: "dark" });
    await settled(page);
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(await ground(), "rgb(14, 19, 22)");
    await shot(page);
    await axe(await open("/", { colorScheme: "dark", bypassCSP: true }).then(async (other) => (await settled(other), other)), "dark list");
    await page.getByRole("button", { name: /^Colours/ }).click();
    assert.equal(await ground(), "rgb(245, 247, 248)");
    await page.reload();
    await settled(page);
    assert.equal(await ground(), "rgb(245, 247, 248)", "it is kept");
    await page.getByRole("button", { name: /^Colours/ }).click();
    assert.equal(await ground(), "rgb(14, 19, 22)");
  },

  async phone() {
    const page = await open("/", { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
    const fits = async (where) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} is wider than the phone`);
    await settled(page);
    await fits("the list");
    await shot(page, "phone-list");
    await page.getByRole("button", { name: /^Filters/ }).tap();
    await page.getByRole("button", { name: "CT", exact: true }).tap();
    await settled(page);
    await fits("the filters");
    await page.getByRole("button", { name: /^Filters/ }).tap();
    await rows(page).filter({ hasText: "CT Chest with contrast" }).first().tap();
    await ready(page);
    await fits("a study");
    const { lit } = await brightness(page);
    assert.ok(lit > 0.1);
    await shot(page, "phone-study");
    for (const tab of ["FHIR", "History", "Mapping"]) {
      await page.getByRole("tab", { name: tab }).tap();
      await page.waitForTimeout(500);
      await fits(tab);
    }
    for (const place of ["problems", "system"]) {
      await page.goto(`${base}/#/${place}`);
      await page.waitForTimeout(500);
      await fits(place);
    }
  },

  async accessible() {
    const page = await open("/", { bypassCSP: true });
    await settled(page);
    await axe(page, "list");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await axe(page, "help");
    await page.keyboard.press("Escape");
    await openStudy(page, "CT Chest with contrast", "2026");
    await ready(page);
    await axe(page, "study");
    for (const tab of ["FHIR", "History", "Mapping"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.locator(`.${{ FHIR: "resource", History: "history", Mapping: "mapping" }[tab]}`).waitFor();
      await axe(page, tab);
    }
    await page.getByRole("heading", { name: "Phantom, Penelope" }).getByRole("link").click();
    await page.locator(".axis-dot").first().waitFor();
    await axe(page, "patient");
    await page.goto(`${base}/#/system`);
    await page.locator(".card").first().waitFor();
    await axe(page, "system");
    await page.goto(`${base}/#/problems`);
    await page.getByRole("heading", { name: "Problems", exact: true }).waitFor();
    await axe(page, "problems");
    // By keys alone: past the bar to a study.
    await page.goto(`${base}/#/`);
    await settled(page);
    await page.getByRole("link", { name: "To the content" }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator(".study-pictures").waitFor();
  },

  async empty() {
    const page = await open();
    await page.getByRole("heading", { name: "No studies yet" }).waitFor();
    const text = await page.locator(".welcome").textContent();
    assert.ok(text.includes(`curl -F file=@image.dcm ${base}/dicomweb/studies`), text);
    assert.ok(text.includes("storescu"), text);
    await shot(page);
  },
};

let failed = false;
try {
  await scenarios[name]();
} catch (error) {
  failed = true;
  console.log(error.stack ?? error);
  const page = browser.contexts().at(-1)?.pages().at(-1);
  if (page && shots) await shot(page, `${name}-failed`);
}
if (findings.length > 0) {
  failed = true;
  console.log(findings.join("\n"));
}
await browser.close();
process.exit(failed ? 1 : 0);
