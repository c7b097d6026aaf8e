import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../kit/port.ts";
import { eventually } from "../kit/wait.ts";
import { isAlive, type PrivateCluster, privateCluster } from "../kit/pm2.ts";

const PATIENCE_MS = 60_000;

/** Writes down each connection to anywhere but this host, and each name that is looked up. */
const RECORDER = (file: string) => `
  const { appendFileSync } = require("node:fs");
  const { Socket, isIP } = require("node:net");
  const dns = require("node:dns");
  const isHere = (host) => /^(127\\.|::1$|localhost$|0\\.0\\.0\\.0$)/.test(host);
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function (...args) {
    const options = Array.isArray(args[0]) ? args[0][0] : args[0];
    const host = typeof options === "object" ? (options.path ? "localhost" : (options.host ?? "localhost")) : "localhost";
    if (!isHere(host)) appendFileSync(${JSON.stringify(file)}, "connect " + host + " by " + process.argv.join(" ") + "\\n");
    return connect.apply(this, args);
  };
  const lookup = dns.lookup;
  dns.lookup = function (host, ...rest) {
    if (!isHere(host) && !isIP(host)) appendFileSync(${JSON.stringify(file)}, "lookup " + host + "\\n");
    return lookup.call(this, host, ...rest);
  };
`;

describe("npm run cluster, where nothing runs", function () {
  this.timeout(PATIENCE_MS);
  let here: PrivateCluster;

  before(async () => {
    here = await privateCluster();
  });

  after(async () => {
    await here[Symbol.asyncDispose]();
  });

  /** No daemon of PM2, and no Redis. */
  const expectNothing = async () => {
    for (const pid of [await here.daemonPid, await here.redisPid]) expect(pid && isAlive(pid)).to.not.equal(true);
  };

  it("lists all that is wrong with the environment, and starts nothing", async () => {
    const { code, output } = await here.cluster("start", {
      RATE_BURST: "none",
      DRAIN_MS: "-1",
      JWT_SECRET: "too short",
    });
    expect(code).to.equal(1);
    for (const name of ["RATE_BURST", "DRAIN_MS", "JWT_SECRET"]) expect(output).to.include(name);
    expect(output).to.not.match(/too short|at .*\.m?js/);
    await expectNothing();
  });

  for (const [broken, source, reason] of [
    ["has a syntax error", "const = 1;", "SyntaxError"],
    ["imports what is not there", `import "./nowhere.js";`, "nowhere.js"],
    [
      "fails at its top level",
      `throw await Promise.resolve(new Error("the top level failed"));`,
      "the top level failed",
    ],
  ] as const) {
    it(`fails with the reason, and leaves nothing behind, where the entry ${broken}`, async () => {
      await here.replaceMain(source);
      const { code, output } = await here.cluster("start");
      await here.restoreMain();
      expect(code).to.equal(1);
      expect(output).to.include(reason);
      await expectNothing();
    });
  }

  it("fails where the port is taken, and leaves nothing behind", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(here.port, "127.0.0.1", resolve));
    const { code, output } = await here.cluster("start");
    await new Promise((resolve) => taken.close(resolve));
    expect(code).to.equal(1);
    expect(output).to.include(`127.0.0.1:${here.port}`).and.include("EADDRINUSE");
    await expectNothing();
  });

  it("fails where REDIS_URL leads nowhere, and leaves nothing behind", async () => {
    const { code, output } = await here.cluster("start --timeout 3", {
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    });
    expect(code).to.equal(1);
    expect(output).to.include("/readyz says 503");
    await expectNothing();
  });

  for (const moment of ["redisPid", "daemonPid"] as const) {
    it(`leaves nothing behind on a Ctrl-C when ${moment === "redisPid" ? "its Redis" : "PM2"} is there already`, async () => {
      const starting = here.begin("start");
      await eventually(async () => (await here[moment]) !== undefined, PATIENCE_MS);
      starting.process.kill("SIGINT");
      const { code, output } = await starting.ended;
      expect(code).to.equal(1);
      // Before it, perhaps, that Redis takes its time to start.
      expect(output.split("\n").slice(-2)).to.deep.equal(["Interrupted by SIGINT.", ""]);
      await expectNothing();
    });
  }

  it("stops all of it and nothing twice, keeps the data, and talks to nobody outside of this host", async () => {
    const [recorder, record] = [join(here.folder, "recorder.cjs"), join(here.folder, "record")];
    await writeFile(recorder, RECORDER(record));
    await writeFile(record, "");
    const env = { NODE_OPTIONS: `--require ${recorder}` };
    const started = await here.cluster("start", env);
    expect(started.code, started.output).to.equal(0);
    const daemon = (await here.daemonPid) ?? 0;
    const all = [...(await here.pids()), daemon, (await here.redisPid) ?? 0];
    // What would call home once a day.
    expect(await readFile(`/proc/${daemon}/environ`, "utf8")).to.include("PM2_DISABLE_VERSION_CHECK=1");
    await here.withRedis((client) => client.set("kept", "over the stop"));
    expect((await here.cluster("reload", env)).code).to.equal(0);
    all.push(...(await here.pids()));

    expect((await here.cluster("stop", env)).code).to.equal(0);
    expect(all.filter(isAlive)).to.deep.equal([]);
    expect((await here.cluster("stop", env)).code).to.equal(0);
    expect(await readFile(record, "utf8")).to.equal("");

    expect((await here.cluster("start")).code).to.equal(0);
    expect(await here.withRedis((client) => client.get("kept"))).to.equal("over the stop");
  });
});
