import { randomBytes } from "node:crypto";
import type { Client as RedisClient } from "../../../src/redis/clients.ts";
import { PARTITIONS, partitionOf } from "../../../src/redis/partition.ts";
import type { Client } from "../../kit/client.ts";
import type { TestServer } from "../../kit/server.ts";
import type { Workers } from "../../kit/workers.ts";

/** Three workers on a Redis, which the tests of a suite share: each has rooms and users of its own. */
export interface Scene {
  readonly url: string;
  readonly workers: Workers;
  readonly here: TestServer;
  readonly there: TestServer;
  readonly yonder: TestServer;
  /** The test's own way to Redis, whatever kind it is of. */
  readonly redis: RedisClient;
}

export type Enter = () => Scene;

/** A name that nobody else has. */
export const fresh = (name: string): string => `${name}-${randomBytes(6).toString("hex")}`;

/** So many masters has a Redis Cluster of the tests; they share the slots evenly. */
export const MASTERS = 3;

/** The master that what is kept under a name is on; nothing where its partition reaches over to the next one. */
export function masterOf(name: string): number | undefined {
  const [first, last] = [0, 0.99].map((part) => Math.floor(((partitionOf(name) + part) * MASTERS) / PARTITIONS));
  return first === last ? first : undefined;
}

/** A room that lies on this master. */
export function roomOn(master: number): string {
  for (;;) {
    const room = fresh("room");
    if (masterOf(room) === master) return room;
  }
}

/** A room on each of the masters. */
export const roomOnEach = (): string[] => Array.from({ length: MASTERS }, (_, master) => roomOn(master));

/** Clients to be disposed of together. */
export type Together = Client[] & AsyncDisposable;

/** Connects users to workers in turn: the first to the first, and so on round. */
export async function connectInTurn(
  workers: readonly TestServer[],
  users: readonly string[],
  namespace = "/chat",
): Promise<Together> {
  const clients = await Promise.all(
    users.flatMap((user, index) => workers[index % workers.length]?.connect(namespace, user) ?? []),
  );
  return Object.assign(clients, {
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    },
  });
}
