import { type Clock, pause } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { RedisLink } from "./link.ts";
import { checkRequirements, type Finding } from "./requirements.ts";

export interface WatchOptions {
  readonly link: Pick<RedisLink, "address" | "prefix" | "onGap">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Between two checks: one that is out, or was found unfit and may be mended, is asked so often. */
const PAUSE_MS = 1_000;

const LOG_AS = { refuse: "error", warn: "warn", info: "info" } as const;

/**
 * Checks a Redis until it is fit, and again whenever it may be another one: after a failover, or a restart with other settings. What is
 * found is logged by name, once for as long as it lasts.
 */
export class Requirements {
  /** Resolves when it is found fit for the first time. */
  readonly met: Promise<void>;
  readonly #options: WatchOptions;
  readonly #stopListening: () => void;
  #resolveMet: (() => void) | undefined;
  #known: ReadonlySet<string> = new Set();
  #isMet = false;
  #isWanted = true;
  #isRunning = false;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.met = new Promise((resolve) => (this.#resolveMet = resolve));
    this.#stopListening = options.link.onGap(() => {
      this.#isWanted = true;
      void this.#run();
    });
    void this.#run();
  }

  /** Whether the last one that has answered is fit. */
  isMet(): boolean {
    return this.#isMet;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { link, clock } = this.#options;
    const { address, prefix } = link;
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      const findings = await checkRequirements({ address, prefix, clock }).catch(() => undefined);
      if (this.#isClosed) return;
      if (findings) this.#take(findings);
      this.#isWanted ||= !findings || !this.#isMet;
      await pause(clock, PAUSE_MS);
    }
    this.#isRunning = false;
  }

  #take(findings: readonly Finding[]): void {
    const { logger } = this.#options;
    for (const { name, level, message } of findings)
      if (!this.#known.has(message)) logger[LOG_AS[level]]({ requirement: name }, message);
    this.#known = new Set(findings.map(({ message }) => message));
    this.#isMet = findings.every(({ level }) => level !== "refuse");
    if (this.#isMet) this.#resolveMet?.();
  }
}
