import type { ManagerOptions } from "socket.io-client";
import { follow, type FollowOptions, type Joined, type RoomChange } from "../../client/index.ts";
import type { Failure } from "../../src/protocol/errors.ts";
import type { Client } from "../kit/client.ts";
import type { Proxy } from "../kit/proxy.ts";
import type { TestServer } from "../kit/server.ts";

export const room = "lobby";

/** All that is told of a room over a stock socket. */
export function followed({ socket }: Client, options: FollowOptions = {}) {
  const changes: RoomChange[] = [];
  const joins: Joined[] = [];
  const failures: Failure[] = [];
  const end = follow(socket, room, (change) => changes.push(change), {
    onJoined: (joined) => joins.push(joined),
    onFailure: (failure) => failures.push(failure),
    ...options,
  });
  const entries = () => changes.filter((change) => change.kind !== "reset");
  return {
    joins,
    failures,
    end,
    /** In short: `joined 3` for a reset and its head, `4` for an entry. */
    told: () => changes.map((change) => (change.kind === "reset" ? `${change.why} ${change.head}` : `${change.seq}`)),
    resets: () => changes.filter((change) => change.kind === "reset"),
    entries,
    seqs: () => entries().map(({ seq }) => seq),
  };
}

/** It has its last transport: a cut in the middle of an upgrade costs a stock client the 45 s until it misses a ping. */
export const isUpgraded = ({ socket }: Client, { transports = [] }: Partial<ManagerOptions>) =>
  socket.io.engine.transport.name === transports.at(-1);

/** A stock client through a proxy; its handler of `connect` comes before that of whoever follows. */
export async function through(proxy: Proxy, server: TestServer, options: object = {}): Promise<Client> {
  const client = server.client("/chat", await server.token("ann"), options);
  client.socket.disconnect();
  Object.assign(client.socket.io, { uri: `http://127.0.0.1:${proxy.port}` });
  client.socket.connect();
  return client.connected();
}
