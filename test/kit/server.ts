import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { ManagerOptions, SocketOptions } from "socket.io-client";
import { signToken, type TokenClaims } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import type { CarillonOptions } from "../../src/options.ts";
import { type Carillon, createCarillon } from "../../src/server.ts";
import { Client, type Wire } from "./client.ts";
import { opened } from "./leaks.ts";

export const SECRET = "a secret of the tests, long enough for HS256";
export const API_KEY = "an-api-key-of-the-tests";

export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Wire;
}

type Claims = Omit<TokenClaims, "sub">;
type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** A Carillon in this process on a free port of the loopback, everything in memory. */
export class TestServer implements AsyncDisposable {
  readonly http: Server;
  readonly carillon: Carillon;
  readonly url: string;
  readonly #options: CarillonOptions;
  readonly #released: () => void;

  constructor(http: Server, carillon: Carillon, options: CarillonOptions) {
    this.http = http;
    this.carillon = carillon;
    this.#options = options;
    this.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    this.#released = opened(this, "a server");
  }

  /** A token for a user. */
  async token(id: string, claims: Claims = {}, ttlSec = 3600): Promise<string> {
    const { token } = await signToken(
      SECRET,
      { sub: id, ...claims },
      { ttlSec, clock: this.#options.clock ?? systemClock },
    );
    return token;
  }

  /** A client with a token of its own, connected: over websocket, unless the options say otherwise. */
  async connect(namespace: string, id: string, claims: Claims = {}, options: ClientOptions = {}): Promise<Client> {
    return this.client(namespace, await this.token(id, claims), options).connected();
  }

  /** A client with this token, perhaps not yet connected. */
  client(namespace: string, token: unknown, options: ClientOptions = {}): Client {
    return new Client(this.url, namespace, { transports: ["websocket"], auth: { token }, ...options });
  }

  /** An HTTP request with the API key, unless `headers` say otherwise; JSON in, JSON (or text) out. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpReply> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${API_KEY}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== "" && response.headers.get("content-type")?.includes("json");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.carillon.close();
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve());
      this.http.closeAllConnections();
    });
    this.#released();
  }
}

/** Starts one. Tokens by `SECRET`, rooms open, no limits on rates, unless the options say otherwise. */
export async function startServer(options: CarillonOptions = {}): Promise<TestServer> {
  const app = express();
  const http = createServer(app);
  const filled: CarillonOptions = {
    auth: { secret: SECRET },
    apiKeys: [API_KEY],
    roomAccess: "open",
    rate: { perSec: 0, burst: 100 },
    connects: { perSec: 0, burst: 1000 },
    ...options,
  };
  const carillon = createCarillon({ server: http, ...filled });
  app.use(carillon.router);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server = new TestServer(http, carillon, filled);
  await carillon.ready;
  return server;
}
