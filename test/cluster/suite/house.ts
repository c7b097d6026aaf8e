import { expect } from "chai";
import { startWorkers } from "../../kit/workers.ts";
import { type Enter, fresh } from "./scene.ts";

export function houseSuite(enter: Enter): void {
  it("is ready on every worker", async () => {
    for (const { url } of enter().workers.all) expect((await fetch(`${url}/readyz`)).status).to.equal(200);
  });

  it("takes a guest's token of one worker on another", async () => {
    await using workers = await startWorkers(enter().url, { guests: true, auth: {} });
    const { here, there } = workers;
    const { status, body } = await here.call("POST", "/api/guests", { name: "Ann" }, { authorization: "" });
    expect(status).to.equal(201);
    const { token, user } = body.data;
    await using ann = await there.client("/chat", token).connected();
    expect(await ann.event("session:opened")).to.deep.nested.include({ "user.id": user.id, "user.name": "Ann" });
  });

  it("shows a host in one sample a second, with a row of each worker, alike on all of them", async () => {
    const { here, there, yonder } = enter();
    const roles = ["monitor"] as const;
    await using one = await here.connect("/monitor", fresh("ops"), { roles });
    await using other = await yonder.connect("/monitor", fresh("ops"), { roles });
    for (const client of [one, other]) await client.request("metrics:watch");
    const ids = await Promise.all(
      [here, there, yonder].map(async (worker) => {
        await using client = await worker.connect("/chat", fresh("ann"));
        return (await client.event("session:opened")).server.worker as string;
      }),
    );
    const sample = await one.event("metrics:sampled", ({ workers }) => workers.length === ids.length);
    expect(sample.workers.map(({ id }: { id: string }) => id)).to.have.members(ids);
    const same = await other.event("metrics:sampled", ({ at }) => at === sample.at);
    expect(same).to.deep.equal(sample);
    const times = one.all("metrics:sampled").map(({ at }) => at as number);
    expect(new Set(times).size).to.equal(times.length);
  });
}
