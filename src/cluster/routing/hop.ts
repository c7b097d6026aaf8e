import type { IncomingMessage } from "node:http";
import type { Clock } from "../../clock.ts";
import { ADDRESS_HEADER, HOP_HEADER } from "./headers.ts";
import { createMac } from "./mac.ts";

/** How far the clocks of two hosts may be apart, and how long a recorded hop could be used again. */
const WINDOW_MS = 30_000;

const SIGNATURE = /^(\d{1,15})\.([A-Za-z0-9_-]{32})$/;
const SIGNATURE_BYTES = 24;

/** One request on its way to another host. */
export interface Hop {
  readonly method: string;
  readonly url: string;
  readonly owner: string;
  /** The client's. */
  readonly address: string;
}

export interface Hops {
  /** The headers that let a hop in. */
  sign(hop: Hop): Record<string, string>;
  /** `late`: one of us has signed it, with another idea of the time or long ago. */
  judge(request: IncomingMessage, owner: string): "valid" | "late" | "forged";
}

/** What shows a host that a request comes from another host of the same cluster, and as it was sent. A body is not covered. */
export function createHops(secret: string | Buffer, clock: Clock): Hops {
  const mac = createMac(secret, "hop", SIGNATURE_BYTES);
  return {
    sign(hop) {
      const at = String(clock.now());
      return { [HOP_HEADER]: `${at}.${mac.sign(text(at, hop))}`, [ADDRESS_HEADER]: hop.address };
    },
    judge({ method = "", url = "", headers }, owner) {
      const [, at = "", signature = ""] = SIGNATURE.exec(String(headers[HOP_HEADER])) ?? [];
      const address = String(headers[ADDRESS_HEADER] ?? "");
      if (!mac.verify(text(at, { method, url, owner, address }), signature)) return "forged";
      return Math.abs(clock.now() - Number(at)) <= WINDOW_MS ? "valid" : "late";
    },
  };
}

/** None of the parts can hold a line break. */
function text(at: string, { method, url, owner, address }: Hop): string {
  return [at, method, url, owner, address].join("\n");
}
