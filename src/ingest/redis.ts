import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { CarillonError } from "../protocol/errors.ts";
import { COMMAND_MS, type RedisLink } from "../redis/link.ts";
import { readScript } from "../redis/script.ts";
import type { StreamEntry } from "./entry.ts";

const MOVE = readScript(import.meta.url, "lua/move.lua");
const DONE = readScript(import.meta.url, "lua/done.lua");
const FORGET = readScript(import.meta.url, "lua/forget.lua");

const GROUP = "inboxes";
const CHANNELS = "notifications:";

/** Entries that a worker takes at a time. */
const COUNT = 64;

/** How long one question for new entries waits for some. */
const BLOCK_MS = 2_000;

/** How often the connection that hears what is published is asked whether it is alive. */
const PING_MS = 1_000;

/** Others write to it in any language, so its name is as simple as the protocol says. */
const streamKey = (link: RedisLink) => `${link.prefix}:notifications`;

/** In the stream's slot: the braces are around what the stream's slot is computed from. */
export const leaseKey = (link: RedisLink) => `{${streamKey(link)}}:lease`;

/** The ingest stream as one consumer of its group sees it. All that asks it rejects while Redis is out. */
export interface Stream {
  /** New entries, for which it waits for a while. */
  next(): Promise<readonly StreamEntry[]>;
  /** Entries that somebody took so long ago that he must be gone. */
  abandoned(): Promise<readonly StreamEntry[]>;
  /** These need nobody any more. */
  done(ids: readonly string[]): Promise<void>;
  /** Removes the names of consumers that have not asked for so long and have nothing. */
  forgetGone(idleMs: number): Promise<void>;
  /** Ends a `next` that waits. */
  interrupt(): void;
  /** Takes its own name out of the group. Never rejects. */
  close(): Promise<void>;
}

export interface StreamOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  /** This consumer's name: the worker's boot id. */
  readonly worker: string;
  /** After so long an entry that was taken and not done with is another's to take. */
  readonly abandonedMs: number;
}

export function openStream({ link, clock, worker, abandonedMs }: StreamOptions): Stream {
  const key = streamKey(link);
  // Its own connection, because it blocks.
  const connect = () => link.connect("ingest");
  let client = connect();
  let closed = false;

  async function mend(error: unknown): Promise<void> {
    if (error instanceof Error && error.name === "ReplyError") {
      // The first question ever, or Redis was flushed. From 0: what was added before there was a group counts too.
      await link.run((commands) => commands.xgroup("CREATE", key, GROUP, "0", "MKSTREAM")).catch(() => {});
      return;
    }
    // Not the same one again, which would repeat the question once it is connected, for nobody.
    client.disconnect();
    if (!closed) client = connect();
  }

  return {
    async next() {
      if (client.status !== "ready") throw new CarillonError("unavailable");
      try {
        const reply = (await within(clock, BLOCK_MS + COMMAND_MS, () =>
          client.xreadgroup("GROUP", GROUP, worker, "COUNT", COUNT, "BLOCK", BLOCK_MS, "STREAMS", key, ">"),
        )) as [string, RawEntry[]][] | null;
        return toEntries(reply?.[0]?.[1] ?? []);
      } catch (error) {
        await mend(error);
        throw error;
      }
    },
    async abandoned() {
      const reply = await link.run((commands) =>
        commands.xautoclaim(key, GROUP, worker, abandonedMs, "0-0", "COUNT", COUNT),
      );
      return toEntries((reply as [string, RawEntry[]])[1]);
    },
    async done(ids) {
      if (ids.length > 0) await link.script(DONE, [key], [GROUP, ...ids]);
    },
    async forgetGone(idleMs) {
      await link.script(FORGET, [key], [GROUP, idleMs]);
    },
    interrupt() {
      closed = true;
      client.disconnect();
    },
    async close() {
      await link.script(FORGET, [key], [GROUP, 0, worker]).catch(() => {});
    },
  };
}

type RawEntry = [id: string, fields: string[] | null] | null;

/** Some versions tell of entries that are claimed and no longer there. */
function toEntries(raw: readonly RawEntry[]): StreamEntry[] {
  return raw.flatMap((entry) => (entry?.[1] ? [{ id: entry[0], fields: entry[1] }] : []));
}

/** Something published for a user. */
export interface Published {
  readonly user: string;
  /** JSON. */
  readonly notification: string;
}

/** Appends to the stream, unless the lease is no longer held under this token: then it resolves to false. @throws CarillonError */
export async function move(link: RedisLink, token: string, published: readonly Published[]): Promise<boolean> {
  const args = published.flatMap(({ user, notification }) => [user, notification]);
  return (await link.script(MOVE, [leaseKey(link), streamKey(link)], [token, ...args])) === 1;
}

/**
 * Hears what is published for users on this Redis, on a connection of its own. Once closed, also what had already arrived and was not
 * yet told is gone.
 */
export function hearPublished(
  { link, clock }: Pick<StreamOptions, "link" | "clock">,
  heard: (user: string, text: string) => void,
): () => void {
  const client = link.connect("publishes");
  let closed = false;
  let callOff: (() => void) | undefined;
  client.on("ready", () => void client.psubscribe(`${CHANNELS}*`).catch(() => {}));
  client.on("pmessage", (_pattern: string, channel: string, text: string) => {
    heard(channel.slice(CHANNELS.length), text);
  });
  /** A half-open connection looks well and hears nothing. */
  const watch = () => {
    if (closed) return;
    callOff = clock.after(PING_MS, () => {
      const answer = client.status === "ready" ? within(clock, COMMAND_MS, () => client.ping()) : Promise.resolve();
      answer.then(watch, () => {
        if (!closed) client.disconnect(true);
        watch();
      });
    });
  };
  watch();
  return () => {
    closed = true;
    callOff?.();
    client.removeAllListeners("pmessage");
    client.disconnect();
  };
}
