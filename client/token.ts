import { RequestError } from "./failure.ts";

/** A token, or what gets a fresh one: called before the first connection, before a token runs out, and when one was not taken. */
export type TokenSource = string | (() => string | Promise<string>);

/** So long before its end a token is replaced, or at half of its life where that is sooner. */
const MARGIN_MS = 60_000;

/** What `setTimeout` can wait. */
const LONGEST_MS = 2 ** 31 - 1;

const RETRY_MS = { first: 1_000, most: 30_000 };

export interface Tokens {
  /**
   * The token to connect with; asks the source where there is none, or where the last one was not taken, and again where the source fails.
   * @throws RequestError where the source says by one that asking again is of no use
   */
  current(): Promise<string | undefined>;
  /** The last one was not taken. @returns whether another can be had. */
  spoil(): boolean;
  /** The token is good until then, by the server's clock. It is replaced by `replace` in time, again and again until that is done. */
  until(expiresAt: number | undefined, serverNow: number, replace: (token: string) => Promise<void>): void;
  stop(): void;
}

/** Looks after the tokens of one connection, over all of its namespaces. */
export function createTokens(source: TokenSource | undefined): Tokens {
  let token: Promise<string | undefined> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;

  const wait = (ms: number) => new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));

  async function ask(): Promise<string | undefined> {
    for (let delayMs = RETRY_MS.first; !isStopped; delayMs = Math.min(delayMs * 2, RETRY_MS.most)) {
      try {
        return await (typeof source === "function" ? source() : source);
      } catch (error) {
        if (error instanceof RequestError && !error.retryable) throw error;
        // Whoever gives tokens may be out, as the server may; the connection waits for both in the same way.
        await wait(delayMs * (0.5 + Math.random()));
      }
    }
    return undefined;
  }

  async function renew(replace: (token: string) => Promise<void>): Promise<void> {
    const fresh = await (token = ask());
    if (fresh !== undefined && !isStopped) await replace(fresh);
  }

  return {
    current() {
      token ??= ask();
      token.catch(() => (token = undefined));
      return token;
    },
    spoil() {
      token = undefined;
      return typeof source === "function" && !isStopped;
    },
    until(expiresAt, serverNow, replace) {
      clearTimeout(timer);
      if (expiresAt === undefined || typeof source !== "function" || isStopped) return;
      const leftMs = expiresAt - serverNow;
      const startedAt = Date.now();
      const dueMs = Math.max(leftMs - MARGIN_MS, leftMs / 2, 0);
      const check = (): void => {
        const restMs = startedAt + dueMs - Date.now();
        if (restMs > 0) timer = setTimeout(check, Math.min(restMs, LONGEST_MS));
        // Where it is refused, or the connection goes meanwhile, the next connection or the server's own good-bye settles it.
        else renew(replace).catch(() => {});
      };
      check();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
