import { readFileSync } from "node:fs";
import { expect } from "chai";
import { CONTRACTS } from "../../src/docs/documents.ts";
import { ERRORS } from "../../src/protocol/errors.ts";
import { startServer, type TestServer } from "../kit/server.ts";

const OPEN = { authorization: "" };
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g;

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** Prometheus's text format, strictly: whatever is no sample, comment, HELP or TYPE is an error. */
function parseMetrics(text: string): Sample[] {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, name = "", type = ""] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (name !== "") {
      if (types.has(name)) throw new Error(`Declared twice: ${line}`);
      types.set(name, type);
    } else if (!line.startsWith("# HELP ")) {
      const [, metric = "", labels = "", value = ""] = LINE.exec(line) ?? [];
      if (metric === "" || !/^([+-]?Inf|nan|-?[\d.e+-]+)$/i.test(value)) throw new Error(`Not a sample: ${line}`);
      if (!types.has(metric) && !types.has(metric.replace(/_(bucket|sum|count)$/, "")))
        throw new Error(`No type: ${line}`);
      if (labels.replaceAll(LABEL, "") !== "") throw new Error(`Not labels: ${line}`);
      const entries = [...labels.matchAll(LABEL)].map(([, key = "", said = ""]) => [key, said] as const);
      samples.push({ name: metric, labels: Object.fromEntries(entries), value: Number(value) });
    }
  }
  return samples;
}

async function metrics(server: TestServer) {
  const { status, headers, body } = await server.call("GET", "/metrics", undefined, OPEN);
  expect(status).to.equal(200);
  expect(headers.get("content-type")).to.match(/^text\/plain\b/);
  const samples = parseMetrics(body as string);
  return {
    samples,
    valueOf: (name: string, labels: Record<string, string> = {}) =>
      samples.find((each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels))?.value,
  };
}

describe("GET /healthz and /readyz", () => {
  it("say that the process is alive and may take traffic, to anybody", async () => {
    await using server = await startServer();
    for (const path of ["/healthz", "/readyz"]) {
      const { status, body, headers } = await server.call("GET", path, undefined, OPEN);
      expect({ status, body }, path).to.deep.equal({ status: 200, body: { ok: true, data: {} } });
      expect(headers.get("cache-control")).to.equal("no-store");
    }
  });

  it("tell a process that is draining from one that is dead", async () => {
    await using server = await startServer();
    await server.carillon.drain();
    const { status, body, headers } = await server.call("GET", "/readyz", undefined, OPEN);
    expect([status, body.ok, body.error.code, body.error.retryable]).to.deep.equal([503, false, "draining", true]);
    expect(headers.get("cache-control")).to.equal("no-store");
    expect((await server.call("GET", "/healthz", undefined, OPEN)).status).to.equal(200);
    expect((await server.call("POST", "/api/notifications", { to: "ann", title: "Still served" })).status).to.equal(
      202,
    );
  });
});

describe("GET /metrics", () => {
  it("is Prometheus text of the process and of what Carillon does", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using phone = await server.connect("/notify", "ann");
    await ann.request("room:join", { room: "lobby" });
    await ann.request("message:send", { id: "message-1", room: "lobby", text: "Hi" });
    await ann.request("message:send", { id: "message-1", room: "lobby", text: "Hi" });
    await phone.refusal("notification:read", {});
    const { valueOf } = await metrics(server);
    expect(valueOf("carillon_sockets", { namespace: "/chat" })).to.equal(1);
    expect(valueOf("carillon_sockets", { namespace: "/notify" })).to.equal(1);
    expect(valueOf("carillon_sockets", { namespace: "/monitor" })).to.equal(0);
    expect(valueOf("carillon_rooms")).to.equal(1);
    expect(valueOf("carillon_requests_total", { request: "message:send", code: "ok" })).to.equal(2);
    expect(valueOf("carillon_requests_total", { request: "notification:read", code: "bad_request" })).to.equal(1);
    expect(valueOf("carillon_duplicates_total")).to.equal(1);
    expect(valueOf("process_resident_memory_bytes")).to.be.greaterThan(0);
    expect(valueOf("nodejs_eventloop_lag_seconds")).to.be.at.least(0);
  });

  it("counts refusals and closes by their code", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    await using nobody = server.client("/chat", "no token");
    await new Promise((resolve) => nobody.socket.once("connect_error", resolve));
    await server.carillon.revoke("ann");
    await ann.event("session:closing");
    const { valueOf } = await metrics(server);
    expect(valueOf("carillon_refusals_total", { code: "unauthorized" })).to.equal(1);
    expect(valueOf("carillon_closes_total", { code: "unauthorized" })).to.equal(1);
  });

  it("has labels of the contracts and the table alone, whatever clients ask for", async () => {
    await using server = await startServer();
    await using ann = await server.connect("/chat", "ann");
    for (let n = 0; n < 30; n++) {
      await ann.ask(`made:up-${n}`, {});
      await server.call("POST", `/api/requests/made:up-${n}`, { as: "ann", input: {} });
      await server.call("GET", `/made/up/${n}`);
    }
    await ann.ask('"} 1\nevil{x="', {});
    const { samples, valueOf } = await metrics(server);
    expect(valueOf("carillon_requests_total", { request: "unknown", code: "unknown_request" })).to.equal(31);
    const known = new Set(["unknown", ...CONTRACTS.flatMap(({ requests }) => Object.keys(requests))]);
    const own = samples.filter(({ name }) => name.startsWith("carillon_"));
    for (const { name, labels } of own) {
      if (labels["request"] !== undefined) expect(known.has(labels["request"]), labels["request"]).to.equal(true);
      if (labels["code"] !== undefined) expect(["ok", ...Object.keys(ERRORS)]).to.include(labels["code"]);
      expect(
        Object.keys(labels).every((label) => ["request", "code", "namespace", "valid"].includes(label)),
        name,
      ).to.equal(true);
    }
  });

  it("is each server's own, however many are in one process", async () => {
    await using one = await startServer();
    await using two = await startServer();
    await using ann = await one.connect("/chat", "ann");
    await ann.request("room:mine");
    expect((await metrics(one)).valueOf("carillon_requests_total", { request: "room:mine", code: "ok" })).to.equal(1);
    expect((await metrics(two)).valueOf("carillon_requests_total", { request: "room:mine", code: "ok" })).to.equal(
      undefined,
    );
    expect((await metrics(two)).valueOf("process_resident_memory_bytes")).to.be.greaterThan(0);
  });
});

describe("The generated documents", () => {
  for (const name of ["openapi", "asyncapi"]) {
    it(`are served as they are in the repository: ${name}.json`, async () => {
      await using server = await startServer();
      const { status, body, headers } = await server.call("GET", `/api/${name}.json`, undefined, OPEN);
      expect(status).to.equal(200);
      expect(headers.get("content-type")).to.match(/^application\/json\b/);
      expect(body).to.deep.equal(JSON.parse(readFileSync(new URL(`../../docs/${name}.json`, import.meta.url), "utf8")));
    });
  }
});

describe("GET /", () => {
  it("serves the page and all that it names, under a policy that lets nothing else in", async () => {
    await using server = await startServer();
    const { status, headers, body } = await server.call("GET", "/", undefined, OPEN);
    expect(status).to.equal(200);
    expect(headers.get("content-type")).to.match(/^text\/html\b/);
    const policy = Object.fromEntries(
      (headers.get("content-security-policy") ?? "")
        .split(";")
        .map((each) => [each.split(" ")[0], each.split(" ").slice(1).join(" ")]),
    );
    expect(policy).to.deep.equal({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self' data:",
      "font-src": "'self'",
      "connect-src": "'self'",
      "manifest-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'self'",
      "frame-ancestors": "'none'",
    });
    const named = [...(body as string).matchAll(/\s(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
    expect(named.map((path) => path.split(".").at(-1))).to.include.members(["js", "css"]);
    for (const path of named)
      expect((await server.call("GET", `/${path}`, undefined, OPEN)).status, path).to.equal(200);
    // What such a policy would not run.
    expect(body).not.to.match(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
  });

  it("has helmet's headers, like everything that Carillon answers, and does not say what it is made of", async () => {
    await using server = await startServer();
    for (const path of [
      "/",
      "/index.html",
      "/healthz",
      "/metrics",
      "/api/openapi.json",
      "/api/notifications",
      "/api/guests",
    ]) {
      const { headers } = await server.call("GET", path, undefined, OPEN);
      expect(headers.get("x-content-type-options"), path).to.equal("nosniff");
      expect(headers.get("x-frame-options"), path).to.equal("DENY");
      expect(headers.get("referrer-policy"), path).to.equal("no-referrer");
      expect(headers.get("cross-origin-resource-policy"), path).to.equal("same-origin");
      expect(headers.get("content-security-policy"), path).to.include("default-src 'none'");
      expect(headers.get("x-powered-by"), path).to.equal(null);
      expect(headers.get("strict-transport-security"), path).to.equal(null);
    }
  });

  it("is not there where it is switched off, and the API is", async () => {
    await using server = await startServer({ web: false });
    for (const path of ["/", "/index.html"])
      expect((await server.call("GET", path, undefined, OPEN)).status).to.equal(404);
    expect((await server.call("GET", "/healthz", undefined, OPEN)).status).to.equal(200);
  });

  it("serves nothing from beside the page", async () => {
    await using server = await startServer();
    for (const path of [
      "/..%2f..%2fpackage.json",
      "/%2e%2e/%2e%2e/package.json",
      "/.env",
      "/app.js%00.html",
      "/%E0%A4%A",
    ])
      expect((await server.call("GET", path, undefined, OPEN)).status, path).to.be.within(400, 404);
  });
});
