import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import express, { type ErrorRequestHandler } from "express";
import express4 from "express4";
import { type Carillon, type CarillonOptions, createCarillon } from "../../src/index.ts";
import { opened } from "../kit/leaks.ts";

const KEY = "the-key-of-the-app-itself";

interface Host extends AsyncDisposable {
  readonly carillon: Carillon;
  get(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string }>;
}

const hostError: ErrorRequestHandler = (error: Error, _request, response, _next) =>
  void response.status(418).send(`the host says: ${error.message}`);

async function listen(http: HttpServer): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function close(http: HttpServer): Promise<void> {
  await new Promise<void>((resolve) => {
    http.close(() => resolve());
    http.closeAllConnections();
  });
}

/** An app with things of its own before and after Carillon's router. */
async function startHost(create: typeof express, options: CarillonOptions = {}): Promise<Host> {
  const app = create();
  const http = createServer(app);
  const carillon = createCarillon({
    server: http,
    apiKeys: [KEY],
    authenticate: (token) => (token === "broken" ? { id: "not an id" } : null),
    ...options,
  });
  app.use((_request, response, next) => {
    response.setHeader("X-Host", "was here");
    next();
  });
  app.get("/before", (_request, response) => void response.send("the host's, before"));
  app.use(carillon.router);
  app.get("/after", (_request, response) => void response.send("the host's, after"));
  app.get("/api/orders", (_request, response) => void response.json({ orders: [] }));
  app.get("/fails", () => {
    throw new Error("the host's own mistake");
  });
  app.use(hostError);
  const url = await listen(http);
  const released = opened(http, "a host");
  return {
    carillon,
    async get(path, init) {
      const response = await fetch(url + path, init);
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    async [Symbol.asyncDispose]() {
      await carillon.close();
      await close(http);
      released();
    },
  };
}

const post = (body: unknown, key = KEY): RequestInit => ({
  method: "POST",
  headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

for (const [version, create] of [
  ["4", express4],
  ["5", express],
] as const) {
  describe(`The router in an Express ${version} app`, () => {
    it("serves the API, the documents and the page", async () => {
      await using host = await startHost(create);
      expect(await host.get("/healthz")).to.include({ status: 200, text: '{"ok":true,"data":{}}' });
      const published = await host.get("/api/notifications", post({ to: "ann", title: "Hello" }));
      expect(published.status).to.equal(202);
      expect(JSON.parse(published.text).data.accepted).to.equal(1);
      const query = await host.get("/api/rooms/lobby/messages?limit=2&before=9", {
        headers: { authorization: `Bearer ${KEY}` },
      });
      expect(query.status).to.equal(200);
      expect(JSON.parse((await host.get("/api/openapi.json")).text)).to.include({ openapi: "3.1.0" });
      expect((await host.get("/metrics")).text).to.include("carillon_sockets");
      const page = await host.get("/");
      expect(page.text).to.match(/^<!doctype html>/i);
      expect(page.headers.get("content-security-policy")).to.include("default-src 'none'");
    });

    it("answers what goes wrong as JSON: bad bodies, refusals and rejected handlers", async () => {
      await using host = await startHost(create);
      const refused = async (path: string, init?: RequestInit) => {
        const { status, text } = await host.get(path, init);
        return [status, JSON.parse(text).error.code];
      };
      expect(await refused("/api/notifications", post("{ not json"))).to.deep.equal([400, "bad_request"]);
      expect(await refused("/api/notifications", post({}))).to.deep.equal([400, "bad_request"]);
      expect(await refused("/api/notifications", post({}, "no key"))).to.deep.equal([401, "unauthorized"]);
      expect(await refused("/api/notifications", post({}, "broken"))).to.deep.equal([500, "internal"]);
      expect(await refused("/api/notifications")).to.deep.equal([404, "not_found"]);
      const large = post({ to: "ann", title: "Hi", padding: "x".repeat(5 * 1024 * 1024) });
      expect(await refused("/api/notifications", large)).to.deep.equal([413, "too_large"]);
      expect(await refused("/api/requests/nothing:done", post({ as: "ann", input: {} }))).to.deep.equal([
        404,
        "unknown_request",
      ]);
      await host.carillon.drain();
      expect(await refused("/readyz")).to.deep.equal([503, "draining"]);
    });

    it("leaves the host's own routes, headers, errors and 404 as they are", async () => {
      await using host = await startHost(create);
      const after = await host.get("/after");
      expect(after).to.include({ status: 200, text: "the host's, after" });
      for (const name of ["content-security-policy", "x-frame-options", "cross-origin-resource-policy"])
        expect(after.headers.get(name), name).to.equal(null);
      expect(after.headers.get("x-powered-by")).to.equal("Express");
      expect((await host.get("/before")).text).to.equal("the host's, before");
      expect(await host.get("/api/orders")).to.include({ status: 200, text: '{"orders":[]}' });
      expect(await host.get("/fails")).to.include({ status: 418, text: "the host says: the host's own mistake" });
      for (const path of ["/nothing", "/api/nothing"]) {
        const { status, text, headers } = await host.get(path);
        expect([status, text.includes(`Cannot GET ${path}`)]).to.deep.equal([404, true]);
        expect(headers.get("x-host")).to.equal("was here");
      }
    });

    it("works behind a body parser of the host's", async () => {
      const app = create();
      const http = createServer(app);
      const carillon = createCarillon({ server: http, apiKeys: [KEY] });
      app.use(create.json());
      app.use(carillon.router);
      const url = await listen(http);
      const { status } = await fetch(`${url}/api/notifications`, post({ to: "ann", title: "Hello" }));
      await carillon.close();
      await close(http);
      expect(status).to.equal(202);
    });
  });
}
