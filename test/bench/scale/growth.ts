import { runRounds } from "../rounds.ts";
import { growthByRooms } from "../workloads/growth.ts";
import * as common from "../workloads/figures.ts";
import type { Pace } from "../workloads/workload.ts";
import * as figure from "./figures.ts";
import { type Part, partOf } from "./part.ts";

export interface GrowthSize {
  readonly rooms: readonly [number, number];
  readonly members: number;
  readonly perSec: number;
  readonly pace: Pace;
  readonly pinned: boolean;
}

/** The workload `growth-rooms` of `npm run bench`, once and for Carillon alone: does a delivery cost more where there are more rooms? */
export async function growth({ rooms, members, perSec, pace, pinned }: GrowthSize): Promise<Part> {
  const workload = growthByRooms({ rooms, members, perSec });
  const contenders = workload.contenders.filter(({ peer }) => peer === "carillon");
  const options = { rounds: 1, repeats: 0, pace, pinned, told() {} };
  const { samples } = await runRounds({ ...workload, contenders }, options);
  const [few, many] = samples.map(({ figures }) => figures[common.CPU_PER_DELIVERY] ?? Number.NaN);
  const figures = { [figure.CPU_FEW_ROOMS]: few ?? Number.NaN, [figure.CPU_MANY_ROOMS]: many ?? Number.NaN };
  const about = `In memory, one worker, ${rooms.join(" and ")} rooms: ${workload.about}`;
  return partOf(about, figures, { disturbed: samples.find((sample) => sample.void !== undefined)?.void });
}
