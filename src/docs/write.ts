import { mkdirSync, writeFileSync } from "node:fs";
import { renderDocuments } from "./documents.ts";

const root = new URL("../../", import.meta.url);

mkdirSync(new URL("docs", root), { recursive: true });
for (const [path, text] of renderDocuments()) {
  writeFileSync(new URL(path, root), text);
  console.log(`Wrote ${path}`);
}
