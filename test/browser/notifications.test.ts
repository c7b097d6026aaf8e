import { expect } from "chai";
import type { Browser } from "playwright-core";
import { launchBrowser, PATIENCE_MS, Visitor } from "../kit/browser.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

describe("Notifications in the web app", () => {
  let browser: Browser;

  before(async function () {
    this.timeout(60_000);
    browser = await launchBrowser();
  });

  after(() => browser.close());

  it("come by HTTP into both tabs of a user, as toasts and a count, and are read in both by being read in one", async () => {
    await using server = await startServer();
    const token = await server.token("ann", { name: "Ann" });
    await using here = await (await Visitor.open(browser, server.url)).withToken(token);
    await using there = await (await Visitor.open(browser, server.url)).withToken(token);
    await titled([here, there], "Chat · Carillon");

    await server.call("POST", "/api/notifications", { to: "ann", title: "The <b>build</b> is red", level: "critical" });
    await server.call("POST", "/api/notifications", { to: "ann", title: "Lunch" });
    await titled([here, there], "(2) Chat · Carillon");
    for (const tab of [here, there]) {
      const toasts = tab.page.getByRole("region", { name: "Announcements" });
      await toasts.getByText("The <b>build</b> is red").waitFor();
      await toasts.getByText("Lunch").waitFor();
    }

    await here.go("Notifications");
    await here.page.getByRole("listitem").filter({ hasText: "Lunch" }).getByRole("button", { name: /Lunch/ }).click();
    await titled([here], "(1) Notifications · Carillon");
    await titled([there], "(1) Chat · Carillon");
    await here.page.getByRole("button", { name: "Mark all as read" }).click();
    await titled([here], "Notifications · Carillon");
    await titled([there], "Chat · Carillon");
    expect([here.problems, there.problems]).to.deep.equal([[], []]);
  });

  it("go out of the list of all tabs by being archived in one", async () => {
    await using server = await startServer();
    const token = await server.token("ann", { name: "Ann" });
    await server.call("POST", "/api/notifications", { to: "ann", title: "Lunch" });
    await using here = await (await Visitor.open(browser, `${server.url}/#/notifications`)).withToken(token);
    await using there = await (await Visitor.open(browser, `${server.url}/#/notifications`)).withToken(token);
    await itemOf(there).waitFor();
    await itemOf(here).getByRole("button", { name: "Archive" }).click();
    await itemOf(here).waitFor({ state: "detached" });
    await itemOf(there).waitFor({ state: "detached" });
  });
});

const itemOf = ({ page }: Visitor) => page.getByRole("listitem").filter({ hasText: "Lunch" });

/** Waits until all of them have this title. */
const titled = (tabs: readonly Visitor[], title: string) =>
  eventually(async () => {
    for (const { page } of tabs) expect(await page.title()).to.equal(title);
    return true;
  }, PATIENCE_MS);
