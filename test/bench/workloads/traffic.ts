import type { Delivered, Edges, LoadClient, Timetable } from "../load.ts";
import { cpuBetween, onlyRedis, redisCommandsBetween, voidReason, writesBetween } from "../measure/index.ts";
import type { Usage } from "../measure.ts";
import * as figure from "./figures.ts";
import type { Figures, Outcome, Stage } from "./workload.ts";

/** Clients that are on their way at once while a run is prepared. */
const AT_ONCE = 64;

/** What was used up between the two ends of what counts. */
export interface Window {
  readonly begin: Usage;
  readonly end: Usage;
  readonly json: JsonOperations | undefined;
}

interface JsonOperations {
  readonly parsed: number;
  readonly stringified: number;
}

/** Lets all clients in, or says why this run is none. @returns why it is void, or nothing */
export async function letIn(
  stage: Stage,
  clients: readonly LoadClient[],
  atOnce = AT_ONCE,
): Promise<string | undefined> {
  const { ready } = await stage.load.connect(clients, atOnce);
  return ready === clients.length ? undefined : `only ${ready} of ${clients.length} clients were let in`;
}

/** Sends by a timetable, once all clients are in, and says what that took for each delivery and each message. */
export async function sendByTimetable(
  stage: Stage,
  clients: readonly LoadClient[],
  timetable: Timetable,
  atOnce?: number,
): Promise<Outcome> {
  const out = await letIn(stage, clients, atOnce);
  if (out !== undefined) return { figures: {}, void: out };
  const [delivered, window] = await watched(stage, (edges) =>
    stage.load.drive(timetable, stage.pace.warmSeconds, edges),
  );
  return outcomeOf(stage, delivered, window, timetable.seconds);
}

/**
 * Reads what is used up from the beginning of what counts until the last of it was delivered: what a server was behind with at the end
 * of the time is its work as well.
 */
export async function watched(stage: Stage, drive: (edges: Edges) => Promise<Delivered>): Promise<[Delivered, Window]> {
  const look = async () => ({
    usage: await stage.usage(),
    json: stage.countsJson ? await stage.peer.jsonOperations?.() : undefined,
  });
  let begin: Awaited<ReturnType<typeof look>> | undefined;
  const edges: Edges = {
    begin: async () => {
      begin = await look();
    },
    end() {},
  };
  const delivered = await drive(edges);
  const end = await look();
  if (!begin) throw new Error("What counts never began");
  const json = begin.json &&
    end.json && {
      parsed: end.json.parsed - begin.json.parsed,
      stringified: end.json.stringified - begin.json.stringified,
    };
  return [delivered, { begin: begin.usage, end: end.usage, json }];
}

/** All figures of what was delivered, and whether it counts. */
export function outcomeOf(stage: Stage, delivered: Delivered, window: Window, seconds: number): Outcome {
  const { begin, end, json } = window;
  if (stage.countsJson) return { figures: json ? jsonFigures(json, delivered.sent) : {} };
  const faulty = stage.ordered ? delivered : { ...delivered, swapped: 0 };
  return {
    figures: {
      [figure.SWAPPED]: delivered.swapped,
      [figure.MESSAGES]: delivered.sent,
      [figure.ACKS]: delivered.acked,
      [figure.DELIVERIES]: delivered.delivered,
      ...deliveryFigures(delivered, window, seconds),
      ...messageFigures(delivered, window),
      ...ackFigures(delivered, window, seconds),
      [figure.CLIENT_BUSY]: delivered.clientBusy,
    },
    void: voidReason(faulty, begin, end, { timed: stage.timed }),
  };
}

/** Those that were divided by nothing are left out where samples are kept. */
function deliveryFigures({ delivered, bytes, latency }: Delivered, { begin, end }: Window, seconds: number): Figures {
  const cpu = cpuBetween(begin, end);
  const writes = writesBetween(begin, end);
  return {
    [figure.CPU_PER_DELIVERY]: (cpu.total * 1e6) / delivered,
    [figure.USER_PER_DELIVERY]: (cpu.user * 1e6) / delivered,
    ...(writes !== undefined && { [figure.WRITES_PER_DELIVERY]: writes / delivered }),
    [figure.BYTES_PER_DELIVERY]: bytes / delivered,
    [figure.DELIVERIES_PER_SEC]: delivered / seconds,
    ...(latency.count > 0 && {
      [figure.P50]: latency.at(0.5) / 1000,
      [figure.P99]: latency.at(0.99) / 1000,
      [figure.P999]: latency.at(0.999) / 1000,
      [figure.MAX]: latency.max / 1000,
    }),
  };
}

function messageFigures({ sent }: Delivered, { begin, end }: Window): Figures {
  return {
    [figure.CPU_PER_MESSAGE]: (cpuBetween(begin, end).total * 1e6) / sent,
    [figure.REDIS_CPU_PER_MESSAGE]: (cpuBetween(begin, end, onlyRedis).total * 1e6) / sent,
    [figure.REDIS_PER_MESSAGE]: redisCommandsBetween(begin, end) / sent,
  };
}

function ackFigures({ acked, ackLatency }: Delivered, { begin, end }: Window, seconds: number): Figures {
  if (acked === 0) return {};
  const cpu = cpuBetween(begin, end);
  return {
    [figure.CPU_PER_ACK]: (cpu.total * 1e6) / acked,
    [figure.USER_PER_ACK]: (cpu.user * 1e6) / acked,
    [figure.ACKS_PER_SEC]: acked / seconds,
    [figure.ACK_P50]: ackLatency.at(0.5) / 1000,
    [figure.ACK_P99]: ackLatency.at(0.99) / 1000,
  };
}

function jsonFigures({ parsed, stringified }: JsonOperations, sent: number): Figures {
  return {
    [figure.JSON_PARSED_PER_MESSAGE]: parsed / sent,
    [figure.JSON_STRINGIFIED_PER_MESSAGE]: stringified / sent,
    [figure.JSON_PER_MESSAGE]: (parsed + stringified) / sent,
  };
}
