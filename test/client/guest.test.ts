import { createServer } from "node:http";
import { expect } from "chai";
import { asGuest, RequestError } from "../../client/index.ts";
import { fakeClock } from "../kit/clock.ts";
import { listening } from "../kit/http.ts";
import { freePort } from "../kit/port.ts";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { chatOf, open, reaches, refusalOf } from "./connection.ts";

const DAY_MS = 86_400_000;

/** What a browser keeps over reloads. */
function storage() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

/** The user that a token is for. */
const subjectOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sub;

describe("a guest", () => {
  it("comes in under the name of one's choice", async () => {
    await using server = await startServer({ guests: true });
    await using connection = open({ url: server.url, token: asGuest("Ann", { url: `${server.url}/` }) });
    const chat = chatOf(connection);
    await reaches("open", chat);
    const user = chat.getSnapshot().session?.user;
    expect(user).to.include({ name: "Ann" });
    expect(user?.id).to.match(/^guest-/);
  });

  it("is the same after a reload, with a storage; another one under another name, and without a storage", async () => {
    await using server = await startServer({ guests: true });
    const tab = storage();
    const enter = async (name: string, kept?: ReturnType<typeof storage>) => {
      await using connection = open({
        url: server.url,
        token: asGuest(name, { url: server.url, ...(kept && { storage: kept }) }),
      });
      await reaches("open", chatOf(connection));
      return chatOf(connection).getSnapshot().session?.user.id;
    };
    const ann = await enter("Ann", tab);
    expect(await enter("Ann", tab)).to.equal(ann);
    expect(await enter("Bob", tab)).not.to.equal(ann);
    expect(await enter("Ann")).not.to.equal(ann);
    expect(tab.kept.size).to.equal(2);
  });

  it("stays the same when the token is renewed in time, on the same transport", async () => {
    const clock = fakeClock(Date.now());
    await using server = await startServer({ guests: true, clock });
    const tab = storage();
    const first = await asGuest("Ann", { url: server.url, storage: tab })();
    await clock.advance(DAY_MS - 1_500);
    await using connection = open({ url: server.url, token: asGuest("Ann", { url: server.url, storage: tab }) });
    const chat = chatOf(connection);
    await reaches("open", chat);
    const { id } = chat.socket.io.engine;
    await eventually(() => [...tab.kept.values()][0] !== first);
    const [second = ""] = tab.kept.values();
    expect(subjectOf(second)).to.equal(subjectOf(first));
    await chat.request("room:mine", {});
    await clock.advance(DAY_MS - 2_000);
    await chat.request("room:mine", {});
    expect(chat.socket.io.engine.id).to.equal(id);
    expect(chat.getSnapshot().failure).to.equal(undefined);
  });

  it("is a new one where the token that was kept is not taken any more", async () => {
    const clock = fakeClock(Date.now());
    await using server = await startServer({ guests: true, clock });
    for (const spoil of [
      async () => clock.advance(DAY_MS + 1_000),
      async (user: string) => server.carillon.revoke(user),
    ]) {
      const tab = storage();
      const first = await asGuest("Ann", { url: server.url, storage: tab })();
      const user = String(subjectOf(first));
      await spoil(user);
      await using connection = open({ url: server.url, token: asGuest("Ann", { url: server.url, storage: tab }) });
      const chat = chatOf(connection);
      await reaches("open", chat);
      expect(chat.getSnapshot().session?.user).to.include({ name: "Ann" });
      expect(chat.getSnapshot().session?.user.id).not.to.equal(user);
      expect(subjectOf([...tab.kept.values()][0] ?? "")).to.equal(chat.getSnapshot().session?.user.id);
    }
  });

  it("is refused with the code where guests are off, and for a name that is none", async () => {
    await using off = await startServer();
    await using connection = open({ url: off.url, token: asGuest("Ann", { url: off.url }) });
    await reaches("refused", chatOf(connection));
    expect(connection.getSnapshot().failure).to.include({ code: "not_found", retryable: false });
    await using on = await startServer({ guests: true });
    expect((await refusalOf(asGuest(" ", { url: on.url })())).code).to.equal("bad_request");
  });

  it("is unavailable where nobody answers, or somebody else, and comes in later", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await refusalOf(asGuest("Ann", { url })())).to.include({ code: "unavailable", retryable: true });
    for (const body of ["<h1>Bad gateway</h1>", `{"message":"no"}`, "null"]) {
      await using other = await listening(createServer((_request, response) => void response.end(body)));
      expect(await refusalOf(asGuest("Ann", { url: other.url })())).to.include({ code: "unavailable" });
    }
    await using server = await startServer({ guests: true });
    const guest = asGuest("Ann", { url: server.url });
    let asked = 0;
    const token = () => (asked++ === 0 ? Promise.reject(new RequestError(unavailable)) : guest());
    await using connection = open({ url: server.url, token });
    await reaches("open", chatOf(connection));
  });

  it("comes in though the storage is full", async () => {
    await using server = await startServer({ guests: true });
    const full = {
      getItem: () => null,
      setItem() {
        throw new Error("QuotaExceededError");
      },
    };
    expect(subjectOf(await asGuest("Ann", { url: server.url, storage: full })())).to.match(/^guest-/);
  });
});

const unavailable = { code: "unavailable", message: "It is out.", retryable: true } as const;
