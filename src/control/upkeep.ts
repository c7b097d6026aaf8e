import { createHash } from "node:crypto";
import { type Body, keptOf } from "./entry.ts";
import type { Outbox } from "./outbox.ts";
import { type Field, isOver } from "./standing.ts";

/** So many fields are written by one entry. */
const CHUNK = 500;

/** What ran out so long ago has run out by every worker's clock. */
const SWEEP_AFTER_MS = 60 * 60_000;

export interface UpkeepOptions {
  readonly outbox: Outbox;
  /** What stands in a field now. */
  at(name: string): number | undefined;
  write(id: string, body: Body): Promise<unknown>;
}

/**
 * Keeps what is kept beside the log at what stands. Every worker that sees a fault mends it under the same id, so that it is done once,
 * by whoever comes first. What to write is asked when it is written: a ban may have been lifted, or imposed anew, since.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Writes back fields that an entry, or a loss, has left weaker than they stand. */
  restore(names: readonly string[], cause: string): void {
    for (const chunk of chunksOf(names)) {
      this.#add("restored", `restored-${cause}-${digestOf(chunk)}`, () =>
        chunk.flatMap((name) => {
          const value = this.#options.at(name);
          return value === undefined ? [] : [[name, value]];
        }),
      );
    }
  }

  /** Takes out fields that have run out. */
  sweep(fields: Iterable<readonly [name: string, value: number]>, now: number, cause: string): void {
    const over = [...fields].filter(([name, value]) => isOver(name, value, now - SWEEP_AFTER_MS));
    for (const chunk of chunksOf(over)) {
      this.#add("swept", `swept-${cause}-${digestOf(chunk)}`, () =>
        chunk.filter(([name]) => this.#options.at(name) === undefined).map(([name]) => [name, null]),
      );
    }
  }

  #add(kind: "restored" | "swept", id: string, fields: () => readonly Field[]): void {
    const store = async () => {
      const keeps = keptOf(fields());
      if (Object.keys(keeps).length > 0) await this.#options.write(id, { kind, keeps });
    };
    // Nobody waits for it, and the outbox goes on trying.
    this.#options.outbox.add(id, store).catch(() => {});
  }
}

/** In an order that is the same on every worker. */
function chunksOf<T>(items: readonly T[]): T[][] {
  const sorted = items.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, n) => sorted.slice(n * CHUNK, (n + 1) * CHUNK));
}

const digestOf = (value: unknown) =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 16);
