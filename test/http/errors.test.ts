import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { HTTP_ROUTES } from "../../src/http/contract.ts";
import { CarillonError, ERRORS } from "../../src/protocol/errors.ts";
import { FailureSchema } from "../../src/protocol/session.ts";
import { keepLogs } from "../kit/logs.ts";
import { API_KEY, type HttpReply, startServer } from "../kit/server.ts";

/** An error of the API, checked to be the ack's error object and nothing else. */
function expectRefusal({ status, headers, body }: HttpReply, code: keyof typeof ERRORS, what = ""): void {
  expect(body.error?.code, `${what} ${JSON.stringify(body)}`).to.equal(code);
  expect(status, what).to.equal(ERRORS[code].status);
  expect(headers.get("content-type"), what).to.match(/^application\/json\b/);
  expect(headers.get("cache-control"), what).to.equal("no-store");
  expect(Object.keys(body), what).to.deep.equal(["ok", "error"]);
  expect(FailureSchema.strict().parse(body.error), what).to.deep.equal(body.error);
  expect(body.error).to.include({ message: ERRORS[code].message, retryable: ERRORS[code].retryable });
}

describe("What the HTTP API cannot read", () => {
  it("is bad_request: malformed JSON, another type, no body at all", async () => {
    await using server = await startServer();
    const post = (body: string | undefined, headers: Record<string, string> = {}) =>
      server.call("POST", "/api/notifications", body, headers);
    for (const body of ["{", "", "null", "7", '"text"', '{"to":"ann"} trailing', "\u0000"])
      expectRefusal(await post(body), "bad_request", body);
    expectRefusal(await post(undefined), "bad_request");
    const good = JSON.stringify({ to: "ann", title: "Hi" });
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/json; charset=latin1",
    ])
      expectRefusal(await post(good, { "content-type": type }), "bad_request", type);
    expectRefusal(await post(good, { "content-encoding": "nonsense" }), "bad_request");
    expect((await post(good, { "content-type": "application/json; charset=utf-8" })).status).to.equal(202);
  });

  it("is too_large above 4 MiB, packed or not", async () => {
    await using server = await startServer();
    const large = JSON.stringify({ to: "ann", title: "Hi", padding: "x".repeat(4 * 1024 * 1024) });
    expectRefusal(await server.call("POST", "/api/notifications", large), "too_large");
    const packed = await fetch(`${server.url}/api/notifications`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync(large),
    });
    const reply = { status: packed.status, headers: packed.headers, body: await packed.json() };
    expectRefusal(reply, "too_large");
  });

  it("says which fields are wrong, and never with what was in them", async () => {
    await using server = await startServer();
    const secret = "hunter2 ".repeat(50);
    const reply = await server.call("POST", "/api/notifications", { to: "ann", title: secret, level: secret, url: 7 });
    expectRefusal(reply, "bad_request");
    const paths = reply.body.error.details.issues.map(({ path }: { path: string }) => path);
    expect(new Set(paths)).to.deep.equal(new Set(["body.title", "body.level", "body.url"]));
    expect(JSON.stringify(reply.body)).not.to.include("hunter2");
  });

  it("is bad_request where the path cannot be decoded", async () => {
    await using server = await startServer();
    expectRefusal(await server.call("GET", "/api/rooms/%E0%A4%A/members"), "bad_request");
  });
});

describe("A path of the HTTP API", () => {
  it("answers another method than its own with not_found, as JSON", async () => {
    await using server = await startServer();
    for (const [method, path] of [
      ["GET", "/api/notifications"],
      ["DELETE", "/api/notifications"],
      ["PATCH", "/api/rooms/lobby/messages"],
      ["PUT", "/api/rooms/lobby/messages"],
      ["POST", "/healthz"],
      ["GET", "/api/requests/topic:list"],
      ["GET", "/api/guests"],
    ] as const)
      expectRefusal(await server.call(method, path), "not_found", `${method} ${path}`);
  });

  it("answers HEAD as GET without the body, and OPTIONS with its methods", async () => {
    await using server = await startServer();
    for (const { method, path, auth } of Object.values(HTTP_ROUTES)) {
      const url = path.replace(":room", "lobby").replace(":user", "ann").replace(":name", "topic:list");
      const options = await server.call("OPTIONS", url);
      expect(options.status, url).to.equal(200);
      expect(options.headers.get("allow")?.split(/, ?/), url).to.include(method.toUpperCase());
      expect(options.headers.get("access-control-allow-origin"), url).to.equal(null);
      if (method !== "get" || auth === "service") continue;
      const head = await server.call("HEAD", url);
      expect([head.status, head.body], url).to.deep.equal([200, ""]);
    }
  });
});

describe("A failure of the HTTP API", () => {
  it("that nobody has foreseen is internal, 500: without a stack and without what only the log may know", async () => {
    const { logger, lines } = keepLogs();
    // A user without a name that could be one: a mistake of the host's.
    await using server = await startServer({ logger, authenticate: () => ({ id: "secret user of db01" }) });
    const reply = await server.call("GET", "/api/rooms/lobby/members", undefined, {
      authorization: "Bearer token-of-ann",
    });
    expectRefusal(reply, "internal");
    expect(JSON.stringify(reply.body)).not.to.match(/db01|stack|at |\.ts|zod/i);
    const logged = lines.filter(({ level }) => level === "error");
    expect(logged.map(({ message }) => message)).to.deep.equal(["an HTTP request failed"]);
    expect(JSON.stringify(logged)).not.to.include("token-of-ann");
  });

  it("has Retry-After in whole seconds wherever it is known when to come again", async () => {
    await using server = await startServer({
      authorize: () => {
        throw new CarillonError("unavailable", { retryAfterMs: 1_500, cause: new Error("db01 is out") });
      },
    });
    const reply = await server.call("POST", "/api/requests/message:send", {
      as: "ann",
      input: { id: "message-1", room: "lobby", text: "Hi" },
    });
    expectRefusal(reply, "unavailable");
    expect(reply.body.error.retryAfterMs).to.equal(1_500);
    expect(reply.headers.get("retry-after")).to.equal("2");
    expect(JSON.stringify(reply.body)).not.to.include("db01");
  });

  it("has no Retry-After where it is not", async () => {
    await using server = await startServer();
    const reply = await server.call("POST", "/api/requests/nothing:done", { as: "ann", input: {} });
    expectRefusal(reply, "unknown_request");
    expect(reply.headers.get("retry-after")).to.equal(null);
  });

  it("leaves the server at work when a client goes away in the middle of a body", async () => {
    await using server = await startServer();
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${server.url}/api/notifications`, {
        method: "POST",
        headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", "content-length": "1000" },
      });
      request.on("error", () => {});
      request.on("close", resolve);
      request.write('{"to":"ann",', () => request.destroy());
    });
    expect((await server.call("POST", "/api/notifications", { to: "ann", title: "Hi" })).status).to.equal(202);
  });
});
