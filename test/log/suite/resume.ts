import { expect } from "chai";
import type { Entry, Position } from "../../../src/log/index.ts";
import { placeOf } from "../../../src/log/position.ts";
import { eventually } from "../../kit/wait.ts";
import { type Enter, hearing, type Scene, seqsOf, upTo } from "./scene.ts";

/** Ten entries, as somebody may have seen them. */
async function withTen(enter: Enter, size = 1000): Promise<{ scene: Scene; written: Entry[] }> {
  const scene = await enter({ size });
  const written: Entry[] = [];
  for (const n of upTo(10)) written.push((await scene.send(`id-${n}`)).entry);
  return { scene, written };
}

/** A place in the log that is not there: what somebody has seen of a log that was rolled back since. */
function lostPlace({ epoch, at }: Entry, seq: number): Position {
  return { epoch, seq, id: "id-of-what-was-lost", at };
}

const resume = ({ log, topic }: Scene, seen: Position) => log.resume(topic, seen);

export function resumeSuite(enter: Enter): void {
  it("goes on from where one was, if nothing has happened", async () => {
    const { scene, written } = await withTen(enter);
    const head = await scene.log.head(scene.topic);
    expect(head).to.include({ head: 10, id: "id-10" });
    for (const seen of [...written.map(placeOf), { epoch: head.epoch, seq: 5 }, { epoch: head.epoch, seq: 0 }])
      expect(await resume(scene, seen)).to.deep.equal({ from: seen, head });
  });

  it("makes the epoch of a log that was never written", async () => {
    const scene = await enter();
    const { from, head } = await resume(scene, { epoch: "another", seq: 7, id: "id" });
    expect(from).to.deep.equal({ epoch: head.epoch, seq: 0 });
    expect(await scene.log.head(scene.topic)).to.deep.equal(head);
  });

  it("goes on from where the log begins, if what came after is gone", async () => {
    const { scene, written } = await withTen(enter, 4);
    const { epoch } = await scene.log.head(scene.topic);
    for (const entry of written) {
      const { from } = await resume(scene, placeOf(entry));
      expect(from).to.include({ epoch, seq: Math.max(entry.seq, 6) });
    }
  });

  for (const [what, seen] of Object.entries<(written: readonly Entry[]) => Position>({
    "is behind what was seen": ([first]) => lostPlace(first as Entry, 14),
    "has another entry there": ([first]) => lostPlace(first as Entry, 8),
    "has the same id there, written again": (written) => ({ ...placeOf(written[7] as Entry), at: 1 }),
  })) {
    it(`begins a new epoch, with all that it has, when it ${what}`, async () => {
      const { scene, written } = await withTen(enter);
      await scene.edit("edit", 3, { text: "edited" });
      const { epoch: before } = await scene.log.head(scene.topic);
      const { from, head } = await resume(scene, seen(written));
      expect(head.epoch).not.to.equal(before);
      expect(head).to.include({ head: 11, id: "edit" });
      expect(from.epoch).to.equal(head.epoch);
      expect(from.seq, "what others have written meanwhile may be anywhere after").to.equal(0);

      const entries = await scene.entries();
      expect(entries).to.have.length(11);
      for (const [index, entry] of written.entries())
        expect(entries[index]).to.deep.equal({ ...entry, epoch: head.epoch });
      expect((await scene.log.messages(scene.topic, { limit: 1, before: 4 })).entries[0]).to.deep.include({
        epoch: head.epoch,
        content: { text: "edited" },
      });
      expect(await scene.send("id-4")).to.deep.equal({ entry: entries[3], duplicate: true });
      expect((await scene.send("next")).entry).to.include({ epoch: head.epoch, seq: 12 });
    });
  }

  it("goes on in the new epoch from the same place, where that still stands", async () => {
    const { scene, written } = await withTen(enter);
    const { head } = await resume(scene, lostPlace(written[0] as Entry, 14));
    for (const entry of written)
      expect((await resume(scene, placeOf(entry))).from).to.deep.equal({ ...placeOf(entry), epoch: head.epoch });
    expect((await resume(scene, { ...placeOf(written[4] as Entry), seq: 0 })).from.seq).to.equal(0);
    expect((await scene.log.head(scene.topic)).epoch).to.equal(head.epoch);
  });

  it("begins one new epoch, however many have seen what is lost", async () => {
    const { scene, written } = await withTen(enter);
    const seqs = upTo(30, 11);
    const resumed = await Promise.all(seqs.map((seq) => resume(scene, lostPlace(written[0] as Entry, seq))));
    expect(new Set(resumed.map(({ head }) => head.epoch)).size).to.equal(1);
  });

  it("takes a place of which neither id nor time is known for what it is, while it is in the epoch", async () => {
    const { scene } = await withTen(enter);
    const { epoch } = await scene.log.head(scene.topic);
    expect((await resume(scene, { epoch, seq: 10 })).from).to.deep.equal({ epoch, seq: 10 });
    const { from } = await resume(scene, { epoch, seq: 11 });
    expect(from.epoch).not.to.equal(epoch);
  });

  it("publishes what is written in the new epoch", async () => {
    const { scene, written } = await withTen(enter);
    const heard: Entry[] = [];
    const stop = await scene.log.subscribe(
      scene.topic,
      hearing((entry) => heard.push(entry)),
    );
    const { head } = await resume(scene, lostPlace(written[0] as Entry, 14));
    const { entry } = await scene.send("next");
    await eventually(() => heard.length > 0);
    stop();
    expect(heard).to.deep.equal([entry]);
    expect(entry).to.include({ epoch: head.epoch, seq: 11 });
    expect(seqsOf(await scene.entries())).to.deep.equal(upTo(11));
  });
}
