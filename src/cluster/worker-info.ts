import { z } from "zod";

/** What a worker tells of itself. `protocol` is that of what workers say to each other. */
export interface WorkerInfo {
  /** Its boot id: nobody had it before, and nobody will have it again. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Of Carillon. */
  readonly version: string;
  readonly protocol: 1;
  /** `host:port` at which other hosts reach it. */
  readonly advertise?: string;
}

/** As another release may have written it: what that one knows beyond this is left out. */
const entrySchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  startedAt: z.number(),
  version: z.string(),
  protocol: z.literal(1),
  advertise: z.string().exactOptional(),
});

/** One worker as the registry has it, and for how much longer it has its lease; below 0 it has none. */
export interface Registered {
  readonly id: string;
  /** Absent where the entry is not understood. */
  readonly info: WorkerInfo | undefined;
  readonly leftMs: number;
}

/** Reads what `lua/renew.lua` lists: id, entry and time left of each. */
export function parseRegistry(flat: readonly (string | number)[]): Registered[] {
  const found: Registered[] = [];
  for (let place = 0; place + 2 < flat.length; place += 3) {
    const id = String(flat[place]);
    found.push({ id, info: parseEntry(id, String(flat[place + 1])), leftMs: Number(flat[place + 2]) });
  }
  return found;
}

function parseEntry(id: string, entry: string): WorkerInfo | undefined {
  try {
    const info = entrySchema.parse(JSON.parse(entry));
    return info.id === id ? info : undefined;
  } catch {
    return undefined;
  }
}
