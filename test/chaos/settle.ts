import type { Cluster } from "../kit/cluster.ts";
import { API_KEY } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import type { Crowd } from "./crowd.ts";
import type { StoredLog } from "./records.ts";

/** Everything has an answer soon after the last fault: the longest wait is a client's, for one that was lost. */
const ANSWER_MS = 30_000;

/** A lost last message is found by a look at the heads once a minute, at the latest. */
const LEVEL_MS = 90_000;

const PAGE = 300;

export interface Settled {
  readonly logs: readonly StoredLog[];
  /** What did not come to rest; nothing, if all is well. */
  readonly failures: readonly string[];
  readonly tookMs: number;
}

/** Lets everything come to rest: nothing is sent any more, everything is answered, and every member has read what there is. */
export async function settle(
  { senders, receivers }: Crowd,
  cluster: Pick<Cluster, "url">,
  rooms: readonly string[],
  { levelMs = LEVEL_MS } = {},
): Promise<Settled> {
  const startMs = performance.now();
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    await work().catch((error: unknown) =>
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  await attempt("not everything that was sent has an answer", () =>
    inTime(Promise.all(senders.map((sender) => sender.stop())), ANSWER_MS),
  );
  await attempt("not everybody is level with the logs", () =>
    eventually(async () => {
      for (const room of rooms) {
        const head = await headOf(cluster, room);
        const late = receivers.find((receiver) => !receiver.isLevel(room, head));
        if (late) throw new Error(`${late.where(room)}, not at ${head.seq} of ${head.epoch}`);
      }
      return true;
    }, levelMs),
  );
  const tookMs = performance.now() - startMs;
  await attempt("not everybody could read what was before", () =>
    eventually(async () => {
      for (const receiver of receivers) await receiver.readBack();
      return true;
    }, levelMs),
  );
  const logs: StoredLog[] = [];
  for (const room of rooms)
    await attempt(`the log of ${room} could not be read`, async () => logs.push(await readLog(cluster, room)));
  return { logs, failures, tookMs };
}

/** Whoever is asked: the balancer, or a worker by itself. */
type Asked = Pick<Cluster, "url">;

interface Page {
  readonly epoch: string;
  readonly entries: readonly { seq: number; id: string; from: { id: string } }[];
  readonly more: boolean;
}

async function readPage({ url }: Asked, room: string, query: Record<string, string>): Promise<Page> {
  const response = await fetch(`${url}/api/rooms/${room}/messages?${new URLSearchParams(query).toString()}`, {
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { data: Page }).data;
}

/** Where a log ends. */
export async function headOf(asked: Asked, room: string): Promise<{ epoch: string; seq: number }> {
  const { epoch, entries } = await readPage(asked, room, { limit: "1" });
  return { epoch, seq: entries.at(-1)?.seq ?? 0 };
}

/** All that a log holds, page by page from its end. */
async function readLog(asked: Asked, room: string): Promise<StoredLog> {
  const pages: Page[] = [];
  for (let before: number | undefined; pages[0]?.more ?? true; before = pages[0]?.entries[0]?.seq)
    pages.unshift(await readPage(asked, room, { limit: String(PAGE), ...(before && { before: String(before) }) }));
  const epoch = pages[0]?.epoch ?? "";
  if (pages.some((page) => page.epoch !== epoch)) throw new Error("it began a new epoch");
  const entries = pages.flatMap((page) => page.entries);
  return { room, epoch, entries: entries.map(({ seq, id, from }) => ({ seq, message: `${from.id} ${id}` })) };
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
