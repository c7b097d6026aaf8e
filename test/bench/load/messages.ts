import type { Connected, Delivered, EchoLoop, LoadClient, LoadOptions, Timetable } from "../load.ts";
import type { HistogramState } from "./histogram.ts";

/** What the load generator's process is asked to do, one reply for each. */
export type Order =
  | { readonly kind: "open"; readonly options: LoadOptions }
  | { readonly kind: "connect"; readonly clients: readonly LoadClient[]; readonly atOnce: number }
  | { readonly kind: "drive"; readonly timetable: Timetable; readonly warmSeconds: number }
  | { readonly kind: "echo"; readonly loop: EchoLoop; readonly warmSeconds: number }
  | { readonly kind: "cut" };

type Sent<T, Histograms extends keyof T> = Omit<T, Histograms> & { readonly [H in Histograms]: HistogramState };

/** What each kind of order is replied with, its histograms as they go from one process to another. */
export interface Replies {
  readonly open: null;
  readonly connect: Sent<Connected, "timeToReady">;
  readonly drive: Sent<Delivered, "latency" | "ackLatency">;
  readonly echo: Sent<Delivered, "latency" | "ackLatency">;
  readonly cut: null;
}

export type Kind = Order["kind"];
export type Reply = Replies[Kind];

/** From the one who measures to the load generator. */
export type ToLoad = { readonly id: number; readonly order: Order } | { readonly begun: number };

/** And back. `begin` waits for `begun`. */
export type FromLoad =
  | { readonly id: number; readonly edge: "begin" | "end" }
  | { readonly id: number; readonly reply: Reply }
  | { readonly id: number; readonly failure: string };
