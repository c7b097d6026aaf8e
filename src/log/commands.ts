import { randomBytes } from "node:crypto";
import { birthKey } from "../redis/heartbeat.ts";
import type { RedisLink } from "../redis/link.ts";
import { partitionOf } from "../redis/partition.ts";
import type { Draft, Guard, Position } from "./index.ts";
import type { Written } from "./record.ts";
import type { Reply } from "./replies.ts";
import { scripts } from "./scripts.ts";

/** Epoch, head and what is kept outlive the entries by so much, counted from when they were last used. */
const META_TTL_SEC = 2 * 365 * 86_400;

/** Three digits to the base of 36. */
const COUNT = 36 ** 3;

/** Values kept beside a log's entries, by name; `null` takes one away. */
export type Keeps = Readonly<Record<string, string | null>>;

export interface CommandOptions {
  readonly link: RedisLink;
  readonly name: string;
  readonly ttlSec: number;
  readonly skewMs: () => number;
}

type Args = readonly (string | number)[];

/** Runs the scripts of a log's topics. */
export class Commands {
  readonly #options: CommandOptions;
  /** What tells epochs that begin in the same millisecond apart: those of other workers by this, those of other topics by a count. */
  readonly #worker = randomBytes(4).toString("base64url").slice(0, 5);
  #changes = 0;

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  /** Where a topic's entries are published. */
  channel(topic: string): string {
    const { link, name } = this.#options;
    return link.keys(topic)("log", name, "written", topic);
  }

  /** Changes nothing. */
  look(script: "find" | "read" | "messages" | "tally", topic: string, args: Args): Promise<unknown> {
    const { link, ttlSec, skewMs } = this.#options;
    return link.script(scripts[script], this.#keys(topic), [skewMs(), ttlSec * 1000, ...args]);
  }

  /** `seen` is a place that was seen in the log: if the log is behind it, it begins a new epoch in the same step. */
  async change(
    script: "append" | "head" | "kept" | "resume",
    topic: string,
    seen: Position | undefined,
    args: Args = [],
  ): Promise<Reply> {
    const { link, ttlSec, skewMs } = this.#options;
    const keys = [...this.#keys(topic), birthKey(link.prefix, partitionOf(topic)), this.channel(topic)];
    const metaTtlMs = Math.max(META_TTL_SEC, 2 * ttlSec) * 1000;
    const unique = this.#worker + (this.#changes++ % COUNT).toString(36).padStart(3, "0");
    const { epoch = "", seq = 0, id = "", at = "" } = seen ?? {};
    const shared = [skewMs(), ttlSec * 1000, unique, metaTtlMs, epoch, seq, id, at];
    return (await link.script(scripts[script], keys, [...shared, ...args])) as Reply;
  }

  #keys(topic: string): string[] {
    const { link, name } = this.#options;
    const key = link.keys(topic);
    return [key("log", name, "entries", topic), key("log", name, "meta", topic)];
  }
}

export function draftArgs({ by, id, kind, amends }: Draft, { sort, contentAt, json }: Written): Args {
  return [by, id, kind, sort, amends?.target ?? "", amends?.how ?? "", contentAt, json];
}

/** An empty value is not the same as none. */
const exactly = (value: string | null | undefined) => (value === undefined || value === null ? "" : `=${value}`);

export function guardArgs({ refusal, epoch, author, createdAt }: Guard): Args {
  return [refusal ? "1" : "", exactly(epoch), exactly(author), createdAt ?? ""];
}

export function keepArgs(keeps: Keeps): Args {
  return Object.entries(keeps).flatMap(([name, value]) => [name, exactly(value)]);
}
