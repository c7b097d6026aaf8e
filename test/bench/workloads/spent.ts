import { cpuBetween, disturbanceBetween, readUsage } from "../measure/index.ts";
import type { Stage } from "./workload.ts";

/** What something took that is done to a peer from here, or by the load generator. */
export interface Spent<Result> {
  readonly result: Result;
  /** Of the peer and Redis. */
  readonly cpuSeconds: number;
  /** Why it does not count, if others on the machine are why. */
  readonly disturbance: string | undefined;
}

export async function spent<Result>(stage: Stage, act: () => Promise<Result>): Promise<Spent<Result>> {
  const client = [
    { name: "load", pid: stage.load.pid },
    { name: "this", pid: process.pid },
  ];
  const clientBegin = await readUsage(client, undefined);
  const begin = await stage.usage();
  const result = await act();
  const end = await stage.usage();
  const { total } = cpuBetween(clientBegin, await readUsage(client, undefined));
  return { result, cpuSeconds: cpuBetween(begin, end).total, disturbance: disturbanceBetween(begin, end, total) };
}
