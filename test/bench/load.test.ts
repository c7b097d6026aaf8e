import { expect } from "chai";
import { freePort } from "../kit/port.ts";
import { startServer } from "../kit/server.ts";
import { eventually, turns } from "../kit/wait.ts";
import { startLoad } from "./load/index.ts";
import { startBoard, startStock, type Stock, type Tampering } from "./load/tampering-servers.ts";
import type { Delivered, Edges, Load, LoadClient, LoadOptions, Timetable } from "./load.ts";
import type { Target } from "./peer.ts";

const ROOMS = ["red", "green"];
const CLIENTS = 12;
const NO_EDGES: Edges = { begin() {}, end() {} };

/** Half of the clients are in each room, and all of them send in turn. */
const TIMETABLE: Timetable = {
  burst: 3,
  turnsPerSec: 100,
  seconds: 0.3,
  rooms: ROOMS,
  senders: ROOMS.map((_, room) => clientsIn(room)),
  listeners: ROOMS.map((_, room) => clientsIn(room).length),
  textBytes: 60,
};
const SENT = 30 * TIMETABLE.burst;
const DELIVERED = (SENT * CLIENTS) / 2;
const WARM_SECONDS = 0.1;

function clientsIn(room: number): number[] {
  return Array.from({ length: CLIENTS }, (_, index) => index).filter((index) => index % ROOMS.length === room);
}

function clients(tokens: readonly string[] = []): LoadClient[] {
  return Array.from({ length: CLIENTS }, (_, index) => {
    const token = tokens[index];
    const rooms = [ROOMS[index % ROOMS.length] ?? ""];
    return { user: `user-${index}`, target: 0, rooms, ...(token !== undefined && { token }) };
  });
}

/** With all clients in their rooms; every one is looked at closely. */
async function loadOf(options: Omit<LoadOptions, "targets">, target: Target, tokens?: readonly string[]) {
  const load = await startLoad({ ...options, targets: [target], sampleOneIn: 1 });
  const { ready, failed } = await load.connect(clients(tokens), 4);
  expect({ ready, failed }).to.deep.equal({ ready: CLIENTS, failed: 0 });
  return load;
}

/** What a run came to, but for its times. */
function counts({ sent, acked, refused, delivered, expected, doubled, missing, swapped, lost, latency }: Delivered) {
  return { sent, acked, refused, delivered, expected, doubled, missing, swapped, lost, timed: latency.count };
}

const ALL_WELL = {
  sent: SENT,
  acked: SENT,
  refused: 0,
  delivered: DELIVERED,
  expected: DELIVERED,
  doubled: 0,
  missing: 0,
  swapped: 0,
  lost: 0,
  timed: DELIVERED,
};

/** One run, all of it in the first room. */
async function runAgainst(tampering: Tampering, warmSeconds = 0): Promise<Delivered> {
  await using server = await startStock(tampering);
  await using load = await loadOf({ wire: "socket.io" }, server.target);
  return await load.drive({ ...TIMETABLE, rooms: ["red"] }, warmSeconds, NO_EDGES);
}

describe("the load generator", () => {
  it("counts all that Carillon delivers, and nothing of a warm-up", async () => {
    await using server = await startServer();
    const tokens = await Promise.all(clients().map(({ user }) => server.token(user)));
    const port = Number(new URL(server.url).port);
    await using load = await loadOf({ wire: "carillon" }, { host: "127.0.0.1", port }, tokens);
    expect(counts(await load.drive(TIMETABLE, WARM_SECONDS, NO_EDGES))).to.deep.equal(ALL_WELL);
  });

  it("publishes by HTTP where that is the way", async () => {
    await using board = await startBoard();
    const publishUrl = `http://127.0.0.1:${board.target.port}/pub`;
    await using load = await loadOf({ wire: "nchan", publishUrl }, board.target);
    expect(counts(await load.drive(TIMETABLE, 0, NO_EDGES))).to.deep.equal(ALL_WELL);
  });

  it("finds one delivery that was dropped, one that was doubled and two that were swapped, though they add up", async () => {
    let held: object | undefined;
    const delivered = await runAgainst({
      deliver(user, number, entry, socket) {
        if (user === "user-2" && number === 20) return;
        if (user === "user-6" && number === 40) held = entry;
        else socket.emit("message:sent", entry);
        if (user === "user-4" && number === 30) socket.emit("message:sent", entry);
        if (user === "user-6" && number === 41) socket.emit("message:sent", held);
      },
    });
    // Whom the load generator reads first has the room's order: were it the one with the swapped ones, all others would be out of it.
    const { swapped } = counts(delivered);
    expect(swapped).to.be.at.least(1);
    expect(counts(delivered)).to.deep.equal({ ...ALL_WELL, doubled: 1, missing: 1, swapped });
  });

  it("tells what comes late of the warm-up from what counts", async () => {
    let held: object | undefined;
    const delivered = await runAgainst(
      {
        deliver(user, number, entry, socket) {
          if (user === "user-2" && number === 5) held = entry;
          else socket.emit("message:sent", entry);
          if (user === "user-2" && number === 80) socket.emit("message:sent", held);
        },
      },
      WARM_SECONDS,
    );
    expect(counts(delivered)).to.deep.equal({ ...ALL_WELL, delivered: DELIVERED + 1 });
  });

  it("counts what was refused, and whom it lost, with what they missed", async () => {
    const { acked, refused, lost, delivered, expected, missing } = await runAgainst({
      refuses: (number) => number === 10,
      deliver(user, number, entry, socket) {
        socket.emit("message:sent", entry);
        if (user === "user-4" && number === 30) socket.disconnect(true);
      },
    });
    expect({ refused, lost, expected }).to.deep.equal({ refused: 1, lost: 1, expected: DELIVERED });
    expect(acked).to.be.below(SENT - 1);
    expect(delivered).to.be.below(DELIVERED - (SENT - 30));
    expect(missing).to.equal(expected - delivered);
  });

  it("tells of clients that are not let in, and of its own end", async () => {
    await using server = await startStock();
    const closed = { host: "127.0.0.1", port: await freePort() };
    await using load = await startLoad({ wire: "socket.io", targets: [server.target, closed] });
    const [first, second] = clients();
    if (!first || !second) throw new Error("There are no clients");
    const { ready, failed } = await load.connect([first, { ...second, target: 1 }], 2);
    expect({ ready, failed }).to.deep.equal({ ready: 1, failed: 1 });
    const running = load.drive({ ...TIMETABLE, seconds: 60 }, 0, {
      begin: () => void process.kill(load.pid, "SIGKILL"),
      end() {},
    });
    expect(await running.catch(String)).to.equal("Error: The load generator ended with SIGKILL");
    expect(await load.cut().catch(String)).to.match(/SIGKILL/);
  });

  describe("that runs several loads", () => {
    let server: Stock;
    let load: Load;

    before(async () => {
      server = await startStock();
      load = await loadOf({ wire: "socket.io" }, server.target);
    });

    after(async () => {
      await load[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    it("counts each by itself, and answers the server's pings all the time", async () => {
      for (const warmSeconds of [WARM_SECONDS, 0])
        expect(counts(await load.drive(TIMETABLE, warmSeconds, NO_EDGES))).to.deep.equal(ALL_WELL);
      // All have sent as often as the others, give or take one in each of three rounds.
      expect(server.sentBy.size).to.equal(CLIENTS);
      for (const count of server.sentBy.values()) expect(count).to.be.within(16, 19);
    });

    it("begins what counts when it is told to, with nothing of the warm-up left, and tells when that ends", async () => {
      const before = server.sent();
      const seen: number[] = [];
      const look = () => seen.push(server.sent() - before);
      const edges: Edges = {
        async begin() {
          look();
          await turns(100);
          look();
        },
        end: () => void look(),
      };
      await load.drive(TIMETABLE, TIMETABLE.seconds, edges);
      expect(seen.slice(0, 2)).to.deep.equal([SENT, SENT]);
      expect(seen[2]).to.be.within(SENT + 1, 2 * SENT);
      expect(server.sent() - before).to.equal(2 * SENT);
    });

    it("rejects with what was thrown at the beginning, and does not stay behind in that run", async () => {
      const failing: Edges = {
        begin() {
          throw new Error("nothing to read");
        },
        end() {},
      };
      expect(await load.drive({ ...TIMETABLE, seconds: 0.05 }, 0, failing).catch(String)).to.match(/nothing to read/);
      expect(counts(await load.drive(TIMETABLE, 0, NO_EDGES))).to.deep.equal(ALL_WELL);
    });

    it("asks again as soon as it is answered, one request of each client at a time", async () => {
      const loop = { clients: [0, 1, 2], rooms: ["red", "own-1", "own-2"], seconds: 0.2, textBytes: 30 };
      const echoed = await load.echo(loop, WARM_SECONDS, NO_EDGES);
      expect(echoed.sent).to.be.above(2 * loop.clients.length);
      expect(echoed).to.include({ acked: echoed.sent, refused: 0, doubled: 0, missing: 0, swapped: 0 });
      expect(echoed.ackLatency.count).to.equal(echoed.sent);
      // Only one of the rooms has listeners.
      expect(echoed.delivered).to.equal(echoed.expected).and.to.be.above(0);
      expect(echoed.expected % (CLIENTS / 2)).to.equal(0);
    });

    it("cuts all clients, and counts them anew from the next that connects", async () => {
      expect(server.io.engine.clientsCount).to.equal(CLIENTS);
      await load.cut();
      await eventually(() => server.io.engine.clientsCount === 0);
      const { ready, timeToReady } = await load.connect(clients(), 4);
      expect([ready, timeToReady.count]).to.deep.equal([CLIENTS, CLIENTS]);
      expect(counts(await load.drive(TIMETABLE, 0, NO_EDGES))).to.deep.equal(ALL_WELL);
    });
  });
});
