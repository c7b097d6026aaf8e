import { expect } from "chai";
import type { Client, Wire } from "../kit/client.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { cut, freshId, range, say, sayAll, seqsOf } from "./scene.ts";

const room = "lobby";

/** A client of one room, written from the protocol alone. */
class Follower {
  /** The log as far as it is known. */
  readonly log: Wire[] = [];
  joins = 0;
  resets = 0;
  readonly #client: Client;
  #position: { epoch: string; seq: number; id?: string } | undefined;
  /** What came while a join is under way; it is applied after the ack. */
  #kept: (() => void)[] | undefined;

  constructor(client: Client) {
    this.#client = client;
    for (const event of ["message:sent", "message:edited", "message:deleted"]) {
      client.socket.on(event, (entry: Wire) => this.#inTurn(() => this.#apply(entry)));
    }
    client.socket.on("room:reset", () => this.resets++);
    client.socket.on("connect", () => void this.join());
  }

  async join(): Promise<void> {
    const kept: (() => void)[] = [];
    // What a connection before it said is dropped: the log has it all.
    this.#kept = kept;
    const input = { room, limit: 20, ...(this.#position && { since: this.#position }) };
    const ack: Wire = await this.#client.socket.emitWithAck("room:join", input).catch(() => undefined);
    if (!ack?.ok || this.#kept !== kept) return;
    const { epoch, head, recovered, entries } = ack.data;
    this.#kept = undefined;
    this.joins++;
    if (recovered === true) for (const entry of entries) this.#apply(entry);
    else this.#position = { epoch, seq: head };
    // Whatever arrived together with the ack is either in it or comes after it.
    for (const act of kept) act();
  }

  #inTurn(act: () => void): void {
    if (this.#kept) this.#kept.push(act);
    else act();
  }

  #apply(entry: Wire): void {
    if (entry.seq <= (this.#position?.seq ?? 0)) throw new Error(`Told again: ${entry.seq}`);
    this.log.push(entry);
    this.#position = { epoch: entry.epoch, seq: entry.seq, id: entry.id };
  }
}

const placesOf = (entries: Wire[]) => entries.map(({ seq, id, kind, target }) => [seq, id, kind, target]);

/** Writes until it is told to stop. */
function startWriting(client: Client): () => Promise<void> {
  const state = { stopped: false };
  const writing = (async () => {
    for (let n = 1; !state.stopped; n++) {
      const { seq } = await say(client, room, `message ${n}`);
      if (n % 5 === 0) await client.request("message:edit", { id: freshId(), room, target: seq, text: "edited" });
      if (n % 7 === 0) await client.request("message:delete", { id: freshId(), room, target: seq });
    }
  })();
  return () => {
    state.stopped = true;
    return writing;
  };
}

describe("a client that applies by seq", () => {
  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    it(`has exactly the log after a dozen cuts at any moment, over ${transports.join(" and ")}`, async () => {
      await using server = await startServer();
      await using ann = await server.connect("/chat", "ann");
      await using bob = await server.connect("/chat", "bob", {}, { transports, reconnectionDelay: 1 });
      const follower = new Follower(bob);
      await follower.join();

      const stopWriting = startWriting(ann);
      for (const n of range(1, 10)) {
        const { length } = follower.log;
        const more = Math.floor(Math.random() * 40);
        await eventually(() => follower.joins >= n && follower.log.length >= length + more);
        cut(bob);
        // And, of some, once more in the middle of the join that follows.
        if (n % 3 === 0) bob.socket.once("connect", () => cut(bob));
      }
      await eventually(() => follower.joins === 11);
      await stopWriting();

      const { head } = await ann.request("room:join", { room, limit: 1 });
      await eventually(() => follower.log.at(-1)?.seq === head);
      expect(seqsOf(follower.log)).to.deep.equal(range(1, head));
      expect(follower.resets).to.equal(0);
      const logged: Wire[] = [];
      const { epoch } = follower.log[0];
      while (logged.length < head) {
        const since = { epoch, seq: logged.length };
        logged.push(...(await ann.request("room:join", { room, since, limit: 300 })).entries);
        await ann.request("room:leave", { room });
      }
      expect(placesOf(follower.log)).to.deep.equal(placesOf(logged));
    });
  }

  it("is told that what it missed is gone, and goes on from what there is", async () => {
    await using server = await startServer({ historySize: 10 });
    await using ann = await server.connect("/chat", "ann");
    await using bob = await server.connect("/chat", "bob");
    const { epoch } = await bob.request("room:join", { room });
    cut(bob);
    await sayAll(ann, room, range(1, 30).map(String));
    const joined = await bob.request("room:join", { room, since: { epoch, seq: 0 } });
    expect(joined).to.include({ recovered: false, head: 30 });
    expect(seqsOf(joined.entries)).to.deep.equal(range(21, 30));
    bob.forget();
    await say(ann, room, "31");
    await bob.event("message:sent", ({ seq }) => seq === 31);
  });
});
