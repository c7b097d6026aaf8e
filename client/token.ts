import { RequestError } from "./failure.ts";

/** A token, or what gets a fresh one: called before the first connection, before a token runs out, and when one was not taken. */
export type TokenSource = string | (() => string | Promise<string>);

/** So long before its end a token is replaced, or in the middle of what is left of it where that is later. */
const MARGIN_MS = 60_000;

/** Sooner than this after the last time nothing is replaced, whatever the source gives: it may give the same token again and again. */
const SOONEST_MS = 1_000;

/** What `setTimeout` can wait. */
const LONGEST_MS = 2 ** 31 - 1;

const RETRY_MS = { first: 1_000, most: 30_000 };

/** Replaces the token of a connection. @returns whether there was one to replace it on */
export type Replace = (token: string) => Promise<boolean>;

export interface Tokens {
  /**
   * The token to connect with; asks the source where there is none, or where the last one was not taken, and again where the source fails.
   * @throws RequestError where the source says by one that asking again is of no use
   */
  current(): Promise<string | undefined>;
  /** This one was not taken, or, without one, whichever there is. @returns whether another can be had */
  spoil(token?: string): boolean;
  /**
   * The token is good until then, by the server's clock. In time another one is got, and given to the `replace` of whichever namespace is
   * connected, again and again until that is done. Where none is, the next connection begins with it.
   */
  until(expiresAt: number | undefined, serverNow: number, replace: Replace): void;
  stop(): void;
}

/** Looks after the tokens of one connection, over all of its namespaces. */
export function createTokens(source: TokenSource | undefined): Tokens {
  const isRenewable = typeof source === "function";
  /** The last one that was got, until it is not taken. */
  let token: string | undefined;
  let asking: Promise<string | undefined> | undefined;
  /** The watch over the end of the present token: a later one takes its place. */
  let watch: object | undefined;
  const replaces = new Set<Replace>();
  const timers: { ask?: Timer; watch?: Timer } = {};
  let isStopped = false;

  const wait = (timer: keyof typeof timers, ms: number) =>
    new Promise<void>((resolve) => (timers[timer] = setTimeout(resolve, ms)));

  async function askSource(): Promise<string | undefined> {
    for (const delay of delays()) {
      try {
        return (token = await (isRenewable ? source() : source));
      } catch (error) {
        const told = error instanceof RequestError ? error : undefined;
        if (isStopped || told?.retryable === false) throw error;
        // Whoever gives tokens may be out, as the server may; the connection waits for both in the same way.
        await wait("ask", Math.max(delay, told?.retryAfterMs ?? 0));
      }
    }
    return undefined;
  }

  /** However many want one at once, the source is asked once. */
  const fresh = () => (asking ??= askSource().finally(() => (asking = undefined)));

  async function renew(own: object): Promise<void> {
    for (const delay of delays()) {
      const got = await fresh();
      try {
        for (const replace of replaces) {
          if (watch !== own || got === undefined || (await replace(got))) return;
        }
        return;
      } catch {
        await wait("watch", delay);
      }
    }
  }

  return {
    current: () => (token === undefined ? fresh() : Promise.resolve(token)),
    spoil(spoilt = token) {
      if (spoilt === token) token = undefined;
      return isRenewable && !isStopped;
    },
    until(expiresAt, serverNow, replace) {
      clearTimeout(timers.watch);
      const own = (watch = {});
      replaces.add(replace);
      if (expiresAt === undefined || !isRenewable || isStopped) return;
      const leftMs = expiresAt - serverNow;
      const dueAt = Date.now() + Math.max(leftMs - MARGIN_MS, leftMs / 2, SOONEST_MS);
      const check = (): void => {
        const restMs = dueAt - Date.now();
        if (restMs > 0) timers.watch = setTimeout(check, Math.min(restMs, LONGEST_MS));
        // Where the source gives none any more, the server's own good-bye settles it.
        else renew(own).catch(() => {});
      };
      check();
    },
    stop() {
      isStopped = true;
      watch = undefined;
      clearTimeout(timers.ask);
      clearTimeout(timers.watch);
    },
  };
}

type Timer = ReturnType<typeof setTimeout>;

/** Milliseconds to wait after one failure after another. */
function* delays(): Generator<number, never> {
  for (let ms = RETRY_MS.first; ; ms = Math.min(ms * 2, RETRY_MS.most)) yield ms * (0.5 + Math.random());
}
