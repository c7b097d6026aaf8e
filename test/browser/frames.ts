import { launchBrowser, Visitor } from "../kit/browser.ts";
import { startServer } from "../kit/server.ts";
import { serveFleet, someHosts } from "./fleet.ts";

// Measures how smoothly the monitor scrolls: `npx tsx test/browser/frames.ts [hosts]`. A figure depends on the machine, so that no test asserts it.

const HOSTS = Number(process.argv[2] ?? 10);
const INTERVAL_MS = 1000;

/** Scrolls down and up for 10 s, and writes down how long each frame took. */
const SCROLL = `new Promise((resolve) => {
  const pane = document.querySelector(".monitor-content");
  const frames = [];
  const startedAt = performance.now();
  let last;
  let step = 12;
  const frame = (at) => {
    if (last !== undefined) frames.push(at - last);
    last = at;
    pane.scrollTop += step;
    if (pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 1) step = -12;
    if (pane.scrollTop <= 0) step = 12;
    if (performance.now() - startedAt < 10_000) requestAnimationFrame(frame);
    else resolve(frames);
  };
  requestAnimationFrame(frame);
})`;

const server = await startServer({ namespaces: { monitor: false }, maxBufferBytes: 2 ** 26 });
const fleet = serveFleet(server.carillon.io, { hosts: someHosts(HOSTS) });
const timer = setInterval(() => fleet.sample(), INTERVAL_MS);
const browser = await launchBrowser();
try {
  const visitor = await Visitor.open(browser, `${server.url}/#/monitor`, { viewport: { width: 1280, height: 800 } });
  await visitor.withToken(await server.token("ann", { name: "Ann", roles: ["monitor"] }));
  await visitor.page.locator("canvas").first().waitFor();
  const busy = await openMeter(visitor);
  for (const round of ["first", "second"]) {
    const before = await busy();
    const frames = (await visitor.page.evaluate<number[]>(SCROLL)).toSorted((a, b) => a - b);
    const at = (part: number) => (frames[Math.floor((frames.length - 1) * part)] ?? 0).toFixed(1);
    const busyMs = ((await busy()) - before) / 10;
    const long = frames.filter((ms) => ms > 20).length;
    console.log(
      `${round} 10 s, ${HOSTS} hosts: ${frames.length} frames, ${long} longer than 20 ms; median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; the page's thread was busy for ${busyMs.toFixed(0)} ms a second`,
    );
  }
} finally {
  clearInterval(timer);
  await browser.close();
  await server[Symbol.asyncDispose]();
}

/** Milliseconds of processor time that the page's main thread has used: a figure that other programs do not change much. */
async function openMeter({ page }: Visitor): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1000;
  };
}
