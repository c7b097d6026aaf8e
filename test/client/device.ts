import { type InboxSnapshot, type Notification, notify, type Notify } from "../../client/index.ts";
import { Proxy } from "../kit/proxy.ts";
import type { TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { open } from "./connection.ts";

/** A way to a server that can be cut for as long as one likes, and lead to another one. */
export class Line implements AsyncDisposable {
  readonly #proxy: Proxy;
  #port: number | undefined;

  private constructor(proxy: Proxy) {
    this.#proxy = proxy;
  }

  static async to(server: TestServer): Promise<Line> {
    const line: Line = new Line(await Proxy.start({ target: () => line.#port }));
    line.lead(server);
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#proxy.port}`;
  }

  lead(server: TestServer): void {
    this.#port = Number(new URL(server.url).port);
  }

  cut(): void {
    this.#port = undefined;
    this.#proxy.cut();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#proxy[Symbol.asyncDispose]();
  }
}

/** One of a user's devices: its inbox, and what it was told of as new. */
export interface Device extends AsyncDisposable {
  readonly inbox: Notify;
  readonly told: Notification[];
  readonly now: InboxSnapshot;
  /** Ids, the newest first. */
  readonly ids: string[];
  /** Waits until its inbox is as it should be. */
  shows(matches: (snapshot: InboxSnapshot) => boolean): Promise<InboxSnapshot>;
}

/** One that has nothing open yet. */
export function createDevice(url: string, token: string): Device {
  const connection = open({ url, token, socket: { transports: ["websocket"] } });
  const inbox = connection.use(notify);
  const told: Notification[] = [];
  inbox.listen((notification) => told.push(notification));
  return {
    inbox,
    told,
    get now() {
      return inbox.getSnapshot();
    },
    get ids() {
      return inbox.getSnapshot().notifications.map(({ id }) => id);
    },
    shows: (matches) =>
      eventually(() => {
        const snapshot = inbox.getSnapshot();
        if (matches(snapshot)) return snapshot;
        const { notifications, ...rest } = snapshot;
        throw new Error(`${JSON.stringify(rest)} with ${notifications.map(({ id, read }) => `${id} ${read}`).join()}`);
      }, 8_000),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** One of `ann`'s whose inbox is open. */
export async function openDevice(server: TestServer, url = server.url): Promise<Device> {
  const device = createDevice(url, await server.token("ann", { roles: ["monitor"] }));
  await device.shows(({ status }) => status === "live");
  return device;
}

/** Ids of the notifications that `publish` makes, from one to another. */
export const idsOf = (from: number, to: number): string[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => `notice-${from + index}`);

/** Publishes them to `ann`. */
export async function publish(server: TestServer, from: number, to: number, ttlSec?: number): Promise<void> {
  for (const id of idsOf(from, to))
    await server.carillon.publish(["ann"], { id, title: id, ...(ttlSec !== undefined && { ttlSec }) });
}

/** Makes a request as `ann`, by no device of hers. */
export const asAnn = (server: TestServer, name: string, input: unknown): Promise<unknown> =>
  server.carillon.request({ id: "ann", name: "Ann", roles: [], rooms: [] }, name, input);
