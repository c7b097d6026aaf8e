import { type Clock, pause } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import { UserId } from "../protocol/fields.ts";
import { holdLease } from "../redis/lease.ts";
import type { RedisLink } from "../redis/link.ts";
import { type Ingested, toNotification } from "./entry.ts";
import { hearPublished, leaseKey, move, type Published } from "./redis.ts";

/** It moves within `TTL_MS` and `RENEW_MS` of a holder's death. */
const TTL_MS = 2_000;
const RENEW_MS = 500;

/** What may wait to be moved while Redis does not take it. */
const MAX_WAITING = 1_000;

/** Notifications that are moved in one step. */
const BATCH = 100;

const RETRY_MS = 100;

export interface MoverOptions {
  readonly link: RedisLink;
  readonly worker: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counted: { ingested(outcome: Ingested): void };
}

/**
 * Moves what is published for users into the ingest stream, on one worker of the cluster: the holder of a lease. Each step checks the
 * lease, so a holder that wakes late doubles nothing; what it has buffered by then is no longer its own to move, and is dropped.
 */
export function startMover({ link, worker, clock, logger, counted }: MoverOptions): { close(): Promise<void> } {
  let waiting: Published[] = [];
  let moving: Promise<void> | undefined;
  let stopHearing: (() => void) | undefined;

  function drop(): void {
    for (const _ of waiting) counted.ingested("lost");
    waiting = [];
  }

  const lease = holdLease({
    link,
    clock,
    logger,
    key: leaseKey(link),
    holder: worker,
    ttlMs: TTL_MS,
    renewMs: RENEW_MS,
    gained: () => (stopHearing = hearPublished({ link, clock }, heard)),
    lost() {
      stopHearing?.();
      drop();
    },
  });

  function heard(user: string, text: string): void {
    // First of all: to ask is also what makes a holder that wakes late give up.
    if (!lease.held) return;
    try {
      if (!UserId.safeParse(user).success) throw new CarillonError("bad_request");
      const notification = toNotification(text);
      if (waiting.length >= MAX_WAITING) return counted.ingested("lost");
      waiting.push({ user, notification });
    } catch (error) {
      logger.warn({ err: error }, "what was published is no notification");
      return counted.ingested("bad");
    }
    moving ??= moveAll().finally(() => (moving = undefined));
  }

  async function moveAll(): Promise<void> {
    while (waiting.length > 0 && lease.token !== undefined) {
      const batch = waiting.slice(0, BATCH);
      try {
        const moved = await move(link, lease.token, batch);
        // The lease is another's already, and so is what was published since.
        if (!moved) drop();
        else waiting = waiting.slice(batch.length);
      } catch {
        // The outcome is unknown. Each has its id, so that moving it again is the same.
        await pause(clock, RETRY_MS);
      }
    }
  }

  return {
    async close() {
      stopHearing?.();
      await moving;
      await lease.close();
    },
  };
}
