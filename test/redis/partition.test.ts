import { createHash } from "node:crypto";
import { expect } from "chai";
import { keysOf, PARTITIONS, partitionOf, tagOf } from "../../src/redis/partition.ts";
import { freePort } from "../kit/port.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";

const SLOTS = 16_384;
const TAGS = Array.from({ length: PARTITIONS }, (_, partition) => tagOf(partition));

describe("partitions", () => {
  let redis: RedisServer;
  before(
    async () => (redis = await startRedis({ "cluster-enabled": "yes", "cluster-port": String(await freePort()) })),
  );
  after(() => redis[Symbol.asyncDispose]());

  const slotOf = (key: string) => redis.admin.cluster("KEYSLOT", key);

  it("never change their tags, under which everything is kept", () => {
    expect(PARTITIONS).to.equal(256);
    expect(createHash("sha256").update(TAGS.join()).digest("hex")).to.equal(
      "5a85f80b96f8645f01c58ce664ca9e53320eb880d6ac7052e62eda5b1f8a0d2f",
    );
  });

  it("never change the partition of a name", () => {
    expect(["lobby", "ann", "room-1", "dm-x"].map(partitionOf)).to.deep.equal([54, 22, 55, 60]);
  });

  it("are distinct, and lie evenly over the slots, as Redis itself counts them", async () => {
    expect(new Set(TAGS).size).to.equal(PARTITIONS);
    const slots = await Promise.all(TAGS.map((tag) => slotOf(`carillon:${tag}:born`)));
    const width = SLOTS / PARTITIONS;
    expect(slots.map((slot) => Math.floor(slot / width))).to.deep.equal(TAGS.map((_, partition) => partition));
  });

  it("hold all keys of a name in one slot, whatever the name has in it", async () => {
    for (const name of ["lobby", "auth0|x", "{other}", "}{", "a:b", "ü"]) {
      const key = keysOf("carillon", name);
      const slots = await Promise.all([key("a", name), key("b", "{x}", name), key()].map(slotOf));
      expect(new Set(slots).size, name).to.equal(1);
      expect(key("a", "b")).to.equal(`carillon:${tagOf(partitionOf(name))}:a:b`);
    }
  });

  it("take about as many names each", () => {
    const counts = Array.from({ length: PARTITIONS }, () => 0);
    for (let n = 0; n < PARTITIONS * 100; n++) {
      const partition = partitionOf(`room-${n}`);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).to.be.greaterThan(50);
    expect(Math.max(...counts)).to.be.lessThan(200);
  });
});
