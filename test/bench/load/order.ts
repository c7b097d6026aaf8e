/**
 * The order in which the messages of a room came, by when any listener first had them. Messages of several senders have no other: what
 * was sent at once may be taken in any order, but that has to be the same for everybody, and each sender's own has to be kept.
 */
export class RoomOrder {
  /** How many were sent so far. */
  sent = 0;
  /** By how many senders, in turn; by endlessly many, where one's own messages have no order either. */
  readonly #senders: number;
  readonly #places: number[] = [];
  #last = 0;

  constructor(senders: number) {
    this.#senders = senders;
  }

  /** The place of a message among those that came, 1 being the first. */
  placeOf(number: number): number {
    return (this.#places[number] ??= ++this.#last);
  }

  /** Whether nobody has had this one yet, and somebody a later one of the same sender. */
  isOvertaken(number: number): boolean {
    return this.#places[number] === undefined && this.#places[number + this.#senders] !== undefined;
  }
}

/** What one listener hears of a room: each message once, all of them, and in the order of all others. Numbers count from 1. */
export class Sequence {
  doubled = 0;
  swapped = 0;
  readonly #order: RoomOrder;
  /** It had all up to this number, … */
  #upTo = 0;
  /** … and these. */
  readonly #beyond = new Set<number>();
  #furthest = 0;

  constructor(order: RoomOrder) {
    this.#order = order;
  }

  /** Of those that were sent so far. */
  get missing(): number {
    return this.#order.sent - this.#upTo - this.#beyond.size;
  }

  heard(number: number): void {
    if (number <= this.#upTo || this.#beyond.has(number)) {
      this.doubled++;
      return;
    }
    const overtaken = this.#order.isOvertaken(number);
    const place = this.#order.placeOf(number);
    if (overtaken || place < this.#furthest) this.swapped++;
    this.#furthest = Math.max(this.#furthest, place);
    this.#note(number);
  }

  #note(number: number): void {
    this.#beyond.add(number);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo++;
  }
}
