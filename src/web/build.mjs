// Builds the study browser with Vite and makes one file of it, which the server embeds:
// node build.mjs PACK. files.h says how the pack is read. Each file is kept in one form, gzipped, since
// every browser takes that. The same sources give the same pack, so it is kept beside the packages for other
// build folders.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const kept = join(root, "node_modules", ".cache", "lightbox");
const keptMax = 8;

const contentTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

function* filesBelow(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

function hashOfSources() {
  const hash = createHash("sha256");
  const sources = [...filesBelow(here)].filter((path) => ![".cc", ".h"].includes(extname(path)));
  for (const path of [...sources, join(root, "package-lock.json")]) {
    hash.update(`${relative(root, path)}\0`).update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

function pack(dist) {
  const lines = [];
  const contents = [];
  for (const file of filesBelow(dist)) {
    const type = contentTypes[extname(file)];
    if (!type) throw new Error(`no media type for ${file}`);
    const bytes = readFileSync(file);
    const gzipped = gzipSync(bytes, { level: 9 });
    const path = "/" + relative(dist, file);
    const etag = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
    lines.push(`${path === "/index.html" ? "/" : path}\t${type}\t"${etag}"\t${gzipped.length}`);
    contents.push(gzipped);
  }
  return Buffer.concat([Buffer.from(lines.join("\n") + "\n\n"), ...contents]);
}

function forgetOld() {
  const byAge = readdirSync(kept).map((name) => join(kept, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const path of byAge.slice(keptMax)) rmSync(path, { recursive: true, force: true });
}

const target = process.argv[2];
const ready = join(kept, `${hashOfSources()}.pack`);
if (!existsSync(ready)) {
  mkdirSync(kept, { recursive: true });
  const dist = mkdtempSync(join(kept, "dist-"));
  await build({ root: here, configFile: join(here, "vite.config.js"), logLevel: "error", build: { outDir: dist, emptyOutDir: true } });
  writeFileSync(`${dist}.pack`, pack(dist));
  renameSync(`${dist}.pack`, ready);
  rmSync(dist, { recursive: true });
  forgetOld();
}
copyFileSync(ready, target);
