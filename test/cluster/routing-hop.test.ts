import { createServer } from "node:net";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { ADDRESS_HEADER, HOP_HEADER } from "../../src/cluster/routing/headers.ts";
import { createHops, type Hop } from "../../src/cluster/routing/hop.ts";
import type { KnownWorker } from "../../src/cluster/routing/index.ts";
import { createSessionIds } from "../../src/cluster/routing/session-id.ts";
import { freePort } from "../kit/port.ts";
import { folder, type Routed, startRouted } from "../kit/routed.ts";
import {
  handshake,
  poll,
  pollPath,
  pollRequest,
  rawAnswer,
  send,
  upgradeRequest,
  watchAccess,
} from "../kit/sessions.ts";

const SECRET = "a secret of all hosts";
const FORBIDDEN = /^HTTP\/1.1 403 /;

const signed = (hop: Hop, secret = SECRET, ageMs = 0) => {
  const clock = { ...systemClock, now: () => Date.now() - ageMs };
  return Object.entries(createHops(secret, clock).sign(hop)).map(([name, value]) => `${name}: ${value}`);
};

describe("session routing between hosts", () => {
  const folders: Awaited<ReturnType<typeof folder>>[] = [];
  const workers: Routed[] = [];
  let table: KnownWorker[];
  let isOut: boolean;
  let asked: number;

  beforeEach(() => {
    table = [];
    isOut = false;
    asked = 0;
  });

  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker[Symbol.asyncDispose]();
    for (const directory of folders.splice(0)) await directory[Symbol.asyncDispose]();
  });

  /** A worker with a folder of its own and a port for other hosts; each hears of those before it only by asking. */
  async function startHost(): Promise<Routed & { readonly advertise: string }> {
    const directory = await folder();
    folders.push(directory);
    const advertise = `127.0.0.1:${await freePort()}`;
    let known: readonly KnownWorker[] = [];
    const worker = await startRouted({
      directory: directory.path,
      secret: SECRET,
      advertise,
      workers: {
        live: () => known,
        async refresh() {
          asked++;
          if (isOut) throw new Error("Redis is out");
          known = [...table];
        },
      },
    });
    workers.push(worker);
    table.push({ id: worker.worker, advertise });
    return { ...worker, advertise };
  }

  it("hands a session's requests to its worker's host, also while the table of workers cannot be asked for", async () => {
    const [owner, other] = [await startHost(), await startHost()];
    const addresses: unknown[] = [];
    const sid = await handshake(owner.url);
    owner.carillon.io.engine.use(
      (request: { socket: { remoteAddress?: string }; headers: object }, _: unknown, next: () => void) => {
        addresses.push(request.socket.remoteAddress, HOP_HEADER in request.headers, ADDRESS_HEADER in request.headers);
        next();
      },
    );
    expect(await (await send(other.url, sid, '40/chat,{"token":"ann"}')).text()).to.equal("ok");
    isOut = true;
    expect(await (await poll(other.url, sid)).text()).to.match(/^40\/chat,/);
    const unknown = createSessionIds(SECRET, "0123456789ab").create();
    expect((await poll(other.url, unknown)).status).to.equal(400);
    expect(other.counted).to.deep.equal(["host", "host", "gone"]);
    expect(addresses).to.deep.equal(["127.0.0.1", false, false, "127.0.0.1", false, false]);
  });

  it("does nothing for whoever comes without a hop that one of us has signed just now, for just this", async () => {
    const host = await startHost();
    const sid = await handshake(host.url);
    const at = `http://${host.advertise}`;
    const hop: Hop = { method: "GET", url: pollPath(sid), owner: host.worker, address: "10.0.0.1" };
    const wrong: readonly (readonly string[])[] = [
      [],
      [`${HOP_HEADER}: ${Date.now()}.AAAA`],
      signed(hop, "a secret of somebody else"),
      signed(hop, SECRET, 31_000),
      signed(hop, SECRET, -31_000),
      signed({ ...hop, method: "POST" }),
      signed({ ...hop, url: `${hop.url}&x=1` }),
      signed({ ...hop, owner: "0123456789ab" }),
      signed({ ...hop, address: "10.0.0.2" }).with(1, `${ADDRESS_HEADER}: 10.0.0.1`),
    ];
    const { connections, files } = await watchAccess(async () => {
      for (const headers of wrong) {
        expect(await rawAnswer(at, pollRequest(sid, headers))).to.match(FORBIDDEN);
        expect(await rawAnswer(at, upgradeRequest(sid, headers))).to.match(FORBIDDEN);
      }
    });
    expect({ connections, files }).to.deep.equal({ connections: 2 * wrong.length, files: 0 });
    expect(host.counted).to.deep.equal(Array.from({ length: 2 * wrong.length }, () => "hop"));
    for (const path of ["/", "/readyz", "/metrics", "/socket.io/?EIO=4&transport=polling", `/x${pollPath(sid)}`]) {
      const headers = signed({ ...hop, url: path });
      expect(await rawAnswer(at, [`GET ${path} HTTP/1.1`, "Host: x", "Connection: close", ...headers])).to.match(
        FORBIDDEN,
      );
    }
    await send(host.url, sid, '40/chat,{"token":"ann"}');
    expect(await rawAnswer(at, pollRequest(sid, signed(hop)))).to.match(/^HTTP\/1.1 200 .*40\/chat/s);
  });

  it("hands what another host has handed on to no third one", async () => {
    const [host, third] = [await startHost(), await startHost()];
    const sid = await handshake(third.url);
    const hop: Hop = { method: "GET", url: pollPath(sid), owner: third.worker, address: "10.0.0.1" };
    const { connections } = await watchAccess(async () => {
      const answer = await rawAnswer(`http://${host.advertise}`, pollRequest(sid, signed(hop)));
      expect(answer).to.match(/^HTTP\/1.1 400 .*Session ID unknown/s);
    });
    expect(connections).to.equal(1);
    expect(asked).to.equal(0);
  });

  it("answers for a worker whose host has nobody any more as for an unknown session", async () => {
    const other = await startHost();
    const port = await freePort();
    table.push(
      { id: "0123456789ab", advertise: `127.0.0.1:${port}` },
      { id: "00000000000a", advertise: "not an address" },
    );
    for (const owner of ["0123456789ab", "00000000000a"]) {
      const sid = createSessionIds(SECRET, owner).create();
      expect(await rawAnswer(other.url, pollRequest(sid))).to.match(/^HTTP\/1.1 400 .*Session ID unknown/s);
      expect(await rawAnswer(other.url, upgradeRequest(sid))).to.match(/^HTTP\/1.1 400 .*Session ID unknown/s);
    }
  });

  it("ends one request alone when its host breaks it off", async () => {
    const other = await startHost();
    const broken = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const port = await freePort();
    await new Promise<void>((resolve) => broken.listen(port, "127.0.0.1", resolve));
    table.push({ id: "0123456789ab", advertise: `127.0.0.1:${port}` });
    const sid = createSessionIds(SECRET, "0123456789ab").create();
    expect((await poll(other.url, sid)).status).to.equal(503);
    expect((await send(other.url, sid, "3")).status).to.equal(503);
    expect(await handshake(other.url)).to.match(new RegExp(`^${other.worker}`));
    await new Promise((resolve) => broken.close(resolve));
  });

  it("refuses to start where the port is somebody else's, and without a secret", async () => {
    const directory = await folder();
    folders.push(directory);
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, "127.0.0.1", resolve));
    const advertise = `127.0.0.1:${port}`;
    const start = (secret?: string) =>
      startRouted({ directory: directory.path, advertise, ...(secret !== undefined && { secret }) }).then(
        () => "started",
        ({ message }: Error) => message,
      );
    expect(await start(SECRET)).to.match(/EADDRINUSE/);
    expect(await start()).to.match(/needs a `secret`/);
    await new Promise((resolve) => taken.close(resolve));
  });
});
