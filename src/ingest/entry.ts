import { randomBytes } from "node:crypto";
import type { NotificationDraft } from "../namespaces/notify/publish.ts";
import { CarillonError } from "../protocol/errors.ts";

/** An entry of the ingest stream: field, value, field, value, … */
export interface StreamEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

/** What became of something that came in by Redis: in an inbox, no notification, or given up (published, and nobody to move it). */
export type Ingested = "stored" | "bad" | "lost";

/** The shortest id that a client may make. */
const MIN_ID = 8;

/** Nothing that is worth reading is longer: a title, a body, a link and `data` have less together. */
const MAX_CHARS = 64 * 1024;

const invalid = (why: string) => new CarillonError("bad_request", { details: { why } });

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What was published as text, as JSON of a notification: an object is one, anything else is the title. It gets its id here, so that
 * writing it again where an answer was lost makes no second one.
 * @throws CarillonError `bad_request`
 */
export function toNotification(text: string): string {
  if (text.length > MAX_CHARS) throw invalid("longer than any notification");
  try {
    const id = randomBytes(12).toString("base64url");
    return JSON.stringify({ id, ...(parseObject(text) ?? { title: text }) });
  } catch (error) {
    // Nested more deeply than can be written again.
    throw new CarillonError("bad_request", { cause: error });
  }
}

function valueOf({ fields }: StreamEntry, name: string): string | undefined {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
  return at < 0 ? undefined : fields[at + 1];
}

/** Whom an entry is for, if it says so. */
export const recipientOf = (entry: StreamEntry) => valueOf(entry, "to");

/**
 * Whom an entry is for, and what it says; whether that is a notification is for the publisher to tell. One without an id has the
 * entry's, so that taking the entry again changes nothing.
 * @throws CarillonError `bad_request`
 */
export function readEntry(entry: StreamEntry): { to: string; draft: NotificationDraft } {
  const to = recipientOf(entry);
  const text = valueOf(entry, "notification");
  if (to === undefined || text === undefined) throw invalid("the fields are `to` and `notification`");
  const draft = text.length > MAX_CHARS ? undefined : parseObject(text);
  if (!draft) throw invalid("`notification` is no JSON object");
  return { to, draft: { id: entry.id.padStart(MIN_ID, "0"), ...draft } as NotificationDraft };
}
