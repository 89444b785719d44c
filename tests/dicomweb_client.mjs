// The npm package dicomweb-client, through which OHIF and others speak DICOMweb, in Chromium against a running server:
// node tests/dicomweb_client.mjs URL FILE…. Stores the files, finds them, and reads them back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, ...files] = process.argv.slice(2);
const sent = files.map((file) => readFileSync(file));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const page = await (await browser.newContext({ bypassCSP: true })).newPage();
  await page.goto(`${base}/healthz`);
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("dicomweb-client") });
  const found = await page.evaluate(use, { url: `${base}/dicomweb`, objects: sent.map((one) => one.toString("base64")) });

  assert.equal(found.studies, 1);
  assert.equal(found.series, 1);
  assert.equal(found.instances, sent.length);
  assert.equal(found.studyMetadata, sent.length);
  assert.equal(found.seriesMetadata, sent.length);
  assert.equal(found.instanceMetadata, found.sopInstanceUID);
  const object = Buffer.from(found.object, "base64");
  assert.ok(sent.some((one) => one.equals(object)), "the instance comes back as it was sent");
  assert.equal(found.wholeSeries, sent.length);
  assert.equal(found.frames.length, 1);
  const frame = Buffer.from(found.frames[0], "base64");
  assert.ok(frame.length > 0 && object.includes(frame), "the frame is that of the file");
  console.log(`${sent.length} instances stored, found and read back`);
} finally {
  await browser.close();
}

// In the page.
async function use({ url, objects }) {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
  const first = (data, tag) => data[tag]?.Value?.[0];
  const client = new window.DICOMwebClient.api.DICOMwebClient({ url });

  await client.storeInstances({ datasets: objects.map(bytes) });
  const studies = await client.searchForStudies({ queryParams: { PatientID: "DWC-1" } });
  const studyInstanceUID = first(studies[0], "0020000D");
  const series = await client.searchForSeries({ studyInstanceUID });
  const seriesInstanceUID = first(series[0], "0020000E");
  const inSeries = { studyInstanceUID, seriesInstanceUID };
  const instances = await client.searchForInstances(inSeries);
  const sopInstanceUID = first(instances[0], "00080018");
  const one = { ...inSeries, sopInstanceUID };
  const instanceMetadata = await client.retrieveInstanceMetadata(one);
  return {
    studies: studies.length,
    series: series.length,
    instances: instances.length,
    sopInstanceUID,
    studyMetadata: (await client.retrieveStudyMetadata({ studyInstanceUID })).length,
    seriesMetadata: (await client.retrieveSeriesMetadata(inSeries)).length,
    instanceMetadata: first([instanceMetadata].flat()[0], "00080018"),
    object: text(await client.retrieveInstance(one)),
    wholeSeries: (await client.retrieveSeries(inSeries)).length,
    frames: (await client.retrieveInstanceFrames({ ...one, frameNumbers: [1] })).map(text),
  };
}
