import { expect } from "chai";
import { signToken } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import { Client, type Wire } from "../kit/client.ts";
import { startService } from "../kit/service.ts";
import { eventually } from "../kit/wait.ts";

const SECRET = "a secret that no line of the log may hold";
const KEY = "an-api-key-that-no-line-of-the-log-may-hold";

describe("The process", () => {
  for (const LOG_LEVEL of ["debug", "trace"]) {
    it(`says at LOG_LEVEL=${LOG_LEVEL} nothing of tokens, keys, session ids, or what people write`, async () => {
      const env = { LOG_LEVEL, JWT_SECRET: SECRET, API_KEYS: KEY, GUESTS: "on", NODE_ENV: "production" };
      await using service = await startService(env);
      const call = async (path: string, body: unknown, authorization: string) => {
        const headers = { authorization, "content-type": "application/json" };
        const response = await fetch(service.url + path, { method: "POST", headers, body: JSON.stringify(body) });
        return (await response.json()) as Wire;
      };
      const guest = (await call("/api/guests", { name: "Guest of honour" }, "")).data.token as string;
      const { token: ann } = await signToken(SECRET, { sub: "ann" }, { ttlSec: 60, clock: systemClock });
      const { token: expired } = await signToken(SECRET, { sub: "ann" }, { ttlSec: -60, clock: systemClock });
      const forged = `${ann.slice(0, -6)}forged`;
      const odd = "not.even-a.token-of-any-kind";
      const sids: string[] = [];

      await using chat = new Client(service.url, "/chat", { auth: { token: guest } });
      await using notify = new Client(service.url, "/notify", { transports: ["polling"], auth: { token: ann } });
      for (const client of [chat, notify]) {
        await client.connected();
        sids.push(client.socket.id ?? "", client.socket.io.engine.id ?? "");
      }
      await chat.request("room:join", { room: "lobby" });
      await chat.request("message:send", { id: "message-1", room: "lobby", text: "whispered in the lobby" });
      await chat.refusal("message:send", { id: "message-2", room: "lobby", text: 7, hint: "whispered badly" });
      await chat.refusal("token:refresh", { token: forged });
      await notify.request("inbox:open");
      for (const token of [forged, expired, odd, 7, { deep: odd }]) {
        await using refused = new Client(service.url, "/chat", { auth: { token } });
        await new Promise((resolve) => refused.socket.once("connect_error", resolve));
      }
      await call("/api/notifications", { to: "ann", title: "whispered to Ann" }, `Bearer ${KEY}`);
      await call("/api/notifications", { to: "ann", title: 7, body: "whispered badly" }, `Bearer ${KEY}`);
      for (const token of [ann, forged, expired, odd]) await call("/api/notifications", {}, `Bearer ${token}`);
      await notify.event("notification:sent");
      await fetch(`${service.url}/api/notifications?token=${ann}&key=${KEY}`);
      await call(
        "/api/requests/message:send",
        { as: "ann", input: { id: "message-3", room: "lobby", text: "whispered by Ann" } },
        `Bearer ${KEY}`,
      );

      expect(sids).to.have.length(4).and.not.include("");
      const secrets = [SECRET, KEY, guest, ann, forged, expired, odd, ...sids];
      // Of a token, the signature and the claims are enough.
      const pieces = [guest, ann, forged, expired, odd].flatMap((token) => token.split(".").slice(1));
      await eventually(() => service.output().includes("a client was refused"));
      for (const secret of [...secrets, ...pieces, "whispered", "Bearer"])
        expect(service.output().includes(secret), `${secret} is in the log`).to.equal(false);
    });
  }

  it("answers a path that is nobody's with not_found, as JSON", async () => {
    await using service = await startService();
    for (const path of ["/nothing", "/api/nothing", "/api", "/api/rooms"]) {
      const response = await fetch(service.url + path);
      expect(response.status, path).to.equal(404);
      expect(response.headers.get("x-powered-by"), path).to.equal(null);
      const { ok, error } = (await response.json()) as Wire;
      expect([ok, error.code], path).to.deep.equal([false, "not_found"]);
    }
  });
});
