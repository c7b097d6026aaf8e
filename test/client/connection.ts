import { expect } from "chai";
import {
  type Channel,
  connect,
  type Connection,
  type ConnectOptions,
  monitor,
  notify,
  RequestError,
  type Status,
} from "../../client/index.ts";
import { opened } from "../kit/leaks.ts";
import { Proxy } from "../kit/proxy.ts";
import type { TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

/** Comes back soon: what is waited for is what the server asks for, not what the stock client would wait anyway. */
const SOON = { reconnectionDelay: 20, reconnectionDelayMax: 100 };

/** A connection of the SDK, closed at the end of its scope. */
export function open(options: ConnectOptions): Connection & AsyncDisposable {
  const connection = connect({ ...options, socket: { ...SOON, ...options.socket } });
  const released = opened(connection, "a connection of the SDK");
  const close = async () => {
    connection.close();
    released();
  };
  // Not by a spread, which would look at the chat, and so connect it.
  return Object.defineProperty(connection, Symbol.asyncDispose, { value: close }) as Connection & AsyncDisposable;
}

/** Waits until a namespace is as it should be. */
export async function reaches(status: Status, ...channels: readonly Channel[]): Promise<void> {
  await eventually(() => {
    const all = channels.map((channel) => channel.getSnapshot());
    if (all.every((snapshot) => snapshot.status === status)) return true;
    throw new Error(`Not ${status}: ${JSON.stringify(all.map((snapshot) => [snapshot.status, snapshot.failure]))}`);
  }, 8_000);
}

/** The namespaces of a connection, with both parts in use: all three are connected. */
export function channelsOf({ chat, use }: Connection): readonly [Channel, Channel, Channel] {
  return [chat.channel, use(notify).channel, use(monitor).channel] as unknown as readonly [Channel, Channel, Channel];
}

/** The namespace of the chat, whatever its contract. */
export const chatOf = ({ chat }: Connection): Channel => chat.channel;

/** What a request is refused with; fails if it is not. */
export async function refusalOf(work: Promise<unknown>): Promise<RequestError> {
  const outcome: unknown = await work.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(RequestError);
  return outcome as RequestError;
}

/** A server behind a proxy that can be cut, or be out. */
export async function behindProxy(server: TestServer, isOut: () => boolean = () => false) {
  const proxy = await Proxy.start({ target: () => (isOut() ? undefined : portOf(server)) });
  return Object.assign(proxy, { url: `http://127.0.0.1:${proxy.port}` });
}

export const portOf = ({ url }: TestServer): number => Number(new URL(url).port);

/** The session ids of all handshakes from now on. */
export function handshakesOf({ carillon }: TestServer): readonly string[] {
  const seen: string[] = [];
  carillon.io.engine.on("connection", ({ id }: { id: string }) => seen.push(id));
  return seen;
}
