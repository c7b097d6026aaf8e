import type { Position } from "./index.ts";

/** As many topics as a worker may well be busy with. Of those beyond it, a rollback is noticed by others, or by a watch. */
const MAX_TOPICS = 20_000;

/**
 * The highest place of each topic that this worker has seen in its log: what makes a log that was rolled back behind it show. Only the
 * topics that were used last are kept.
 */
export class SeenPlaces {
  readonly #places = new Map<string, Position>();

  get(topic: string): Position | undefined {
    return this.#places.get(topic);
  }

  /** From an answer of the log: it says in which epoch the log is. */
  answered(topic: string, place: Position): void {
    const known = this.#places.get(topic);
    const isBehind = known !== undefined && known.epoch === place.epoch && known.seq > place.seq;
    this.#keep(topic, isBehind ? known : place);
  }

  /** From a subscription: it may come late, and so says nothing of the epoch. */
  heard(topic: string, place: Position): void {
    const known = this.#places.get(topic);
    if (!known || (known.epoch === place.epoch && known.seq < place.seq)) this.#keep(topic, place);
  }

  #keep(topic: string, place: Position): void {
    this.#places.delete(topic);
    this.#places.set(topic, place);
    if (this.#places.size <= MAX_TOPICS) return;
    for (const oldest of this.#places.keys()) return void this.#places.delete(oldest);
  }
}
