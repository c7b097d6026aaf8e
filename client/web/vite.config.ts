import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: folder("."),
  // The page may be mounted below any path.
  base: "./",
  build: {
    outDir: folder("../../dist/web"),
    emptyOutDir: true,
    // The policy lets no script or style be written into the page, nor any data: URL be fetched as a script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/socket.io": { target: "http://127.0.0.1:3000", ws: true }, "/api": "http://127.0.0.1:3000" } },
});
