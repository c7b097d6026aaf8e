import { z } from "zod";
import { Alert, Sample, Worker } from "../contract.ts";

/** What workers say to each other. Another release may say more, which is left out, or something else, which is passed over. */
const version = z.literal(1);

const Host = z.string().min(1).max(255);

/** More names than that are taken for all: it is sampled more than was asked for, and never less. */
export const MAX_NAMES = 1_000;

/** What is watched on a worker; nothing, if it names no host. */
export const Call = z.object({
  v: version,
  worker: z.string().min(1).max(64),
  hosts: z.union([z.literal("all"), z.array(Host).max(MAX_NAMES)]),
});

/** A worker's row, to the others on its host; or that it has none any more. */
export const Row = z.union([z.object({ v: version, row: Worker }), z.object({ v: version, gone: z.string().max(64) })]);

const ReportSchema = z.object({
  sample: Sample,
  facts: z.object({ os: z.string(), cores: z.int(), memoryBytes: z.int() }),
  standing: z.array(Alert),
  cleared: z.array(Alert),
});

/** A report; or that a host is there, though nobody has sampled it just now. */
export const News = z.union([z.object({ v: version, report: ReportSchema }), z.object({ v: version, alive: Host })]);

export type Message = z.input<typeof Call> | z.input<typeof Row> | z.input<typeof News>;

export const write = (message: Message) => JSON.stringify(message);

/** Nothing, if it is not understood. */
export function read<T extends z.ZodType>(schema: T, payload: Buffer | string): z.output<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(payload.toString())).data;
  } catch {
    return undefined;
  }
}
