import { expect } from "chai";
import type { Browser } from "playwright-core";
import type { CarillonOptions } from "../../src/options.ts";
import { launchBrowser, PATIENCE_MS, Visitor } from "../kit/browser.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { serveFleet, someHosts } from "./fleet.ts";

/** A made-up fleet in the place of the service's own; all that it has sampled comes at once. */
const WITH_FLEET: CarillonOptions = { namespaces: { monitor: false }, maxBufferBytes: 2 ** 26 };

describe("The monitor in the web app", () => {
  let browser: Browser;

  before(async function () {
    this.timeout(60_000);
    browser = await launchBrowser();
  });

  after(() => browser.close());

  async function come(server: TestServer, roles: readonly ("monitor" | "moderator")[] = ["monitor"]): Promise<Visitor> {
    const visitor = await Visitor.open(browser, `${server.url}/#/monitor`);
    return visitor.withToken(await server.token("ann", { name: "Ann", roles: [...roles] }));
  }

  it("shows this host's charts, and they move", async () => {
    await using server = await startServer();
    await using ann = await come(server);
    const cpu = chart(ann, "CPU of");
    await cpu.locator("canvas").waitFor();
    await chart(ann, "Event-loop lag").waitFor();
    expect(await ann.page.getByRole("row").count()).to.be.at.least(3);
    const before = await pixels(ann);
    await eventually(async () => expect(await pixels(ann)).to.not.equal(before), PATIENCE_MS);
    expect(ann.problems).to.deep.equal([]);
  });

  it("says what is needed to somebody without the role", async () => {
    await using server = await startServer();
    await using ann = await come(server, []);
    await ann.page.getByText("The role “monitor” is needed").waitFor();
    await ann.page.getByText("carillon token \\ --sub ann --role monitor").waitFor();
  });

  it("fills the charts at once with what was sampled, and draws a gap as a gap", async () => {
    await using server = await startServer(WITH_FLEET);
    serveFleet(server.carillon.io, {
      hosts: someHosts(1),
      isGap: (secondsAgo) => secondsAgo > 100 && secondsAgo < 200,
    });
    await using ann = await come(server);
    await chart(ann, "CPU of host-01").locator("canvas").waitFor();
    await eventually(async () => expect(await inked(ann)).to.deep.equal([true, false, true]), PATIENCE_MS);
  });

  it("tells of alerts by word, not by colour alone, and greys a host that left", async () => {
    await using server = await startServer(WITH_FLEET);
    const fleet = serveFleet(server.carillon.io, { hosts: someHosts(2) });
    await using ann = await come(server);
    const alerts = ann.page.getByRole("region", { name: "Alerts", exact: true });
    await alerts.getByText("None").waitFor();
    fleet.raise({ host: "host-02", metric: "cpu.percent", level: "critical", value: 97, threshold: 95 });
    await alerts
      .getByRole("listitem")
      .filter({ hasText: /Critical.*CPU on host-02.*97 %/s })
      .waitFor();
    const rows = ann.page.getByRole("table").getByRole("rowheader", { name: "host-02" });
    expect(await rows.count()).to.equal(4);
    fleet.leave("host-02");
    await ann.page.getByRole("region", { name: "host-02" }).getByText(/^Left/).waitFor();
    await eventually(async () => (await rows.count()) === 0);
  });

  it("sorts the workers by any column, and says by which", async () => {
    await using server = await startServer(WITH_FLEET);
    serveFleet(server.carillon.io, { hosts: someHosts(3) });
    await using ann = await come(server);
    const table = ann.page.getByRole("table");
    const cells = async (place: number) => {
      const texts = await table.locator(`tbody tr > :nth-child(${place})`).allTextContents();
      return texts.map((text) => Number.parseFloat(text.replaceAll(",", "")));
    };
    const header = table.getByRole("columnheader", { name: "PID" });
    await header.getByRole("button").click();
    expect(await header.getAttribute("aria-sort")).to.equal("descending");
    const descending = await cells(3);
    expect(descending).to.deep.equal(descending.toSorted((a, b) => b - a));
    await header.getByRole("button").click();
    expect(await header.getAttribute("aria-sort")).to.equal("ascending");
    expect(await cells(3)).to.deep.equal(descending.toReversed());
    expect(await table.locator(`[aria-sort="none"]`).count()).to.be.above(10);
  });

  it("draws only what is seen, once a sample, and takes colours that change", async () => {
    await using server = await startServer(WITH_FLEET);
    const fleet = serveFleet(server.carillon.io, { hosts: someHosts(10) });
    await using ann = await come(server);
    await chart(ann, "CPU of host-01").locator("canvas").waitFor();
    await ann.page.waitForFunction("document.querySelectorAll('canvas').length > 4");
    expect(await ann.page.locator("canvas").count(), "drawn").to.be.below(40);
    await countFills(ann);
    fleet.sample();
    const drawn = await eventually(async () => {
      const counts = await fills(ann);
      return counts.length > 4 && counts;
    }, PATIENCE_MS);
    expect(Math.max(...drawn), "the most that a chart was drawn").to.equal(1);
    const light = await pixels(ann);
    await ann.page.emulateMedia({ colorScheme: "dark" });
    await eventually(async () => expect(await pixels(ann)).to.not.equal(light), PATIENCE_MS);
  });
});

const chart = ({ page }: Visitor, name: string) => page.getByRole("img", { name });

/** What the first chart looks like. */
const pixels = ({ page }: Visitor) => page.evaluate("document.querySelector('canvas').toDataURL()");

/** Whether there is something of the line at the left, in the middle and at the right of the first chart. */
const inked = ({ page }: Visitor) =>
  page.evaluate(`(() => {
    const canvas = document.querySelector(".chart-plot canvas");
    const over = document.querySelector(".chart-plot .u-over");
    const ratio = canvas.width / canvas.clientWidth;
    const left = over.offsetLeft * ratio, width = over.offsetWidth * ratio;
    const top = over.offsetTop * ratio, height = over.offsetHeight * ratio;
    const has = (part) => {
      const { data } = canvas.getContext("2d").getImageData(left + width * part, top, 4, height);
      const line = getComputedStyle(document.querySelector(".chart-key"), "::before").backgroundColor;
      const [red, green, blue] = line.match(/[0-9]+/g).map(Number);
      for (let place = 0; place < data.length; place += 4)
        if (Math.abs(data[place] - red) + Math.abs(data[place + 1] - green) + Math.abs(data[place + 2] - blue) < 90 && data[place + 3] > 128)
          return true;
      return false;
    };
    return [0.15, 0.5, 0.85].map(has);
  })()`);

/** From now on counts how often each canvas is cleared, which is how its drawing begins. */
const countFills = ({ page }: Visitor) =>
  page.evaluate(`(() => {
    window.cleared = new Map();
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...area) {
      window.cleared.set(this.canvas, (window.cleared.get(this.canvas) ?? 0) + 1);
      return clearRect.apply(this, area);
    };
  })()`);

const fills = ({ page }: Visitor): Promise<number[]> => page.evaluate("[...window.cleared.values()]");
