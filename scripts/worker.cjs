"use strict";

// What PM2 starts. CommonJS, because PM2 swallows the rejection of an ES module that cannot be imported: such a worker would be
// "online" for ever, and serve nothing.

const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const entry = process.env.CARILLON_ENTRY || join(__dirname, "../dist/src/main.js");

// Nobody would stop a worker that has outlived who started it.
process.once("disconnect", () => process.exit(1));

import(pathToFileURL(entry).href).catch((error) => {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  // Under PM2 this stream is asynchronous: the process stays until the reason is in the log, and no longer than a second.
  process.stderr.write(`The worker could not start: ${reason}\n`, () => process.exit(1));
  setTimeout(() => process.exit(1), 1_000);
});
