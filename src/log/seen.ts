import type { Position } from "./index.ts";
import { isSamePlace } from "./position.ts";

/** As many topics as a worker may well be busy with. Of those beyond it, a rollback is noticed by others, or by a watch. */
const MAX_TOPICS = 20_000;

interface Seen {
  readonly place: Position;
  /** This worker wrote it and has not heard of it since: perhaps nobody else has, and then nobody else can tell that it was lost. */
  readonly isAlone: boolean;
}

/**
 * The highest place of each topic that this worker has seen in its log: what makes a log that was rolled back behind it show. Only the
 * topics that were used last are kept.
 */
export class SeenPlaces {
  readonly #seen = new Map<string, Seen>();

  get(topic: string): Position | undefined {
    return this.#seen.get(topic)?.place;
  }

  /** The place, where it says more of the log than another one of the same epoch. */
  beyond(topic: string, other: Position): Position | undefined {
    const place = this.get(topic);
    if (place?.epoch !== other.epoch || place.seq < other.seq) return undefined;
    return place.seq > other.seq || place.id !== other.id ? place : undefined;
  }

  /** From an answer of the log, which has compared what was seen before: it says in which epoch the log is. */
  answered(topic: string, place: Position): void {
    const known = this.#seen.get(topic);
    const isBehind = known !== undefined && known.place.epoch === place.epoch && known.place.seq > place.seq;
    this.#keep(topic, isBehind ? known : { place, isAlone: false });
  }

  /** The log has just given this place to what this worker wrote. */
  wrote(topic: string, place: Position): void {
    const known = this.get(topic);
    const wasHeard = known !== undefined && isSamePlace(known, place) && isSameEntry(known, place);
    const isBehind = known !== undefined && known.epoch === place.epoch && known.seq > place.seq;
    if (!wasHeard && !isBehind) this.#keep(topic, { place, isAlone: true });
  }

  /** From a subscription: it may come late, and so says nothing of the epoch, nor of what was written alone and is lost. */
  heard(topic: string, place: Position): void {
    const known = this.#seen.get(topic);
    const isOwn = known !== undefined && isSamePlace(known.place, place) && isSameEntry(known.place, place);
    const isNewer = known?.place.epoch === place.epoch && known.place.seq < place.seq && !known.isAlone;
    if (!known || isOwn || isNewer) this.#keep(topic, { place, isAlone: false });
  }

  #keep(topic: string, seen: Seen): void {
    this.#seen.delete(topic);
    this.#seen.set(topic, seen);
    if (this.#seen.size <= MAX_TOPICS) return;
    for (const oldest of this.#seen.keys()) return void this.#seen.delete(oldest);
  }
}

const isSameEntry = (one: Position, other: Position) => one.id === other.id && one.at === other.at;
