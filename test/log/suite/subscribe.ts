import { expect } from "chai";
import type { Entry } from "../../../src/log/index.ts";
import { eventually } from "../../kit/wait.ts";
import { type Enter, codeOf, hearing, seqsOf, setScene, upTo } from "./scene.ts";

export function subscribeSuite(enter: Enter): void {
  it("tells of every entry that is written once it has resolved", async () => {
    const scene = await enter();
    await scene.send("before");
    const heard: Entry[] = [];
    const stop = await scene.log.subscribe(
      scene.topic,
      hearing((entry) => heard.push(entry)),
    );
    const written = await Promise.all(upTo(50).map((n) => scene.send(`${n}`)));
    written.push(await scene.edit("edit", 2), await scene.erase("erase", 3));
    await eventually(() => heard.length === written.length);
    stop();
    expect(seqsOf(heard)).to.deep.equal(upTo(53, 2));
    const entries = written.map(({ entry }) => entry).toSorted((a, b) => a.seq - b.seq);
    expect(heard).to.deep.equal(entries);
  });

  it("tells of nothing else: not of duplicates, refusals, other topics, or once it has ended", async () => {
    const scene = await enter();
    const other = setScene(scene);
    const heard: string[] = [];
    const hear = (who: string) => hearing(({ id }) => heard.push(`${who} ${id}`));
    const stopFirst = await scene.log.subscribe(scene.topic, hear("first"));
    const stopSecond = await scene.log.subscribe(scene.topic, hear("second"));
    await scene.send("1");
    await scene.send("1");
    await codeOf(scene.send("refused", { guard: { epoch: "another" } }));
    await other.send("elsewhere");
    await eventually(() => heard.length >= 2);
    stopFirst();
    await scene.send("2");
    await eventually(() => heard.includes("second 2"));
    stopSecond();
    expect(heard).to.have.members(["first 1", "second 1", "second 2"]);
  });
}
