import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { Browser } from "playwright-core";
import { launchBrowser, type View, Visitor } from "../kit/browser.ts";
import { startServer, type TestServer } from "../kit/server.ts";

/** What may be loaded before a view is chosen. */
const FIRST_LOAD_BYTES = 150 * 1024;
const WEB = fileURLToPath(new URL("../../dist/web/", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("The web page", () => {
  let browser: Browser;

  before(async function () {
    this.timeout(60_000);
    browser = await launchBrowser();
  });

  after(() => browser.close());

  it("loads little before a view is chosen, the monitor only when it is looked at, and nothing from elsewhere", async () => {
    await using server = await startServer();
    await using ann = await Visitor.open(browser, server.url, { serviceWorkers: "block" });
    await ann.page.getByLabel("Your name").waitFor();
    const first = ann.fetched.map((url) => url.replace(`${server.url}/`, "") || "index.html");
    expect(first.filter((path) => path.includes("://"))).to.deep.equal([]);
    const bytes = first.map((path) => gzipSync(readFileSync(WEB + path)).length).reduce((sum, size) => sum + size, 0);
    expect(bytes).to.be.below(FIRST_LOAD_BYTES);
    const assets = readdirSync(`${WEB}assets`);
    expect(assets.length, "all of it at once").to.be.above(first.length - 1);

    await ann.withToken(await server.token("ann", { name: "Ann", roles: ["monitor"] }));
    const before = ann.fetched.length;
    await ann.go("Monitor");
    await ann.page.getByRole("heading", { name: "Monitor" }).waitFor();
    const later = ann.fetched.slice(before).filter((url) => url.includes("/assets/"));
    expect(later.some((url) => url.endsWith(".js"))).to.equal(true);
    expect(ann.fetched.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith("data:"))).to.deep.equal(
      [],
    );
  });

  it("has a policy that lets nothing be run or shown but its own", async () => {
    await using server = await startServer();
    const { headers } = await server.call("GET", "/");
    const policy = new Map(
      headers
        .get("content-security-policy")
        ?.split(";")
        .map((part) => part.trim().split(/ (.*)/s) as [string, string]),
    );
    expect(policy.get("default-src")).to.equal("'none'");
    for (const name of ["script-src", "style-src", "connect-src"]) expect(policy.get(name)).to.equal("'self'");
    for (const name of ["base-uri", "frame-ancestors"]) expect(policy.get(name)).to.equal("'none'");
    expect(headers.get("content-security-policy")).to.not.match(/unsafe|\*/);
  });

  it("keeps to that policy in every view", async () => {
    await using server = await startServer({ guests: true });
    await fill(server);
    await using ann = await Visitor.open(browser, server.url);
    await enter(ann, server);
    for (const { view, ready } of VIEWS) {
      await ann.go(view);
      await ready(ann);
    }
    expect(ann.problems).to.deep.equal([]);
  });

  for (const colorScheme of ["light", "dark"] as const)
    it(`has nothing serious for axe to find, in ${colorScheme}`, async function () {
      this.timeout(40_000);
      await using server = await startServer({ guests: true });
      await fill(server);
      // The policy lets nobody put a script into the page, not even axe: what is evaluated is no part of it.
      await using ann = await Visitor.open(browser, server.url, { colorScheme });
      await ann.page.getByLabel("Your name").waitFor();
      expect(await faults(ann), "sign-in").to.deep.equal([]);
      await enter(ann, server);
      for (const { view, ready } of VIEWS) {
        await ann.go(view);
        await ready(ann);
        expect(await faults(ann), view).to.deep.equal([]);
      }
    });
});

const VIEWS: readonly { readonly view: View; ready(visitor: Visitor): Promise<unknown> }[] = [
  {
    view: "Notifications",
    ready: ({ page }) => page.getByRole("button", { name: /The build is red: critical/ }).waitFor(),
  },
  { view: "Monitor", ready: ({ page }) => page.locator("canvas").first().waitFor() },
  {
    view: "Chat",
    ready: async (visitor) => {
      await visitor.enter("lobby");
      await visitor.log.getByText("hello").waitFor();
    },
  },
];

async function enter(visitor: Visitor, server: TestServer): Promise<void> {
  await visitor.withToken(await server.token("ann", { name: "Ann", roles: ["monitor", "moderator"] }));
}

/** Something to see in each view. */
async function fill(server: TestServer): Promise<void> {
  const from = { id: "bob", name: "Bob" };
  await server.call("POST", "/api/rooms/lobby/messages", { id: "message-1", text: "hello", from });
  await server.call("POST", "/api/rooms/lobby/messages", { id: "message-2", text: "a second one", from });
  for (const level of ["info", "success", "warning", "critical"])
    await server.call("POST", "/api/notifications", {
      to: "ann",
      title: `The build is red: ${level}`,
      body: "See there",
      level,
    });
}

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** What axe calls serious or critical. */
async function faults({ page }: Visitor): Promise<string[]> {
  // Nothing may be measured while it fades in.
  await page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))");
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
}
