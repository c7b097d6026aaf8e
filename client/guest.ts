import type { Ack } from "../src/protocol/contract.ts";
import { ownFailure, RequestError } from "./failure.ts";

export interface GuestOptions {
  /** Where Carillon is, as for `connect`; in a browser, beside the page unless it is given. */
  readonly url?: string;
  /** Keeps the guest's token, so that whoever comes back is who he was: `sessionStorage`, say. */
  readonly storage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/** The part of the Web Storage API that is used; declared here because Node has no types for it. */
interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface Issued {
  readonly token: string;
}

/**
 * A source of tokens for a guest of this name, for `connect`: the same guest for as long as its tokens are taken, a new one otherwise.
 * It rejects with a `RequestError` where guests are not let in.
 */
export function asGuest(name: string, { url = "", storage }: GuestOptions = {}): () => Promise<string> {
  const key = `carillon:guest:${name}`;
  let token = storage?.getItem(key) ?? undefined;
  let isFirst = true;

  async function issue(own?: string): Promise<Ack<Issued>> {
    const response = await fetch(`${url}/api/guests`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(own !== undefined && { authorization: `Bearer ${own}` }) },
      body: JSON.stringify({ name }),
    }).catch(() => undefined);
    // A proxy in between may answer with a page.
    const answer: unknown = await response?.json().catch(() => undefined);
    return (answer as Ack<Issued> | undefined) ?? { ok: false, error: ownFailure("unavailable") };
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
    storage?.setItem(key, token);
    return token;
  };
}
