import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";

/** Between two attempts while the store is out. */
const RETRY_MS = 200;

interface Item {
  readonly id: string;
  readonly store: () => Promise<void>;
  readonly stored: () => void;
  readonly refused: (error: unknown) => void;
}

/**
 * What has to be stored, one after another, however long it takes. Whoever hands something in is told when it is stored, or that it
 * could not be at once; then it is tried again and again behind his back.
 */
export class Outbox {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #items: Item[] = [];
  #storing = false;
  #closed = false;
  #callOff: () => void = () => {};

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get size(): number {
    return this.#items.length;
  }

  /** `store` has to do the same however often it is called. Rejects with what the first attempt said, or that of one before it. */
  add(id: string, store: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new CarillonError("unavailable"));
    const storing = new Promise<void>((stored, refused) => this.#items.push({ id, store, stored, refused }));
    this.hurry();
    return storing;
  }

  /** Tries now what waits for another attempt. */
  hurry(): void {
    this.#callOff();
    if (!this.#storing && !this.#closed) void this.#storeAll();
  }

  close(): void {
    this.#closed = true;
    this.#callOff();
    for (const { refused } of this.#items) refused(new CarillonError("unavailable"));
  }

  async #storeAll(): Promise<void> {
    this.#storing = true;
    for (let [first] = this.#items; first && !this.#closed; [first] = this.#items) {
      try {
        await first.store();
        first.stored();
      } catch (error) {
        if (isOutage(error)) {
          // Also whoever waits behind it: none of them would be stored in time.
          for (const { refused } of this.#items) refused(error);
          this.#callOff = this.#clock.after(RETRY_MS, () => this.hurry());
          break;
        }
        // It would fail for ever, and hold up all that comes after it.
        this.#logger.error(
          { err: error, id: first.id },
          "an order could not be stored, and holds on this worker alone",
        );
        first.refused(error);
      }
      this.#items.shift();
    }
    this.#storing = false;
  }
}

/** Whether it may be stored another time. */
export const isOutage = (error: unknown) =>
  error instanceof CarillonError && (error.code === "unavailable" || error.code === "timeout");
