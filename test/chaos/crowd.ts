import type { ManagerOptions } from "socket.io-client";
import type { Cluster } from "../kit/cluster.ts";
import { type Random, seededRandom } from "../kit/random.ts";
import { TRANSPORTS } from "../kit/transports.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";

export interface CrowdOptions {
  readonly cluster: Cluster;
  /** Chooses the rooms that messages go to. */
  readonly random?: Random;
  readonly rooms: readonly string[];
  readonly receivers: number;
  readonly senders: number;
  /** Messages a second, of all senders together. */
  readonly perSec: number;
  /** How everybody comes; in turn over each of the transports, unless given. */
  readonly coming?: Partial<ManagerOptions>;
}

/** Everybody who takes part: each transport, and both ways of resuming and of sending again, are among them. */
export interface Crowd extends Disposable {
  readonly senders: readonly Sender[];
  readonly receivers: readonly Receiver[];
}

/** How many messages one sender may have under way. */
const LANES = 4;

export async function gather(options: CrowdOptions): Promise<Crowd> {
  const { cluster, random = seededRandom(1), rooms, perSec } = options;
  const { url } = cluster;
  const comingOf = (index: number) => options.coming ?? TRANSPORTS[index % TRANSPORTS.length]?.[1] ?? {};
  const receivers = await Promise.all(
    Array.from({ length: options.receivers }, async (_, index) => {
      const member = `member-${index}`;
      const token = await cluster.token(member);
      // Most rooms each, but not the same: workers have some rooms and not others.
      const own = rooms.filter((_room, at) => rooms.length === 1 || at % 3 !== index % 3);
      return new Receiver({ url, token, member, rooms: own, coming: comingOf(index), tellsId: index % 2 === 0 });
    }),
  );
  const senders = await Promise.all(
    Array.from({ length: options.senders }, async (_, index) => {
      const user = `sender-${index}`;
      const token = await cluster.token(user);
      const shared = { url, token, user, rooms, random, lanes: LANES, perSec: perSec / options.senders };
      return new Sender({ ...shared, coming: comingOf(index), tellsTime: index % 4 === 3 });
    }),
  );
  return {
    senders,
    receivers,
    [Symbol.dispose]() {
      for (const each of [...senders, ...receivers]) each.close();
    },
  };
}
