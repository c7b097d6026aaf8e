import type { Load, LoadClient } from "../load.ts";
import type { Counted, RunningPeer } from "../peer.ts";
import type { Sample, Usage } from "../measure.ts";
import type { Wire } from "../wire.ts";

/** One peer in one arrangement. */
export interface Contender {
  /** As tables and goals name it: the peer's key, and what is different about it: `carillon FAN_OUT=frame`. Unique in its workload. */
  readonly key: string;
  /** Which peer it is. */
  readonly peer: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is not the workload's. */
  readonly workers?: number;
  /** Where it is not the peer's: a wire with another request. */
  readonly wire?: Wire["name"];
}

/** How long a run takes. */
export interface Pace {
  readonly warmSeconds: number;
  /** Of what counts. CPU comes in steps of 10 ms: below 5 s it is coarse. */
  readonly seconds: number;
}

/** A contender that has been started, with an empty Redis where it needs one, and a load generator beside it. */
export interface Stage {
  readonly contender: Contender;
  readonly peer: RunningPeer;
  readonly load: Load;
  readonly pace: Pace;
  readonly redisUrl: string | undefined;
  /** The peer's and Redis. */
  readonly processes: readonly Counted[];
  /** JSON operations are counted in this run, and nothing else is. */
  readonly countsJson: boolean;
  /** The workload's. */
  readonly timed: boolean;
  /** All hear a room's messages in one order, and it is a fault if they do not: Carillon's promise, not that of others. */
  readonly ordered: boolean;
  usage(): Promise<Usage>;
  /** With a token, where the peer asks for one. */
  client(user: string, rooms: readonly string[], target?: number): Promise<LoadClient>;
}

export type Figures = Sample["figures"];

export interface Outcome {
  readonly figures: Figures;
  /** Why it does not count; nothing where it does. */
  readonly void?: string | undefined;
}

/** Something that is done to each of several peers alike. */
export interface Workload {
  readonly name: string;
  /** What is done, and at which rate, for who reads the figures. */
  readonly about: string;
  readonly contenders: readonly Contender[];
  readonly workers: number;
  /** The figures that its table shows, in this order. */
  readonly shows: readonly string[];
  /** One of so many clients has every frame looked into, and tells latencies; every one, where there are few deliveries. */
  readonly sampleOneIn?: number;
  /** It is about latency: a load generator that is late itself makes a run void. */
  readonly timed?: boolean;
  /** Its workers can be told to collect their garbage. */
  readonly collects?: boolean;
  /** Each contender has one more run, in which JSON operations are counted. */
  readonly countsJson?: boolean;
  run(stage: Stage): Promise<Outcome>;
}

/** Bytes of a message's text: the frame that a member hears has about 300 then, with each peer. */
export const TEXT_BYTES = 180;

/** Peers as they are, each under its own key. */
export const asTheyAre = (...peers: readonly string[]): Contender[] => peers.map((peer) => ({ key: peer, peer }));

/** Carillon in memory with one of its settings as it is not by default. */
export const carillonWith = (setting: string, value: string): Contender => ({
  key: `carillon ${setting}=${value}`,
  peer: "carillon",
  env: { [setting]: value },
});
