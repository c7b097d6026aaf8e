import { after } from "./clock.ts";
import type { RequestError } from "./failure.ts";
import { single } from "./single.ts";

/** A token, or what gets a fresh one: called before the first connection, before a token runs out, and when one was not taken. */
export type TokenSource = string | (() => string | Promise<string>);

/** So long before its end a token is replaced, or in the middle of what is left of it where that is later. */
const MARGIN_MS = 60_000;

/** Sooner than this after the last time nothing is replaced, whatever the source gives: it may give the same token again and again. */
const SOONEST_MS = 1_000;

const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;

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
  /** The watch over the end of the present token: a later one takes its place. */
  let watch: object | undefined;
  const replaces = new Set<Replace>();
  const waits: { source?: () => void; watch?: () => void } = {};
  let isStopped = false;

  function wait(what: "source" | "watch", ms: number, act: () => void): void {
    waits[what]?.();
    waits[what] = after(ms, act);
  }

  /** Tries until it is done, at growing distances, or until trying again is of no use. */
  async function persist<T>(what: "source" | "watch", act: () => Promise<T>): Promise<T> {
    for (let ms = FIRST_RETRY_MS; ; ms = Math.min(ms * 2, MOST_RETRY_MS)) {
      try {
        return await act();
      } catch (error) {
        const { retryable, retryAfterMs = 0 } = error as Partial<RequestError>;
        if (isStopped || retryable === false) throw error;
        await new Promise<void>((resolve) => wait(what, Math.max(ms * (0.5 + Math.random()), retryAfterMs), resolve));
      }
    }
  }

  /**
   * However many want one at once, the source is asked once. Whoever gives tokens may be out, as the server may; the connection waits for both in
   * the same way.
   */
  const fresh = single(() => persist("source", async () => (token = await (isRenewable ? source() : source))));

  async function renew(own: object): Promise<void> {
    const got = await fresh();
    for (const replace of replaces) if (watch !== own || (await replace(got as string))) return;
  }

  return {
    current: async () => token ?? fresh(),
    spoil(spoilt = token) {
      if (spoilt === token) token = undefined;
      return isRenewable && !isStopped;
    },
    until(expiresAt, serverNow, replace) {
      const own = (watch = {});
      waits.watch?.();
      replaces.add(replace);
      if (expiresAt === undefined || !isRenewable || isStopped) return;
      const leftMs = expiresAt - serverNow;
      // Where the source gives none any more, or the server takes none, its own good-bye settles it.
      wait("watch", Math.max(leftMs - MARGIN_MS, leftMs / 2, SOONEST_MS), () => {
        persist("watch", () => renew(own)).catch(() => {});
      });
    },
    stop() {
      isStopped = true;
      watch = undefined;
      waits.source?.();
      waits.watch?.();
    },
  };
}
