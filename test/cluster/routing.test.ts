import { expect } from "chai";
import { WebSocket } from "ws";
import { createSessionIds } from "../../src/cluster/routing/session-id.ts";
import { folder, pipes, type Routed, startRouted } from "../kit/routed.ts";
import {
  handshake,
  poll,
  pollPath,
  pollRequest,
  rawAnswer,
  send,
  upgradeRequest,
  watchAccess,
} from "../kit/sessions.ts";
import { eventually } from "../kit/wait.ts";

const SECRET = "a secret of these tests";
const UNKNOWN = '{"code":1,"message":"Session ID unknown"}';

describe("session routing between two workers of a host", () => {
  let directory: Awaited<ReturnType<typeof folder>>;
  let owner: Routed;
  let other: Routed;

  beforeEach(async () => {
    directory = await folder();
    owner = await startRouted({ directory: directory.path, secret: SECRET });
    other = await startRouted({ directory: directory.path, secret: SECRET });
  });

  afterEach(async () => {
    await other[Symbol.asyncDispose]();
    await owner[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  it("answers at either what belongs to one of them", async () => {
    const sid = await handshake(owner.url);
    const posted = await send(other.url, sid, '40/chat,{"token":"ann"}');
    expect([posted.status, await posted.text()]).to.deep.equal([200, "ok"]);
    const polled = await poll(other.url, sid);
    expect(polled.headers.get("content-type")).to.equal("text/plain; charset=UTF-8");
    expect(await polled.text()).to.match(/^40\/chat,\{"sid":/);
    expect(owner.carillon.chat?.sockets.size).to.equal(1);
    expect(other.carillon.io.engine.clientsCount).to.equal(0);
    expect(other.counted).to.deep.equal(["socket", "socket"]);
    expect(await (await fetch(`${other.url}/elsewhere?sid=${sid}`)).text()).to.equal("the host's own");
  });

  it("loses none of 200 answers in a row, nor a byte of bodies of 60 KB", async () => {
    const heard: string[] = [];
    owner.carillon.io.of("/echo").on("connection", (socket) => socket.onAny((_name, body: string) => heard.push(body)));
    const sid = await handshake(owner.url);
    await (await send(other.url, sid, "40/echo,")).text();
    // UTF-8 has two bytes for each of these letters.
    const bodies = Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(index % 10 === 0 ? 30_000 : 10, "é"));
    const { connections } = await watchAccess(async () => {
      for (const body of bodies) {
        const response = await send(other.url, sid, `42/echo,["said",${JSON.stringify(body)}]`);
        expect([response.status, await response.text()]).to.deep.equal([200, "ok"]);
      }
    });
    expect(heard).to.deep.equal(bodies);
    // An answer on a connection that ends with it can be lost to an error of writing the request's end.
    expect(connections).to.be.at.most(10);
  });

  it("frees what a poll held at its worker when the client gives it up", async () => {
    const sid = await handshake(owner.url);
    const idle = pipes();
    const giveUp = new AbortController();
    const parked = poll(other.url, sid, { signal: giveUp.signal });
    await eventually(() => pipes() === idle + 2);
    giveUp.abort();
    await parked.catch(() => {});
    await eventually(() => owner.carillon.io.engine.clientsCount === 0);
    await eventually(() => pipes() === idle);
  });

  it("keeps the client's own address, whatever the client says, and its own headers to itself", async () => {
    const seen: unknown[] = [];
    owner.carillon.io.engine.use(
      (request: { socket: { remoteAddress?: string }; headers: object }, _: unknown, next: () => void) => {
        const { remoteAddress } = request.socket;
        seen.push(
          remoteAddress,
          Object.keys(request.headers).filter((name) => name.startsWith("x-")),
        );
        next();
      },
    );
    const sid = await handshake(owner.url);
    seen.length = 0;
    const lies = ["X-Carillon-Address: 10.9.8.7", "X-Carillon-Hop: 1.x", "X-Forwarded-For: 10.1.1.1"];
    await rawAnswer(other.url, upgradeRequest("unknown", lies));
    await (await send(other.url, sid, '40/chat,{"token":"ann"}')).text();
    await rawAnswer(other.url, pollRequest(sid, lies));
    expect(seen).to.deep.equal(["127.0.0.1", [], "127.0.0.1", ["x-forwarded-for"]]);
  });

  it("takes no second request out of a body that none should have", async () => {
    const methods: unknown[] = [];
    owner.carillon.io.engine.use(({ method }: { method: string }, _: unknown, next: () => void) => {
      methods.push(method);
      next();
    });
    const sid = await handshake(owner.url);
    const smuggled = `POST ${pollPath(sid)} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1`;
    const head = ["Host: carillon", "Host: another", "Connection: close, content-length"];
    const length = smuggled.length;
    for (const [framing, body] of [
      [`Content-Length: ${length}`, smuggled],
      ["Transfer-Encoding: chunked", `${length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
    ]) {
      const answer = await rawAnswer(other.url, [`DELETE ${pollPath(sid)} HTTP/1.1`, ...head, `${framing}`], body);
      expect(answer).to.match(/^HTTP\/1.1 500 /);
    }
    await (await send(other.url, sid, "3")).text();
    expect(methods).to.deep.equal(["GET", "DELETE", "DELETE", "POST"]);
    expect(owner.carillon.io.engine.clientsCount).to.equal(1);
  });

  for (const [name, sid] of [
    ["a path out of the folder", "../../x_AAAAAAAAAAAAAAAAAAAA"],
    ["an encoded one", "..%2F..%2Fx_AAAAAAAAAAAAAAAAAAAA"],
    ["a process id", "99999999_AAAAAAAAAAAAAAAAAAAA"],
    ["10 KB", "a".repeat(10_240)],
    ["the right form with a wrong signature", `${"0".repeat(12)}${"A".repeat(36)}`],
    ["a NUL", "%00"],
  ] as const) {
    it(`answers ${name} as Engine.IO answers an unknown session, and touches nothing`, async () => {
      const expected = await rawAnswer(other.url, pollRequest("unknown"));
      expect(expected)
        .to.match(/^HTTP\/1.1 400 /)
        .and.to.include(UNKNOWN);
      const expectedUpgrade = await rawAnswer(other.url, upgradeRequest("unknown"));
      expect(expectedUpgrade).to.match(/^HTTP\/1.1 400 /);
      const access = await watchAccess(async () => {
        expect(await rawAnswer(other.url, pollRequest(sid))).to.equal(expected);
        expect(await rawAnswer(other.url, upgradeRequest(sid))).to.equal(expectedUpgrade);
      });
      // Both are the test's own.
      expect(access).to.deep.equal({ connections: 2, files: 0 });
    });
  }

  it("answers a worker that nobody knows in the same way, and connects to nothing", async () => {
    const sid = createSessionIds(SECRET, "0123456789ab").create();
    const expected = await rawAnswer(other.url, pollRequest("unknown"));
    const { connections } = await watchAccess(async () => {
      expect(await rawAnswer(other.url, pollRequest(sid))).to.equal(expected);
      expect(await rawAnswer(other.url, upgradeRequest(sid))).to.match(/^HTTP\/1.1 400 .*Session ID unknown$/s);
    });
    expect(connections).to.equal(2);
    expect(other.counted).to.deep.equal(["forged", "gone", "gone"]);
  });

  it("takes the session id that Engine.IO takes where there are several", async () => {
    const [mine, another] = [await handshake(owner.url), await handshake(other.url)];
    await (await send(other.url, mine, '40/chat,{"token":"ann"}')).text();
    await (await poll(other.url, `${another}&sid=${mine}`)).text();
    expect(other.counted).to.deep.equal(["socket", "socket"]);
  });

  it("lets go of what it carries for others when it drains, and gives the server back when it closes", async () => {
    const sid = await handshake(owner.url);
    const client = new WebSocket(`${other.url}/socket.io/?EIO=4&transport=websocket&sid=${sid}`);
    await new Promise((resolve) => client.once("open", resolve));
    const closed = new Promise((resolve) => client.once("close", resolve));
    await other.routing.drain(0);
    await closed;
    const closing = await send(other.url, sid, '40/chat,{"token":"ann"}');
    expect(closing.headers.get("connection")).to.equal("close");
    await other.routing.close();
    for (const method of ["generateId", "handleRequest", "handleUpgrade"])
      expect(Object.hasOwn(other.carillon.io.engine, method)).to.equal(false);
    expect(await handshake(other.url)).to.have.length(20);
  });

  it("lets an upgrade that it carries come to its end when it drains: a client cut in between would be deaf for 25 s", async () => {
    const sid = await handshake(owner.url);
    const client = new WebSocket(`${other.url}/socket.io/?EIO=4&transport=websocket&sid=${sid}`);
    await new Promise((resolve) => client.once("open", resolve));
    const drained = other.routing.drain(0);
    client.send("2probe");
    expect(String(await new Promise((resolve) => client.once("message", resolve)))).to.equal("3probe");
    client.send("5");
    client.send('40/chat,{"token":"ann"}');
    await eventually(() => owner.carillon.chat?.sockets.size === 1);
    const closed = new Promise((resolve) => client.once("close", resolve));
    await drained;
    await closed;
  });
});
