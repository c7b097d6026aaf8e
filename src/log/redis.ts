import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError, type ErrorCode } from "../protocol/errors.ts";
import type { RedisLink } from "../redis/link.ts";
import { whole } from "../redis/script.ts";
import { Commands, draftArgs, guardArgs, keepArgs, type Keeps } from "./commands.ts";
import type { Appended, Draft, Entry, Guard, Head, Log, LogListener, Position } from "./index.ts";
import { Patrol } from "./patrol.ts";
import { placeOf } from "./position.ts";
import { entryOf, readPublished, readRecord, type Written, written } from "./record.ts";
import { endOf, headIn, pageIn, type Reply, resumptionIn, spanIn, tallyIn, valuesIn } from "./replies.ts";
import { SeenPlaces } from "./seen.ts";
import { Tallies } from "./tallies.ts";

export interface RedisLogOptions {
  readonly link: RedisLink;
  /** Part of every key: `room`, `inbox`. */
  readonly name: string;
  /** How many counted entries a log holds. */
  readonly size: number;
  /** How long an entry stays. */
  readonly ttlSec: number;
  /** Whether entries of this kind count against `size`; all do, unless given. */
  readonly counts?: (kind: string) => boolean;
  /** For tests: how far the scripts' time is from that of Redis. */
  readonly skewMs?: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counted?: {
    /** Something was published on a log's channel that is no entry. */
    garbage(): void;
  };
}

export type { Keeps } from "./commands.ts";

/** Logs in Redis, shared by all workers. */
export interface RedisLog extends Log {
  /** `keeps` are stored in the step that writes the entry, and only if it is written: not for a duplicate or a refusal. */
  append(topic: string, draft: Draft, guard?: Guard, keeps?: Keeps): Promise<Appended>;
  /** What is kept beside the entries, and where the log stood at that moment. It goes with the epoch, not with the entries. */
  kept(topic: string): Promise<{ head: Head; values: ReadonlyMap<string, string> }>;
  /** Looks after nothing any more; subscriptions end with their own functions. */
  close(): void;
}

/**
 * Logs in Redis 7. Each lies in one hash slot; each method is one script, which is one atomic step and one round trip. `lua/log.lua`
 * says what is stored. A log that was lost begins a new epoch, and so does one that was rolled back: each worker tells with every
 * change the highest place that it has seen, and no number is given again behind it.
 */
export function redisLog(options: RedisLogOptions): RedisLog {
  const { link, name, size, ttlSec, counts = () => true, skewMs = () => 0, clock } = options;
  const commands = new Commands({ link, name, ttlSec, skewMs });
  const seen = new SeenPlaces();
  const patrol = new Patrol(clock, () => link.up);
  const tallies = new Tallies(clock, async (topic, after, upTo) =>
    tallyIn((await commands.look("tally", topic, [after, whole(upTo)])) as string),
  );
  const leaveGaps = link.onGap(() => {
    tallies.clear();
    patrol.all();
  });

  /** Of a script that compares, and so knows the epoch. */
  async function changed(
    script: "head" | "kept" | "resume",
    topic: string,
    place: Position | undefined,
  ): Promise<Reply> {
    const reply = await commands.change(script, topic, place);
    seen.answered(topic, endOf(headIn(reply)));
    return reply;
  }

  return {
    async append(topic, draft, guard = {}, keeps = {}) {
      const record = written(draft, counts(draft.kind));
      const args = [whole(size), ...draftArgs(draft, record), ...guardArgs(guard), ...keepArgs(keeps)];
      const reply = await commands.change("append", topic, seen.get(topic), args);
      const appended = appendedIn(reply, draft, record, guard);
      if (appended.duplicate) seen.answered(topic, placeOf(appended.entry));
      else seen.wrote(topic, placeOf(appended.entry));
      return appended;
    },
    async find(topic, by, id) {
      const [epoch, seq, record] = (await commands.look("find", topic, [`${by} ${id}`])) as Reply;
      return epoch && record ? readRecord(epoch, Number(seq), record) : undefined;
    },
    head: async (topic) => headIn(await changed("head", topic, seen.get(topic))),
    async kept(topic) {
      const reply = await changed("kept", topic, seen.get(topic));
      return { head: headIn(reply), values: valuesIn(reply) };
    },
    async resume(topic, place) {
      // What is known beside the place may be what shows that the log was rolled back.
      const beyond = seen.beyond(topic, place);
      if (beyond) await changed("head", topic, beyond);
      return resumptionIn(await changed("resume", topic, place), place);
    },
    async read(topic, { after, upTo = Infinity, limit }) {
      const span = spanIn((await commands.look("read", topic, [after, whole(upTo), whole(limit)])) as Reply);
      if (span.head > 0) seen.heard(topic, endOf(span));
      return span;
    },
    messages: async (topic, { before = Infinity, limit }) =>
      pageIn((await commands.look("messages", topic, [whole(before), whole(limit)])) as Reply),
    async count(topic, { after, upTo = Infinity, except }) {
      const { all, by } = await tallies.of(topic, after, upTo);
      return all - (by.get(except) ?? 0);
    },
    async subscribe(topic, listener) {
      const hear = hearer(options, listener, (entry) => seen.heard(topic, placeOf(entry)));
      const leave = await link.subscribe(commands.channel(topic), hear);
      const stop = patrol.add(() => listener.missed());
      return () => {
        stop();
        leave();
      };
    },
    close() {
      leaveGaps();
      tallies.clear();
      patrol.close();
    },
  };
}

/**
 * Takes what is published. Something that is no entry may be in the place of one, so the listener has to look. So he has before he
 * takes anything of another run of Redis, which may have less than the one before it: its next number need not be what follows.
 */
function hearer({ logger, counted }: RedisLogOptions, listener: LogListener, note: (entry: Entry) => void) {
  let isKnown = false;
  let lastRun: string | undefined;
  return (payload: Buffer) => {
    let published: ReturnType<typeof readPublished>;
    try {
      published = readPublished(payload.toString());
    } catch (error) {
      counted?.garbage();
      // Once: whoever publishes it could fill the disk otherwise.
      logger[isKnown ? "debug" : "warn"]({ err: error }, "something that is no entry was published to a log");
      isKnown = true;
      return void listener.missed();
    }
    const { entry, run } = published;
    // A promise, if it is one, never rejects.
    if (run !== lastRun) void listener.missed();
    else note(entry);
    lastRun = run;
    listener.entry(entry);
  };
}

function appendedIn(
  [outcome, epoch = "", seq, last = ""]: Reply,
  draft: Draft,
  { json }: Written,
  guard: Guard,
): Appended {
  if (outcome === "duplicate") return { entry: readRecord(epoch, Number(seq), last), duplicate: true };
  if (outcome === "written")
    return { entry: entryOf(draft, json, { epoch, seq: Number(seq), at: Number(last) }), duplicate: false };
  throw (outcome === "refused" && guard.refusal) || new CarillonError(outcome as ErrorCode);
}
