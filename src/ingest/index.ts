import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Publisher } from "../namespaces/notify/publish.ts";
import type { RedisLink } from "../redis/link.ts";
import { startConsumer } from "./consumer.ts";
import type { Ingested } from "./entry.ts";
import { startMover } from "./mover.ts";
import { openStream } from "./redis.ts";

/** After so long an entry that a worker took and was not done with is another's to take. Above any deadline of Redis. */
const ABANDONED_MS = 5_000;

export type { Ingested } from "./entry.ts";

export interface IngestOptions {
  readonly link: RedisLink;
  readonly publisher: Pick<Publisher, "toUsers">;
  /** This worker's boot id. */
  readonly worker: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counted: { ingested(outcome: Ingested): void };
  /** 5 s unless told. */
  readonly abandonedMs?: number;
}

/**
 * The ways in by Redis: `PUBLISH notifications:<user>`, at most once, which one worker moves into the stream; and the stream, at least
 * once, which all workers take from. It closes before the link and after nothing else.
 */
export function createIngest(options: IngestOptions): { close(): Promise<void> } {
  const abandonedMs = options.abandonedMs ?? ABANDONED_MS;
  const mover = startMover(options);
  const consumer = startConsumer({ ...options, abandonedMs, stream: openStream({ ...options, abandonedMs }) });
  return {
    async close() {
      await mover.close();
      await consumer.close();
    },
  };
}
