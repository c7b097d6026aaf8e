import { Redis } from "ioredis";
import { eventually } from "../../kit/wait.ts";
import { startRedis } from "../../kit/redis.ts";
import { cpuOf } from "../measure/proc.ts";
import * as figure from "./figures.ts";
import { type Part, partOf } from "./part.ts";

export interface SubscribersSize {
  /** How many hear a channel, and how many in comparison. */
  readonly few: number;
  readonly many: number;
  readonly messages: number;
}

/** About what an entry has on its channel. */
const PAYLOAD = "x".repeat(360);
const CHANNEL = "room";
/** So many are sent in one go. */
const PIPELINE = 100;

/** What Redis pays for each worker that hears a room: the part of a message's cost that grows with the cluster. */
export async function subscribers(size: SubscribersSize): Promise<Part> {
  const about = `${size.messages} messages by SPUBLISH in pipelines of ${PIPELINE}, ${PAYLOAD.length} bytes each, to a channel with ${size.few} and with ${size.many} subscribers: Redis's CPU.`;
  const few = await publishTo(size.few, size.messages);
  const many = await publishTo(size.many, size.messages);
  const heard = few.heard === size.few * size.messages && many.heard === size.many * size.messages;
  const figures = { [figure.REDIS_CPU_PER_SUBSCRIBER]: (many.cpuUs - few.cpuUs) / (size.many - size.few) };
  return partOf(about, figures, { failed: heard ? undefined : "not all that was published was heard" });
}

interface Published {
  /** By all subscribers together. */
  readonly heard: number;
  /** Of Redis, for each message. */
  readonly cpuUs: number;
}

async function publishTo(count: number, messages: number): Promise<Published> {
  await using redis = await startRedis();
  await using clients = openClients(redis.url, count + 1);
  const [publisher, ...hearing] = clients.all;
  if (!publisher) throw new Error("There is nobody to publish");
  let heard = 0;
  for (const client of hearing) client.on("smessage", () => void heard++);
  await Promise.all(hearing.map((client) => client.ssubscribe(CHANNEL)));
  const before = cpuOf(redis.pid);
  for (let left = messages; left > 0; left -= PIPELINE) {
    const pipeline = publisher.pipeline();
    for (let more = Math.min(PIPELINE, left); more > 0; more--) pipeline.spublish(CHANNEL, PAYLOAD);
    await pipeline.exec();
  }
  await eventually(() => heard >= count * messages, 30_000);
  const after = cpuOf(redis.pid);
  return { heard, cpuUs: ((after.user + after.system - before.user - before.system) * 1e6) / messages };
}

function openClients(url: string, count: number): AsyncDisposable & { readonly all: readonly Redis[] } {
  const all = Array.from({ length: count }, () => new Redis(url, { retryStrategy: () => null }));
  for (const client of all) client.on("error", () => {});
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const client of all) client.disconnect();
    },
  };
}
