import type { Clock } from "../clock.ts";
import { GATHER_MS, type PresenceChange } from "./index.ts";

/** Between two attempts, while Redis does not answer. */
const RETRY_MS = 500;

export interface TellingOptions {
  readonly clock: Clock;
  /** This worker. */
  readonly worker: string;
  take(room: string, name: string, from: string): Promise<PresenceChange | undefined>;
  tell(change: PresenceChange): void;
}

interface Duty {
  readonly room: string;
  /** The worker that was to do it. */
  readonly from: string;
  /** By which it may be taken twice, where a reply was lost. */
  readonly name: string;
  callOff: () => void;
  /** Another one came up while this was being taken. */
  again: boolean;
}

/** The rooms that this worker has to tell of what was gathered. */
export class Telling {
  readonly #options: TellingOptions;
  /** By worker and room. */
  readonly #duties = new Map<string, Duty>();
  #named = 0;
  #closed = false;

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** To be told once changes were gathered. */
  schedule(room: string): void {
    const { clock, worker } = this.#options;
    const duty = this.#assume(room, worker);
    if (duty) duty.callOff = clock.after(GATHER_MS, () => void this.#do(duty));
  }

  /** What another worker was to tell is told now. Resolves to whether that worker's duty is done; if not, it is tried further. */
  async takeOver(room: string, from: string): Promise<boolean> {
    const duty = this.#assume(room, from);
    return duty !== undefined && this.#do(duty);
  }

  close(): void {
    this.#closed = true;
    for (const { callOff } of this.#duties.values()) callOff();
    this.#duties.clear();
  }

  #assume(room: string, from: string): Duty | undefined {
    if (this.#closed) return undefined;
    const key = `${from} ${room}`;
    const known = this.#duties.get(key);
    if (known) return void (known.again = true);
    const name = `${this.#options.worker}-${++this.#named}`;
    const duty: Duty = { room, from, name, callOff: () => {}, again: false };
    this.#duties.set(key, duty);
    return duty;
  }

  async #do(duty: Duty): Promise<boolean> {
    const { clock, take, tell, worker } = this.#options;
    const { room, from } = duty;
    let change: PresenceChange | undefined;
    try {
      change = await take(room, duty.name, from);
    } catch {
      if (!this.#closed) duty.callOff = clock.after(RETRY_MS, () => void this.#do(duty));
      return false;
    }
    if (this.#closed) return false;
    this.#duties.delete(`${from} ${room}`);
    if (duty.again && from === worker) this.schedule(room);
    if (change) tell(change);
    return true;
  }
}
