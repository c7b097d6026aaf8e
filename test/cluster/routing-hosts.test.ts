import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Crowd } from "../kit/crowd.ts";
import { type Fleet, startFleet } from "../kit/fleet.ts";
import { startHosts, startNginx } from "../kit/hosts.ts";
import { freePort } from "../kit/port.ts";
import { folder } from "../kit/routed.ts";
import { pollRequest, rawAnswer } from "../kit/sessions.ts";

const PORT = 3000;
const INTERNAL_PORT = 3100;
const CLIENTS = 60;

describe("two hosts behind an nginx that spreads requests at random", function () {
  this.timeout(60_000);

  it("serve clients of every kind of transport, also with the table of workers out; nobody gets in between", async () => {
    await using parent = await folder();
    await using hosts = await startHosts(2);
    const table = join(parent.path, "table.json");
    const fleets: Fleet[] = [];
    try {
      for (const { address, within } of hosts) {
        const directory = join(parent.path, address);
        await mkdir(directory, { mode: 0o700 });
        const env = { SECRET: "a secret of all hosts", ADVERTISE: `${address}:${INTERNAL_PORT}`, TABLE: table };
        fleets.push(await startFleet({ workers: 2, host: address, port: PORT, directory, env, within }));
      }
      const rows = await Promise.all(
        fleets.map(async (fleet, index) =>
          (await fleet.status()).map(({ id }) => ({ id, advertise: `${hosts[index]?.address}:${INTERNAL_PORT}` })),
        ),
      );
      await writeFile(table, JSON.stringify(rows.flat()));
      const upstreams = hosts.map(({ address }) => `${address}:${PORT}`);
      await using nginx = await startNginx(await freePort(), upstreams);

      await using crowd = new Crowd(nginx.url);
      await crowd.come(CLIENTS);
      await crowd.takePart("at-first");
      await rm(table);
      await crowd.come(CLIENTS);
      await crowd.takePart("with-the-table-out");
      expect(crowd.failures).to.deep.equal([]);

      const workers = (await Promise.all(fleets.map((fleet) => fleet.status()))).flat();
      expect(workers.reduce((sum, { sessions }) => sum + sessions, 0)).to.equal(2 * CLIENTS);
      for (const { sessions, forwarded } of workers) expect(Math.min(sessions, forwarded)).to.be.greaterThan(0);
      for (const { address } of hosts)
        expect(await rawAnswer(`http://${address}:${INTERNAL_PORT}`, pollRequest("x"))).to.match(/^HTTP\/1.1 403 /);
      await crowd.leave();
      for (const fleet of fleets) expect(fleet.output()).to.equal("");
    } finally {
      for (const fleet of fleets) await fleet[Symbol.asyncDispose]();
    }
  });
});
