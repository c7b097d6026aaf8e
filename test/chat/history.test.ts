import { expect } from "chai";
import { startServer } from "../kit/server.ts";
import { freshId, range, sayAll, seqsOf, textsOf } from "./scene.ts";

describe("history:read", () => {
  it("pages back through the messages, oldest first on each page", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    const { epoch } = await sayAll(ann, "lobby", range(1, 7).map(String));
    const newest = await ann.request("history:read", { room: "lobby", limit: 3 });
    expect(newest).to.include({ epoch, more: true });
    expect(seqsOf(newest.entries)).to.deep.equal([5, 6, 7]);
    const older = await ann.request("history:read", { room: "lobby", limit: 3, before: 5 });
    expect(seqsOf(older.entries)).to.deep.equal([2, 3, 4]);
    const oldest = await ann.request("history:read", { room: "lobby", limit: 3, before: 2 });
    expect(oldest).to.include({ more: false });
    expect(seqsOf(oldest.entries)).to.deep.equal([1]);
    expect(await ann.request("history:read", { room: "lobby", before: 1 })).to.deep.include({
      entries: [],
      more: false,
    });
  });

  it("counts messages, not entries: edits and deletions are folded into them", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await sayAll(ann, "lobby", ["1", "2", "3"]);
    for (const n of range(1, 5)) {
      await ann.request("message:edit", { id: freshId(), room: "lobby", target: 1, text: `1, edit ${n}` });
    }
    const { entries, more } = await ann.request("history:read", { room: "lobby", limit: 3 });
    expect(textsOf(entries)).to.deep.equal(["1, edit 5", "2", "3"]);
    expect(more).to.equal(false);
  });

  it("takes 50 by default and at most 300, and carries at most about 256 KiB", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await sayAll(ann, "lobby", Array<string>(100).fill("x".repeat(4000)));
    const page = await ann.request("history:read", { room: "lobby", limit: 100 });
    expect(JSON.stringify(page).length).to.be.within(200 * 1024, 264 * 1024);
    expect(page.more).to.equal(true);
    expect(seqsOf(page.entries)).to.deep.equal(range(101 - page.entries.length, 100));
    await sayAll(ann, "attic", range(1, 60).map(String));
    expect((await ann.request("history:read", { room: "attic" })).entries).to.have.length(50);
    expect(await ann.refusal("history:read", { room: "attic", limit: 301 })).to.equal("bad_request");
    expect(await ann.refusal("history:read", { room: "attic", limit: 0 })).to.equal("bad_request");
  });
});
