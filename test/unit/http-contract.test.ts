import { expect } from "chai";
import { HTTP_ROUTES } from "../../src/http/contract.ts";

describe("The HTTP contract", () => {
  const { notify, send, history } = HTTP_ROUTES;

  it("takes a notification for one user, for several, or for a topic", () => {
    expect(notify.body.parse({ title: "Hi", to: "ann" })).to.deep.equal({ title: "Hi", level: "info", to: "ann" });
    expect(notify.body.parse({ title: "Hi", topic: "news" })).to.include({ topic: "news" });
    expect(notify.body.safeParse({ id: "notice-1", title: "Hi", to: ["ann", "bob"] }).success).to.equal(true);
  });

  it("refuses a notification for nobody, and one whose recipients are ambiguous", () => {
    for (const recipients of [{}, { to: [] }, { to: "ann", topic: "news" }, { to: "white space" }]) {
      expect(notify.body.safeParse({ title: "Hi", ...recipients }).success, JSON.stringify(recipients)).to.equal(false);
    }
  });

  it("asks for an id where there are several recipients", () => {
    const { error } = notify.body.safeParse({ title: "Hi", to: ["ann", "bob"] });
    expect(error?.issues[0]?.path).to.deep.equal(["id"]);
    expect(notify.body.safeParse({ title: "Hi", to: ["ann"] }).success).to.equal(true);
  });

  it("takes at most 10,000 recipients", () => {
    const to = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
    expect(notify.body.safeParse({ id: "notice-1", title: "Hi", to }).success).to.equal(true);
    expect(notify.body.safeParse({ id: "notice-1", title: "Hi", to: [...to, "ann"] }).success).to.equal(false);
  });

  it("sends a room's message from the service, unless told otherwise", () => {
    const message = { id: "message-1", text: "Hi" };
    expect(send.body.parse(message).from).to.deep.equal({ id: "service", name: "Service" });
    expect(send.body.parse({ ...message, from: { id: "bot", name: "Bot" } }).from.id).to.equal("bot");
  });

  it("reads the numbers of a query out of its texts", () => {
    expect(history.query.parse({ before: "12", limit: "3" })).to.deep.equal({ before: 12, limit: 3 });
    expect(history.query.parse({})).to.deep.equal({ limit: 50 });
    for (const query of [{ limit: "0" }, { limit: "301" }, { limit: "x" }, { limit: "" }, { before: "1.5" }]) {
      expect(history.query.safeParse(query).success, JSON.stringify(query)).to.equal(false);
    }
  });
});
