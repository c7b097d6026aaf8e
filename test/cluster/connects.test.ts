import { expect } from "chai";
import { io, type ManagerOptions, type Socket } from "socket.io-client";
import { signToken } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import type { Ack } from "../../src/protocol/contract.ts";
import { type PrivateCluster, privateCluster } from "../kit/pm2.ts";
import { TRANSPORTS } from "../kit/transports.ts";

const SECRET = "a secret of at least thirty-two characters";

/** Of each kind. */
const CONNECTS = 300;

/** So many at a time: the clients share this process and its machine with the workers. */
const AT_ONCE = 30;

interface Joined {
  readonly entries: readonly { readonly id: string }[];
}

/** One stock client: it connects, joins a room, sends, and hears what it has sent. @returns how often it was not let in at once. */
async function visit(url: string, token: string, id: string, options: Partial<ManagerOptions>): Promise<number> {
  const socket = io(`${url}/chat`, { forceNew: true, auth: { token }, ...options });
  let errors = 0;
  const refused = new Promise<never>((_resolve, reject) => {
    socket.on("connect_error", (error) => {
      errors++;
      // It would not try again.
      if (!socket.active) reject(error);
    });
  });
  try {
    const joined = new Promise<void>((resolve, reject) => {
      const join = () =>
        socket.emit("room:join", { room: id }, (ack: Ack<Joined>) => {
          if (!ack.ok) return ack.error.retryable ? join() : reject(new Error(ack.error.code));
          resolve();
          for (const entry of ack.data.entries) socket.listeners("message:sent").forEach((hear) => hear(entry));
        });
      // Each time, as a client does that has been sent away; what it has missed comes with the ack.
      socket.on("connect", join);
    });
    const heard = new Promise<void>((resolve) => {
      socket.on("message:sent", (entry: { id: string }) => entry.id === id && resolve());
    });
    const talk = async () => {
      await joined;
      await send(socket, { id, room: id, text: "hello" });
      await heard;
    };
    await Promise.race([talk(), refused]);
    return errors;
  } finally {
    socket.disconnect();
  }
}

/** Until it is acknowledged: what is asked while a worker goes away is asked again, and the same id is stored once. */
async function send(socket: Socket, message: object): Promise<void> {
  for (;;) {
    const ack = await socket
      .timeout(5_000)
      .emitWithAck("message:send", message)
      .then(
        (reply: Ack<unknown>) => reply,
        () => undefined,
      );
    if (ack?.ok) return;
    if (ack && !ack.error.retryable) throw new Error(ack.error.code);
  }
}

describe("three workers of stock PM2 behind one port, without sticky sessions", function () {
  this.timeout(180_000);
  let here: PrivateCluster;
  let token: string;

  before(async () => {
    ({ token } = await signToken(SECRET, { sub: "ann" }, { ttlSec: 3_600, clock: systemClock }));
    here = await privateCluster({
      WORKERS: "3",
      JWT_SECRET: SECRET,
      ROOM_ACCESS: "open",
      DRAIN_MS: "1000",
      CONNECTS_PER_SEC: "0",
    });
    const started = await here.cluster("start");
    expect(started.code, started.output).to.equal(0);
  });
  after(() => here[Symbol.asyncDispose]());

  /** All three kinds, one after another. @returns how many of them were not let in at once. */
  async function visitAll(round: string): Promise<number> {
    let errors = 0;
    for (const [kind, [, options]] of TRANSPORTS.entries()) {
      for (let from = 0; from < CONNECTS; from += AT_ONCE) {
        const visits = Array.from({ length: AT_ONCE }, (_, index) =>
          visit(here.url, token, `${round}-${kind}-${from + index}`, options),
        );
        errors += (await Promise.all(visits)).reduce((sum, count) => sum + count, 0);
      }
    }
    return errors;
  }

  it("let 900 of 900 in at once: by default, by polling alone, by websocket alone", async () => {
    expect(await visitAll("quiet")).to.equal(0);
  });

  it("let 900 of 900 in while they are replaced, and at once after it", async () => {
    const reloading = here.cluster("reload");
    await visitAll("reloading");
    const reloaded = await reloading;
    expect(reloaded.code, reloaded.output).to.equal(0);
    expect(await visitAll("replaced")).to.equal(0);
  });
});
