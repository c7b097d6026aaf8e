import { expect } from "chai";
import type { Client } from "../../kit/client.ts";
import { eventually } from "../../kit/wait.ts";
import { entriesOf, freshId, say, textsOf } from "../../chat/scene.ts";
import { type Enter, fresh, roomOn } from "./scene.ts";

/** The code that a send is refused with; nothing where it is not. */
async function sendRefusal(client: Client, room: string): Promise<string | undefined> {
  const ack = await client.ask("message:send", { id: freshId(), room, text: "may I?" });
  return ack.ok ? undefined : ack.error.code;
}

export function orderSuite(enter: Enter): void {
  it("sends out on every worker whom one has kicked, who may come back", async () => {
    const { here, there, yonder } = enter();
    const room = roomOn(0);
    const user = fresh("ann");
    await using moderator = await here.connect("/chat", fresh("mod"), { roles: ["moderator"] });
    await using phone = await there.connect("/chat", user);
    await using laptop = await yonder.connect("/chat", user);
    await using bob = await yonder.connect("/chat", fresh("bob"));
    for (const client of [phone, laptop, bob]) await client.request("room:join", { room });
    await moderator.request("member:kick", { room, user, reason: "enough" });
    for (const client of [phone, laptop, bob])
      await client.event("member:removed", (removed) => removed.user === user && removed.action === "kicked");
    expect(await bob.request("room:members", { room })).to.include({ memberCount: 1 });
    await say(bob, room, "he is gone");
    await bob.event("message:sent");
    await phone.request("room:join", { room });
    await say(bob, room, "he is back");
    await phone.event("message:sent", ({ text }) => text === "he is back");
    expect(textsOf(entriesOf(phone))).to.deep.equal(["he is back"]);
    expect(textsOf(entriesOf(laptop))).to.deep.equal([]);
  });

  it("keeps out on every worker whom one has banned, until another lifts it", async () => {
    const { here, there, yonder } = enter();
    const room = roomOn(1);
    const user = fresh("ann");
    await using moderator = await here.connect("/chat", fresh("mod"), { roles: ["moderator"] });
    await using ann = await there.connect("/chat", user);
    await using phone = await yonder.connect("/chat", user);
    await ann.request("room:join", { room });
    await moderator.request("member:ban", { room, user });
    await ann.event("member:removed", ({ action }) => action === "banned");
    for (const client of [ann, phone]) {
      await eventually(async () => (await sendRefusal(client, room)) === "banned");
      expect(await client.refusal("room:join", { room })).to.equal("banned");
    }
    await using other = await yonder.connect("/chat", fresh("mod"), { roles: ["moderator"] });
    await other.request("member:unban", { room, user });
    for (const client of [ann, phone]) await eventually(async () => (await client.ask("room:join", { room })).ok);
  });

  it("mutes on every worker, and says so there", async () => {
    const { here, there, yonder } = enter();
    const room = roomOn(2);
    const user = fresh("ann");
    await using moderator = await here.connect("/chat", fresh("mod"), { roles: ["moderator"] });
    await using ann = await there.connect("/chat", user);
    await using phone = await yonder.connect("/chat", user);
    for (const client of [ann, phone]) await client.request("room:join", { room });
    await moderator.request("member:mute", { room, user, forSec: 600 });
    for (const client of [ann, phone]) {
      await client.event("member:muted", (muted) => muted.user === user && muted.untilAt > Date.now());
      expect(await sendRefusal(client, room)).to.equal("muted");
    }
    await moderator.request("member:unmute", { room, user });
    for (const client of [ann, phone]) {
      await client.event("member:unmuted", (unmuted) => unmuted.user === user);
      expect(await sendRefusal(client, room)).to.equal(undefined);
    }
  });

  it("closes on every worker the sockets of whose sessions one has ended, and takes his tokens no more", async () => {
    const { here, there, yonder } = enter();
    const user = fresh("ann");
    const token = await there.token(user);
    await using chat = await there.client("/chat", token).connected();
    await using inbox = await yonder.client("/notify", token).connected();
    await using bob = await there.connect("/chat", fresh("bob"));
    expect((await here.call("DELETE", `/api/users/${user}/sessions`)).status).to.equal(200);
    for (const client of [chat, inbox]) {
      await client.event("session:closing", ({ code, retryable }) => code === "unauthorized" && !retryable);
      await eventually(() => !client.socket.active);
    }
    for (const worker of [here, there, yonder]) {
      await using again = worker.client("/chat", token);
      const refusal = await again.connected().then(
        () => "let in",
        (error: Error) => error.message,
      );
      expect(refusal).to.equal("unauthorized");
    }
    await bob.request("room:mine");
    expect(bob.all("session:closing")).to.deep.equal([]);
  });
}
