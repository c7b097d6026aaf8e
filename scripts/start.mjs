import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

ensureInstalled();
build();

// In this very process, so that signals, standard streams and the exit code are the service's own.
await import("../dist/src/main.js");
