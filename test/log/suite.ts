import { amendSuite } from "./suite/amend.ts";
import { dedupeSuite } from "./suite/dedupe.ts";
import { orderSuite } from "./suite/order.ts";
import { readSuite } from "./suite/read.ts";
import { recoverSuite } from "./suite/recover.ts";
import { resumeSuite } from "./suite/resume.ts";
import { retentionSuite } from "./suite/retention.ts";
import { type OpenLog, scenes } from "./suite/scene.ts";
import { subscribeSuite } from "./suite/subscribe.ts";

export type { LogOptions, OpenedLog, OpenLog } from "./suite/scene.ts";

/** What every log has to do, whatever it keeps its entries in. To be called within a `describe`. */
export function logSuite(open: OpenLog): void {
  const enter = scenes(open);
  describe("its ids", () => dedupeSuite(enter));
  describe("its order", () => orderSuite(enter));
  describe("what it keeps", () => retentionSuite(enter));
  describe("edits and erasures", () => amendSuite(enter));
  describe("reading", () => readSuite(enter));
  describe("going on from a position", () => recoverSuite(enter));
  describe("resuming from what was seen", () => resumeSuite(enter));
  describe("listening", () => subscribeSuite(enter));
}
