import { CarillonError } from "../protocol/errors.ts";

/** What Redis says while it cannot serve, by the first word of its reply. All of it ends by itself, or by an operator's hand. */
const OUTAGES: ReadonlySet<string> = new Set([
  "OOM",
  "READONLY",
  "LOADING",
  "NOSCRIPT",
  "MISCONF",
  "BUSY",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "MOVED",
  "ASK",
  "TRYAGAIN",
  "NOREPLICAS",
  "NOAUTH",
  "WRONGPASS",
  "NOPERM",
  "UNKILLABLE",
  "EXECABORT",
]);

/** The first word of an error reply, `connection` for what never got one, `timeout` for what got none in time. */
export function nameOf(error: unknown): string {
  if (error instanceof CarillonError) return error.code;
  const { name = "", message = "" } = (error ?? {}) as Partial<Error>;
  if (message.startsWith("ERR The user executing the script can't")) return "NOPERM";
  // A script that a reply of Redis broke off carries that reply, with its own position after it.
  if (name === "ReplyError") return /^(?:ERR Error running script.*?: )?-?([A-Z]+)/.exec(message)?.[1] ?? "ERR";
  return "connection";
}

/**
 * What a caller is told of an error of Redis. An outage is `unavailable`: after a write its outcome is unknown. A reply that says the
 * command itself was wrong is our own mistake, and `internal`.
 */
export function toRefusal(error: unknown): CarillonError {
  if (error instanceof CarillonError && error.code !== "timeout") return error;
  const name = nameOf(error);
  const isOutage = name === "connection" || name === "timeout" || OUTAGES.has(name);
  return new CarillonError(isOutage ? "unavailable" : "internal", { cause: error });
}
