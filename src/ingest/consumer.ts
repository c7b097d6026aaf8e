import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Publisher } from "../namespaces/notify/publish.ts";
import { CarillonError } from "../protocol/errors.ts";
import { type Ingested, readEntry, recipientOf, type StreamEntry } from "./entry.ts";
import type { Stream } from "./redis.ts";

const RETRY_MS = 200;

/** Something that goes wrong in a way of its own, so many times in a row, is the entry's fault: it must not come back for ever. */
const MAX_ATTEMPTS = 5;

/** Consumers that have not asked for so many times the time after which their entries are taken are gone. */
const GONE_TIMES = 10;

export interface ConsumerOptions {
  readonly stream: Stream;
  readonly publisher: Pick<Publisher, "toUsers">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly abandonedMs: number;
  readonly counted: { ingested(outcome: Ingested): void };
}

/**
 * Puts the stream's entries into inboxes: at least once each, which the inbox makes once by the notification's id. What Redis does not
 * take now waits; what is no notification is done with, and counted.
 */
export function startConsumer(options: ConsumerOptions): { close(): Promise<void> } {
  const { stream, publisher, clock, logger, abandonedMs, counted } = options;
  const closing = new AbortController();
  const { signal } = closing;

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        callOff();
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const callOff = clock.after(ms, wake);
      signal.addEventListener("abort", wake);
    });

  /** What is wrong with it, and never what it says. */
  function refuse({ id }: StreamEntry, { code, details, cause }: CarillonError): void {
    logger.warn({ entry: id, code, details, err: cause }, "an entry of the ingest stream is no notification");
    counted.ingested("bad");
  }

  /** @returns whether it is done with */
  async function store(entry: StreamEntry): Promise<boolean> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const { to, draft } = readEntry(entry);
        await publisher.toUsers([to], draft);
        counted.ingested("stored");
        return true;
      } catch (thrown) {
        const error = CarillonError.from(thrown);
        if (!error.failure.retryable || (error.code === "internal" && attempt >= MAX_ATTEMPTS)) {
          refuse(entry, error);
          return true;
        }
        await pause(RETRY_MS);
      }
    }
    return false;
  }

  /** Those of one user in their order, those of several at a time. */
  async function take(entries: readonly StreamEntry[]): Promise<void> {
    const done: string[] = [];
    const turns = new Map<string | undefined, Promise<void>>();
    for (const entry of entries) {
      const user = recipientOf(entry);
      const turn = (turns.get(user) ?? Promise.resolve()).then(async () => {
        if (await store(entry)) done.push(entry.id);
      });
      turns.set(user, turn);
    }
    await Promise.all(turns.values());
    await stream.done(done);
  }

  /** Goes on until it is closed, whatever happens: what fails is tried again by the same or another way. */
  async function repeat(act: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await act();
      } catch (error) {
        logger.debug({ err: error }, "the ingest stream could not be read");
        await pause(RETRY_MS);
      }
    }
  }

  const loops = Promise.all([
    repeat(async () => take(await stream.next())),
    repeat(async () => {
      await pause(abandonedMs / 2);
      if (signal.aborted) return;
      await take(await stream.abandoned());
      await stream.forgetGone(abandonedMs * GONE_TIMES);
    }),
  ]);

  return {
    async close() {
      closing.abort();
      stream.interrupt();
      await loops;
      await stream.close();
    },
  };
}
