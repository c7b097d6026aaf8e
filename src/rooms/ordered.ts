import type { IdPage, PageRequest } from "./index.ts";

/** Ids in their order, so that a page costs the same however many there are: anybody may ask for one, again and again. */
export class OrderedIds {
  readonly #ids: string[] = [];

  get size(): number {
    return this.#ids.length;
  }

  add(id: string): void {
    const place = this.#placeOf(id);
    if (this.#ids[place] !== id) this.#ids.splice(place, 0, id);
  }

  delete(id: string): void {
    const place = this.#placeOf(id);
    if (this.#ids[place] === id) this.#ids.splice(place, 1);
  }

  page({ after, limit }: PageRequest): IdPage {
    const place = after === undefined ? 0 : this.#placeOf(after);
    const from = this.#ids[place] === after ? place + 1 : place;
    const ids = this.#ids.slice(from, from + limit);
    const last = ids.at(-1);
    return from + limit < this.#ids.length && last !== undefined ? { ids, next: last } : { ids };
  }

  /** Where an id stands, or would have to. */
  #placeOf(id: string): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as string) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
