import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect } from "chai";
import { settings } from "../../src/config.ts";
import { isAlive, type PrivateCluster, privateCluster } from "../kit/pm2.ts";
import { eventually } from "../kit/wait.ts";

const PATIENCE_MS = 60_000;

describe("under a PM2 of somebody else", function () {
  this.timeout(PATIENCE_MS);
  let here: PrivateCluster;
  let stranger: string;

  before(async () => {
    here = await privateCluster();
    stranger = join(here.folder, "stranger.cjs");
    await writeFile(stranger, "setInterval(() => {}, 1_000);");
    await here.pm2(["start", stranger, "--name", "stranger"]);
  });

  after(async () => {
    await here.pm2(["kill"]);
    await here[Symbol.asyncDispose]();
  });

  it("leaves another's app and PM2 itself alone, through start, reload and stop", async () => {
    const before = await here.apps();
    const daemon = await here.daemonPid;
    for (const command of ["start", "reload", "stop"]) {
      const { code, output } = await here.cluster(command);
      expect(code, output).to.equal(0);
      expect(
        (await here.apps()).filter(({ name }) => name === "stranger"),
        command,
      ).to.deep.equal(before);
    }
    expect(await here.apps()).to.deep.equal(before);
    expect([await here.daemonPid, before.every(({ pid }) => isAlive(pid))]).to.deep.equal([daemon, true]);
  });

  it("refuses to take over an app that has its name, and to end it", async () => {
    await here.pm2(["start", stranger, "--name", `carillon-${here.port}`]);
    const before = await here.apps();
    for (const command of ["start", "reload", "stop"]) {
      const { code, output } = await here.cluster(command);
      expect(code).to.equal(1);
      expect(output).to.include("not ours");
    }
    expect(await here.apps()).to.deep.equal(before);
    await here.pm2(["delete", `carillon-${here.port}`]);
  });

  it("lets PM2 itself start pm2.config.cjs; a worker that cannot start is never online, and errored in the end", async () => {
    await here.replaceMain(`import "./nowhere.js";`);
    const states = new Set<string>();
    await here.pm2(["start", "pm2.config.cjs"], { REDIS_URL: "redis://127.0.0.1:1", WORKERS: "1" });
    await eventually(async () => {
      const [worker] = (await here.apps()).filter(({ name }) => name !== "stranger");
      states.add(worker?.status ?? "absent");
      return worker?.status === "errored";
    }, 30_000);
    await here.restoreMain();
    expect([...states]).to.not.include("online");
    expect(await here.log())
      .to.include("The worker could not start")
      .and.include("nowhere.js");
    await here.pm2(["delete", `carillon-${here.port}`]);
  });

  it("says why it starts no workers that have nothing in common", async () => {
    const { code, output } = await here.pm2(["start", "pm2.config.cjs"]);
    expect(code).to.equal(1);
    expect(output).to.include("REDIS_URL is not set");
  });
});

describe("pm2.config.cjs", () => {
  it("names every variable of the service, so that a worker finds none of whoever started PM2", () => {
    const ofService = settings.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
    const read = createRequire(import.meta.url);
    const { SECRETS, VARIABLES } = read("../../scripts/cluster/variables.cjs") as Record<string, string[]>;
    expect(VARIABLES).to.have.members([...ofService, "CARILLON_ENTRY"]);
    expect(SECRETS).to.have.members(settings.filter(({ secret }) => secret).map(({ name }) => name));
  });
});
