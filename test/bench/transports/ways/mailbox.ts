import type { Message } from "../message.ts";

/**
 * What waits for a page that fetches its messages. Each stays until a later request says that it has come: an answer that is lost loses
 * nothing, and what comes between two requests is in the next answer.
 */
export class Mailbox {
  #messages: Message[] = [];
  /** How many of those that were put have come. */
  #taken = 0;
  #waiting: (() => void) | undefined;

  put(message: Message): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** All after the first so many; those are let go of. */
  after(taken: number): readonly Message[] {
    this.#messages.splice(0, taken - this.#taken);
    this.#taken = taken;
    return this.#messages;
  }

  /** Resolves when anything waits, at the latest after so long; as a promise does, after whatever else is put in that turn. One may ask at a time. */
  async fill(ms: number): Promise<void> {
    if (this.#messages.length > 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
