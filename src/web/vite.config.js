// Vite builds the study browser into DIST (--outDir); cmake/web.cmake calls it. `npx vite src/web` serves it with
// hot reload beside a Lightbox on port 8080.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const lightbox = "http://localhost:8080";

export default defineConfig({
  // cornerstone3D's loader of meshes takes half of vtk.js along, and a package that needs Node's modules.
  resolve: { alias: [{ find: /^@kitware\/vtk\.js\/IO\/.*$/, replacement: fileURLToPath(new URL("app/viewer/unused.ts", import.meta.url)) }] },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy has no data: scripts
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: "es" },
  server: { proxy: Object.fromEntries(["/baseR4", "/dicomweb", "/metrics", "/page.json"].map((path) => [path, lightbox])) },
});
