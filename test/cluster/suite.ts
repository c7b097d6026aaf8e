import { type Client, connect, parseAddress } from "../../src/redis/clients.ts";
import { startWorkers, type Workers } from "../kit/workers.ts";
import { attendingSuite } from "./suite/attending.ts";
import { houseSuite } from "./suite/house.ts";
import { inboxSuite } from "./suite/inboxes.ts";
import { messageSuite } from "./suite/messages.ts";
import { orderSuite } from "./suite/orders.ts";
import type { Scene } from "./suite/scene.ts";

const WORKERS = 3;

/** What every cluster of workers has to do, on whatever kind of Redis. To be called within a `describe`. */
export function clusterSuite(urlOf: () => string): void {
  let workers: Workers;
  let redis: Client;
  before(async () => {
    workers = await startWorkers(urlOf(), {}, WORKERS);
    redis = connect(parseAddress(urlOf()), "carillon:test").on("error", () => {});
  });
  after(async () => {
    redis.disconnect();
    await workers[Symbol.asyncDispose]();
  });

  const enter = (): Scene => {
    const [here, there, yonder] = workers.all;
    if (!here || !there || !yonder) throw new RangeError("There have to be three workers");
    return { url: urlOf(), workers, here, there, yonder, redis };
  };
  describe("messages", () => messageSuite(enter));
  describe("who attends", () => attendingSuite(enter));
  describe("orders", () => orderSuite(enter));
  describe("inboxes", () => inboxSuite(enter));
  describe("the house", () => houseSuite(enter));
}
