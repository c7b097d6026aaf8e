import { expect } from "chai";
import { z } from "zod";
import { systemClock, CarillonError, type Logger } from "../../src/index.ts";
import { defineContract } from "../../src/protocol/contract.ts";
import { implement, ReplyThen } from "../../src/runtime/implement.ts";
import type { Wire } from "../kit/client.ts";
import { fakeClock } from "../kit/clock.ts";
import { keepLogs } from "../kit/logs.ts";
import { Probe } from "../kit/probe.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

type Handle = (input: { n: number }) => unknown;

const Reply = z.object({ n: z.number(), nested: z.object({ at: z.number() }).optional() });
const contract = defineContract({
  name: "/probe",
  docs: "A namespace for these tests.",
  requests: {
    "probe:do": { docs: "Whatever the test wants.", input: z.object({ n: z.number() }), reply: Reply },
    "probe:stay": { docs: "About the connection itself.", input: z.object({}), reply: z.object({}), socket: true },
  },
  events: {},
});

/** A handler that does what the types would not let one do. */
const startProbe = (handle: Handle, { logger = keepLogs().logger, clock = systemClock, stayed = () => {} } = {}) =>
  Probe.start(
    implement(contract, () => ({
      handlers: {
        "probe:do": handle as (input: { n: number }) => z.input<typeof Reply>,
        "probe:stay": () => (stayed(), {}),
      },
    })),
    { clock, logger },
  );

async function outcomeOf(handle: Handle, logger?: Logger): Promise<Wire> {
  await using probe = await startProbe(handle, logger && { logger });
  await using ann = await probe.connect("ann");
  return await ann.ask("probe:do", { n: 1 });
}

describe("a handler", () => {
  it("that throws or rejects with something unforeseen is internal; its text goes to the log alone", async () => {
    const cause = new Error("connect ECONNREFUSED 10.0.0.3:5432");
    const throwing = () => {
      throw cause;
    };
    for (const handle of [throwing, () => Promise.reject(cause)]) {
      const { logger, lines } = keepLogs();
      expect(await outcomeOf(handle, logger)).to.deep.equal({
        ok: false,
        error: new CarillonError("internal").failure,
      });
      expect(lines).to.deep.equal([
        { level: "error", fields: { request: "probe:do", err: cause }, message: "a request failed" },
      ]);
    }
  });

  it("that throws what is no error at all is internal", async () => {
    for (const thrown of [undefined, null, 0, "text", { code: "forbidden", message: "made up" }]) {
      const ack = await outcomeOf(() => Promise.reject(thrown));
      expect(ack).to.deep.equal({ ok: false, error: new CarillonError("internal").failure });
    }
  });

  it("that refuses says so with its code and details, and never with its cause", async () => {
    const refusal = new CarillonError("conflict", { details: { seq: 3 }, retryAfterMs: 7, cause: new Error("secret") });
    expect(await outcomeOf(() => Promise.reject(refusal))).to.deep.equal({
      ok: false,
      error: { code: "conflict", message: refusal.message, retryable: false, retryAfterMs: 7, details: { seq: 3 } },
    });
  });

  it("that says more than its contract is not heard with it", async () => {
    const stray = { n: 1, password: "x", nested: { at: 1, token: "y" } };
    expect(await outcomeOf(() => stray)).to.deep.equal({ ok: true, data: { n: 1, nested: { at: 1 } } });
  });

  it("that says something else than its contract is internal, and what it said stays here", async () => {
    for (const data of [undefined, null, { n: "a secret" }, { n: NaN }, [], { n: 1n }]) {
      const { logger, lines } = keepLogs();
      expect(await outcomeOf(() => data, logger)).to.deep.nested.include({ ok: false, "error.code": "internal" });
      expect(lines).to.have.lengthOf(1);
      expect(String(lines[0]?.fields["err"])).to.not.include("secret");
    }
  });

  it("that hangs is a timeout after 10 s, and holds up what comes behind it for no longer", async () => {
    const clock = fakeClock();
    await using probe = await startProbe(({ n }) => (n === 1 ? new Promise(() => {}) : { n }), { clock });
    await using ann = await probe.connect("ann");
    const hangs = ann.ask("probe:do", { n: 1 });
    const behind = ann.ask("probe:do", { n: 2 });
    // Refused at once, since it waits for nobody's turn: the two before it have arrived.
    expect(await ann.refusal("no:such")).to.equal("unknown_request");
    await clock.advance(9_999);
    expect(probe.codes).to.deep.equal(["unknown_request"]);
    await clock.advance(1);
    expect(await hangs).to.deep.equal({ ok: false, error: new CarillonError("timeout").failure });
    expect(await behind).to.deep.equal({ ok: true, data: { n: 2 } });
  });

  it("of a request about the connection is not called any more when that is gone; those of others are", async () => {
    let release!: (reply: object) => void;
    const done: unknown[] = [];
    const handle = ({ n }: { n: number }) => {
      done.push(n);
      return n === 1 ? new Promise((resolve) => (release = resolve)) : { n };
    };
    await using probe = await startProbe(handle, { stayed: () => done.push("stayed") });
    await using ann = await probe.connect("ann");
    await ann.request("probe:stay");
    ann.socket.emit("probe:do", { n: 1 });
    ann.socket.emit("probe:stay", {});
    ann.socket.emit("probe:do", { n: 2 });
    ann.socket.disconnect();
    await eventually(() => probe.io.of("/probe").sockets.size === 0 && done.length > 1);
    release({ n: 1 });
    await eventually(() => probe.codes.length === 4);
    expect(done).to.deep.equal(["stayed", 1, 2]);
    expect(probe.codes).to.deep.equal(["ok", "ok", "bad_request", "ok"]);
  });

  it("may have something done in the turn in which its ack is written, and not before", async () => {
    const probes: Probe[] = [];
    const handle = ({ n }: { n: number }) =>
      new ReplyThen({ n }, () => probes[0]?.io.of("/probe").emit("probe:did", n));
    await using probe = await startProbe(handle);
    probes.push(probe);
    await using ann = await probe.connect("ann");
    const order: unknown[] = [];
    ann.socket.on("probe:did", (n) => order.push(n));
    for (const n of [1, 2]) ann.socket.emit("probe:do", { n }, ({ data }: Wire) => order.push(`ack ${data.n}`));
    await ann.event("probe:did", (n) => n === 2);
    expect(order).to.deep.equal(["ack 1", 1, "ack 2", 2]);
  });

  it("is found by callers without a socket too, with what the ack would say", async () => {
    await using probe = await startProbe(({ n }) => {
      if (n === 1) throw new CarillonError("not_found", { details: { n } });
      return { n, stray: true };
    });
    const user = { id: "ann", name: "Ann", roles: [], rooms: [] };
    expect(await probe.served.request(user, "probe:do", { n: 2 })).to.deep.equal({ n: 2 });
    const refusal = await probe.served.request(user, "probe:do", { n: 1 }).catch((error: unknown) => error);
    expect(refusal)
      .to.be.instanceOf(CarillonError)
      .and.deep.include({ code: "not_found", details: { n: 1 } });
    const bodiless = await probe.served.request(user, "token:refresh", { token: "x" }).catch((error: unknown) => error);
    expect(bodiless).to.be.instanceOf(CarillonError).and.include({ code: "bad_request" });
  });
});

const refused = (code: "unavailable" | "forbidden" | "banned" | "timeout", details?: object) => ({
  ok: false,
  error: { ...new CarillonError(code).failure, ...(details && { details }) },
});

describe("an authorize hook", () => {
  it("that throws or rejects is unavailable, that hangs is a timeout after 5 s, and that refuses is taken at its word", async () => {
    const clock = fakeClock();
    const byRoom: Record<string, () => boolean | Promise<boolean>> = {
      throws() {
        throw new Error("secret");
      },
      rejects: () => Promise.reject(new Error("secret")),
      hangs: () => new Promise(() => {}),
      denies: () => false,
      bans: () => Promise.reject(new CarillonError("banned", { details: { untilAt: 1 } })),
      allows: async () => true,
    };
    await using server = await startServer({ clock, authorize: ({ room }) => byRoom[room]?.() ?? false });
    await using ann = await server.connect("/chat", "ann");
    const ask = (room: string) => ann.ask("history:read", { room });
    expect(await ask("throws")).to.deep.equal(refused("unavailable"));
    expect(await ask("rejects")).to.deep.equal(refused("unavailable"));
    expect(await ask("denies")).to.deep.equal(refused("forbidden"));
    expect(await ask("bans")).to.deep.equal(refused("banned", { untilAt: 1 }));
    expect(await ask("allows")).to.deep.include({ ok: true });
    const hung = ask("hangs");
    expect(await ann.refusal("no:such")).to.equal("unknown_request");
    await clock.advance(5_000);
    expect(await hung).to.deep.equal(refused("timeout"));
  });
});
