import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { systemClock } from "../../src/clock.ts";
import type { Log } from "../../src/log/index.ts";
import { silent } from "../../src/logger.ts";
import { notifyNamespace } from "../../src/namespaces/notify/index.ts";
import { createPublisher, type Publisher } from "../../src/namespaces/notify/publish.ts";
import type { NotifyContext } from "../../src/namespaces/notify/context.ts";
import { CarillonError } from "../../src/protocol/errors.ts";
import type { User } from "../../src/runtime/caller.ts";
import { Connections } from "../../src/runtime/connection.ts";
import { serve } from "../../src/runtime/serve.ts";
import { memoryStores } from "../../src/stores.ts";
import { Client, type Wire } from "../kit/client.ts";
import { opened } from "../kit/leaks.ts";
import { NO_LIMITS } from "../kit/limits.ts";
import { seededRandom } from "../kit/random.ts";
import { lossyLog } from "../log/lossy.ts";

/** `/notify` on a log whose answers take their time, and whose news are late, doubled, swapped or lost. */
export interface DistantInbox extends AsyncDisposable {
  readonly publisher: Publisher;
  /** Makes a request without a socket. */
  request(user: string, name: string, input: object): Promise<Wire>;
  connect(user: string): Promise<Client>;
  /** From now on the log is near and loses nothing. */
  heal(): void;
  /** Once an entry of this kind is written, the log cannot be read. */
  breakAfter(kind: string): void;
  mend(): void;
}

const ignore = () => {};
const userOf = (id: string): User => ({ id, name: id, roles: [], rooms: [] });

/** Takes a user's id for a token. */
const unlimited = {
  logger: silent,
  authenticate: async (token: unknown) => ({ user: userOf(String(token)) }),
  rate: { perSec: 0, burst: 100 },
  limits: NO_LIMITS,
  server: { version: "0.0.0", worker: "test" },
  closedFor: () => undefined,
  refused: ignore,
  received: ignore,
  closing: ignore,
  served: ignore,
};

/** Cannot be read from some moment on. */
function breakableLog(log: Log) {
  let last: string | undefined;
  let isBroken = false;
  return {
    breakAfter(kind: string) {
      last = kind;
    },
    mend() {
      last = undefined;
      isBroken = false;
    },
    log: {
      ...log,
      async append(topic, draft, guard) {
        const appended = await log.append(topic, draft, guard);
        isBroken ||= draft.kind === last;
        return appended;
      },
      async read(topic, range) {
        const span = await log.read(topic, range);
        if (isBroken) throw new CarillonError("unavailable");
        return span;
      },
    } satisfies Log,
  };
}

export async function startDistantInbox(seed: number): Promise<DistantInbox> {
  const http = createServer();
  const io = new Server(http, { serveClient: false });
  const clock = systemClock;
  const stores = memoryStores({ clock, historySize: 1, historyTtlSec: 3600, inboxSize: 1_000 });
  const lossy = lossyLog(stores.inboxLog, seededRandom(seed));
  const breakable = breakableLog(lossy);
  const context: NotifyContext = {
    clock,
    logger: unlimited.logger,
    topics: stores.topics,
    inboxLog: breakable.log,
    counted: { duplicate: ignore, gapRepaired: ignore, delivered: ignore, badReceipt: ignore },
  };
  const connections = new Connections(io, { ...unlimited, clock, maxBufferBytes: 2 ** 20, slow: ignore, sent: ignore });
  const served = serve(notifyNamespace, context, io.of("/notify"), {
    ...unlimited,
    clock,
    connections,
    control: stores.control,
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const released = opened(http, "a server with a distant log");

  return {
    publisher: createPublisher(context),
    request: (user, name, input) => served.request(userOf(user), name, input),
    connect: (user) => new Client(url, "/notify", { transports: ["websocket"], auth: { token: user } }).connected(),
    heal: () => lossy.heal(),
    breakAfter: breakable.breakAfter,
    mend: breakable.mend,
    async [Symbol.asyncDispose]() {
      await served.close();
      connections.close();
      await io.close();
      released();
    },
  };
}
