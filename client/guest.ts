import type { Ack } from "../src/protocol/contract.ts";
import { ownFailure, RequestError } from "./failure.ts";

/** Where guests get their tokens, and where those are kept. */
export interface GuestOptions {
  /** Where Carillon is, as for `connect`; in a browser, beside the page unless it is given. */
  readonly url?: string;
  /** Keeps the guest's token, so that whoever comes back is who he was: `sessionStorage`, say. */
  readonly storage?: GuestStorage;
}

/** The part of the Web Storage API that is used; declared here because Node has no types for it. */
interface GuestStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

interface Issued {
  readonly token: string;
}

/**
 * A source of tokens for a guest of this name, for `connect`: the same guest for as long as its tokens are taken, a new one otherwise.
 * Offline, and where guests are not let in, it rejects with a `RequestError`; `connect` asks again where that is of use.
 */
export function asGuest(name: string, { url = "", storage }: GuestOptions = {}): () => Promise<string> {
  const key = `carillon:guest:${name}`;
  let token = storage?.getItem(key) ?? undefined;
  let isFirst = true;

  async function issue(own?: string): Promise<Ack<Issued>> {
    const response = await fetch(`${url.replace(/\/$/, "")}/api/guests`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(own !== undefined && { authorization: `Bearer ${own}` }) },
      body: JSON.stringify({ name }),
    }).catch(() => undefined);
    // A proxy in between may answer with a page, or with JSON of its own.
    const answer = (await response?.json().catch(() => undefined)) as Ack<Issued> | null | undefined;
    return answer?.ok !== undefined ? answer : { ok: false, error: ownFailure("unavailable") };
  }

  return async () => {
    const kept = isFirst ? token : undefined;
    isFirst = false;
    if (kept !== undefined) return kept;
    let answer = await issue(token);
    // Too old to be renewed, or from before a restart: one comes in as a new guest.
    if (!answer.ok && !answer.error.retryable && token !== undefined) answer = await issue();
    if (!answer.ok) throw new RequestError(answer.error);
    token = answer.data.token;
    try {
      storage?.setItem(key, token);
    } catch {
      // A full storage, or one that takes nothing in a private window: it is a guest all the same, until the page is left.
    }
    return token;
  };
}
