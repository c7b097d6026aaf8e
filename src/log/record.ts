import type { Draft, Entry } from "./index.ts";

/** Of records and of what is published. A release that has to change their meaning reads both first, and writes the new one later. */
const VERSION = "1";

/** What a script needs to know of an entry without reading its JSON. */
export interface Written {
  /** `m` is a message, `c` another entry that counts against the log's size, `n` one that does not. */
  readonly sort: "m" | "c" | "n";
  /** How many bytes of the JSON come before what is cut away when the entry is erased; empty where there is nothing to cut. */
  readonly contentAt: string;
  /** Body and content, in the bytes in which they are stored, published and read. */
  readonly json: string;
}

/** @throws TypeError for what would break a record's header; neither user ids nor ids of entries hold such characters */
export function written({ by, id, kind, body, content, amends }: Draft, counts: boolean): Written {
  if (/[\t\n]/.test(by + id + kind)) throw new TypeError("An author, an id or a kind holds a tab or a line feed");
  const start = `{"body":${JSON.stringify(body)}`;
  const erasable = content !== undefined;
  return {
    sort: !counts ? "n" : amends ? "c" : "m",
    contentAt: erasable ? String(Buffer.byteLength(start)) : "",
    json: erasable ? `${start},"content":${JSON.stringify(content)}}` : `${start}}`,
  };
}

/** What a writer knows of his entry once it is numbered, without reading it back. */
export function entryOf(draft: Draft, json: string, { epoch, seq, at }: Pick<Entry, "epoch" | "seq" | "at">): Entry {
  const { id, by, kind, amends } = draft;
  return { epoch, seq, at, id, by, kind, ...parse(json), ...(amends && { target: amends.target }) };
}

/** @throws Error where it is no record of this version */
export function readRecord(epoch: string, seq: number, record: string): Entry {
  const end = record.indexOf("\n");
  // There may be more fields, of a later release.
  const [start = "", by, id, kind, target, erasedAt] = record.slice(0, end).split("\t");
  const at = Number(start.slice(2));
  if (start[0] !== VERSION || !Number.isSafeInteger(at) || by === undefined || id === undefined || kind === undefined)
    throw new Error("an entry has a form that this release does not understand");
  return {
    epoch,
    seq,
    at,
    id,
    by,
    kind,
    ...parse(record.slice(end + 1)),
    ...(target && { target: Number(target) }),
    ...(erasedAt && { erasedAt: Number(erasedAt) }),
  };
}

/** @throws Error where it is no entry of this version: anybody with access to Redis may publish anything */
export function readPublished(payload: string): { entry: Entry; run: string } {
  const end = payload.indexOf("\n");
  const [version, epoch, seq, run = ""] = payload.slice(0, end).split("\t");
  if (version !== VERSION || !epoch || !seq || !/^[1-9]\d{0,15}$/.test(seq))
    throw new Error("a message has a form that this release does not understand");
  return { entry: readRecord(epoch, Number(seq), payload.slice(end + 1)), run };
}

function parse(json: string): Pick<Entry, "body" | "content"> {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== "object" || parsed === null || !("body" in parsed)) throw new Error("an entry has no body");
  return parsed as Pick<Entry, "body" | "content">;
}
