import { z } from "zod";

const MAX_DATA_BYTES = 8 * 1024;
const MAX_DATA_DEPTH = 8;

/**
 * Text of up to `max` UTF-16 units: what every client's language counts, where zod (as JSON Schema) counts code points. It is stored
 * and sent well-formed, so that every client can encode it. All of it is one check, since each costs more than all else that is done for a
 * text, and an ack may hold two hundred names.
 */
export const prose = (max: number) =>
  z
    .string()
    .check((payload) => {
      const { value, issues } = payload;
      const refuse = (message: string) => void issues.push({ code: "custom", input: value, message });
      if (value.length > max) refuse(`Must be at most ${max} UTF-16 units`);
      else if (!/\S/.test(value)) refuse("Must not be empty, nor only white space");
      else payload.value = value.toWellFormed();
    })
    .meta({ minLength: 1, maxLength: max, description: "counted in UTF-16 units, and not only white space" });

export const UserId = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .describe("1 to 255 printable ASCII characters without space");
export const UserName = prose(100);
export const RoomId = z
  .string()
  .regex(/^(?!\.+$)[A-Za-z0-9_.-]{1,64}$/)
  .describe("1 to 64 letters, digits, `_`, `.`, `-`; not dots only");
export const Topic = RoomId;
/** A client-made id of a message or a notification: what makes sending it again safe. */
export const ClientId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);
export const Text = prose(4000);
export const Reason = prose(500);
export const Role = z.enum(["moderator", "monitor", "service"]);

export const Epoch = z.string().min(1).max(64);
export const Seq = z.int().min(0);
/** Epoch milliseconds by the log's clock. */
export const At = z.int().min(0);
export const DurationSec = z
  .int()
  .min(1)
  .max(10 * 365 * 86_400);

/** A place in a room's log or in an inbox. Where `id` is given, it is the id of the entry at `seq`. */
export const Position = z
  .object({ epoch: Epoch, seq: Seq, id: z.string().max(64).optional() })
  .meta({ id: "Position" });

export const User = z
  .object({ id: UserId, name: UserName, roles: z.array(Role) })
  .meta({ id: "User", description: "Who a connection acts for." });
export const Member = z
  .object({ id: UserId, name: UserName })
  .meta({ id: "Member", description: "A user once, however many tabs." });

export const Data = z
  .custom<Record<string, unknown>>((value) => isRecord(value) && isJson(value, MAX_DATA_DEPTH), {
    message: `Must be a JSON object of at most depth ${MAX_DATA_DEPTH}`,
    abort: true,
  })
  .refine((value) => new TextEncoder().encode(JSON.stringify(value)).length <= MAX_DATA_BYTES, {
    message: `Must be at most ${MAX_DATA_BYTES} bytes of JSON`,
  })
  .meta({ id: "Data", description: `A JSON object of at most ${MAX_DATA_BYTES} bytes and depth ${MAX_DATA_DEPTH}.` });

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isPlain(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

/** Flat in the input's depth: it stops at `depth`, so that 20,000 levels cost no more than nine. */
function isJson(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value !== "object")
    return value === null || typeof value === "string" || typeof value === "boolean";
  return depth > 0 && isPlain(value) && Object.values(value).every((item) => isJson(item, depth - 1));
}
