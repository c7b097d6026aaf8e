import { expect } from "chai";
import { isCluster } from "../../../src/redis/clients.ts";
import type { Client } from "../../kit/client.ts";
import { eventually } from "../../kit/wait.ts";
import { range } from "../../chat/scene.ts";
import { connectInTurn, type Enter, fresh, type Scene } from "./scene.ts";

const titlesOf = (client: Client) => client.all("notification:sent").map(({ title }) => title as string);

/** Until one of the workers hears what is published for users of these workers. */
async function publishing({ redis }: Scene): Promise<void> {
  const nodes = isCluster(redis) ? redis.nodes("master") : [redis];
  await eventually(async () => {
    const counts = await Promise.all(nodes.map((node) => node.call("PUBSUB", "NUMPAT")));
    return counts.some((count) => Number(count) > 0);
  });
}

export function inboxSuite(enter: Enter): void {
  it("shows a notification on the devices at every worker, in order, once, and what one has read on the others", async () => {
    const { workers, here, there, yonder } = enter();
    for (const user of ["ann", "bob", "eve", "dan"].map(fresh)) {
      await using devices = await connectInTurn(workers.all, Array<string>(3).fill(user), "/notify");
      for (const n of range(1, 6)) {
        const worker = workers.all[n % workers.all.length] ?? here;
        await worker.carillon.publish([user], { id: `notice-${n}`, title: `${n}` });
      }
      for (const device of devices) {
        await device.event("notification:sent", ({ seq }) => seq === 6);
        expect(titlesOf(device)).to.deep.equal(range(1, 6).map(String));
      }
      const [phone, ...others] = devices;
      expect(await phone?.request("notification:read", { ids: ["notice-2"] })).to.deep.equal({ unread: 5 });
      expect(await others[0]?.request("notification:archive", { ids: ["notice-3"] })).to.deep.equal({ unread: 4 });
      for (const device of devices) {
        await device.event("notification:changed", ({ seq, unread }) => seq === 8 && unread === 4);
        expect(device.all("notification:changed").map(({ ids }) => ids[0] as string)).to.deep.equal([
          "notice-2",
          "notice-3",
        ]);
      }
      await using late = await (user.startsWith("ann") ? there : yonder).connect("/notify", user);
      const { entries, unread, head } = await late.request("inbox:open");
      expect({ unread, head }).to.deep.equal({ unread: 4, head: 8 });
      expect(entries.map(({ title }: { title: string }) => title)).to.deep.equal(["1", "2", "4", "5", "6"]);
    }
  });

  it("goes on on another worker where a device has left off, with what was read meanwhile", async () => {
    const { here, there, yonder } = enter();
    const user = fresh("ann");
    let since: object;
    {
      await using phone = await here.connect("/notify", user);
      await here.carillon.publish([user], { id: "notice-1", title: "1" });
      const { epoch, seq, id } = await phone.event("notification:sent");
      since = { epoch, seq, id };
    }
    await yonder.carillon.publish([user], { id: "notice-2", title: "2" });
    await using laptop = await yonder.connect("/notify", user);
    await laptop.request("notification:read", { ids: ["notice-1"] });
    await using phone = await there.connect("/notify", user);
    const { recovered, entries, changes, unread } = await phone.request("inbox:open", { since });
    expect({ recovered, unread }).to.deep.equal({ recovered: true, unread: 1 });
    expect(entries.map(({ id }: { id: string }) => id)).to.deep.equal(["notice-2"]);
    expect(changes.map(({ ids }: { ids: string[] }) => ids)).to.deep.equal([["notice-1"]]);
  });

  it("brings a topic's notifications to who has subscribed on another worker", async () => {
    const { here, there, yonder } = enter();
    const topic = fresh("news");
    await using ann = await here.connect("/notify", fresh("ann"));
    await using bob = await there.connect("/notify", fresh("bob"));
    await ann.request("topic:subscribe", { topic });
    const { status, body } = await yonder.call("POST", "/api/notifications", { topic, id: "edition-1", title: "News" });
    expect({ status, body }).to.deep.equal({ status: 202, body: { ok: true, data: { accepted: 1 } } });
    await ann.event("notification:sent", (notification) => notification.topic === topic);
    await bob.request("topic:list");
    expect(titlesOf(bob)).to.deep.equal([]);
  });

  it("takes what is published on Redis once, however many workers and devices hear of it", async () => {
    const scene = enter();
    const user = fresh("ann");
    await using devices = await connectInTurn(scene.workers.all, Array<string>(3).fill(user), "/notify");
    await publishing(scene);
    for (const n of range(1, 20)) await scene.redis.publish(`notifications:${user}`, `${n}`);
    await scene.redis.publish(`notifications:${user}`, JSON.stringify({ title: "the last", level: "success" }));
    for (const device of devices) {
      await device.event("notification:sent", ({ seq }) => seq === 21);
      expect(titlesOf(device)).to.have.members([...range(1, 20).map(String), "the last"]);
    }
  });

  it("takes what is added to the stream once", async () => {
    const { redis, workers, yonder } = enter();
    const user = fresh("ann");
    await using ann = await yonder.connect("/notify", user);
    const stream = `${workers.prefix}:notifications`;
    for (const n of range(1, 20))
      await redis.xadd(stream, "*", "to", user, "notification", JSON.stringify({ title: `${n}` }));
    await ann.event("notification:sent", ({ seq }) => seq === 20);
    await eventually(async () => (await redis.xlen(stream)) === 0);
    expect(titlesOf(ann)).to.have.members(range(1, 20).map(String));
  });
}
