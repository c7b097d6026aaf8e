import { expect } from "chai";
import type { CarillonOptions } from "../../src/options.ts";
import type { Client } from "../kit/client.ts";
import { watchCrashes, type Crashes } from "../kit/crashes.ts";
import { RawClient } from "../kit/raw.ts";
import { startServer, type TestServer } from "../kit/server.ts";

/**
 * A server that is attacked, with an honest client on it. At the end of its scope it has to stand: nothing was thrown that nobody
 * caught, the honest client was served throughout, and nothing of the attack was stored.
 */
export class Target implements AsyncDisposable {
  readonly server: TestServer;
  readonly #honest: Client;
  readonly #crashes: Crashes;

  private constructor(server: TestServer, honest: Client, crashes: Crashes) {
    this.server = server;
    this.#honest = honest;
    this.#crashes = crashes;
  }

  static async start(options: CarillonOptions = {}): Promise<Target> {
    const server = await startServer(options);
    const honest = await server.connect("/chat", "honest");
    await honest.request("room:join", { room: "lobby" });
    return new Target(server, honest, watchCrashes());
  }

  /** A raw client that has entered a namespace, with every role. */
  async enter(namespace = "/chat"): Promise<RawClient> {
    const raw = await new RawClient(this.server.url).open();
    const token = await this.server.token("mallory", { roles: ["moderator", "monitor"] });
    expect(await raw.enter(namespace, token)).to.match(/^40/);
    return raw;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using server = this.server;
    await using honest = this.#honest;
    using crashes = this.#crashes;
    expect(crashes.seen).to.deep.equal([]);
    expect((await server.call("GET", "/healthz")).status).to.equal(200);
    expect(honest.all("session:opened")).to.have.lengthOf(1);
    const { entries } = await honest.request("history:read", { room: "lobby" });
    expect(entries).to.deep.equal([]);
  }
}

/**
 * Sends packets, and then a request that is certainly answered: what the server had to say to them has then been said, since the
 * requests of one socket are answered in turn. Gives back what was heard meanwhile.
 */
export async function exchange(raw: RawClient, ...packets: (string | Buffer)[]): Promise<string[]> {
  const before = raw.heard.length;
  raw.send(...packets, `42/chat,${MARKER}["room:mine",{}]`);
  const isMarker = (packet: string) => packet.startsWith(`43/chat,${MARKER}[`);
  await raw.packet((packet) => isMarker(packet) && raw.heard.lastIndexOf(packet) >= before);
  return raw.heard.slice(before).filter((packet) => !isMarker(packet));
}

const MARKER = 4711;

/** The code in a packet that refuses a request. */
export function codeOf(packet: string): string {
  const [ack] = JSON.parse(packet.replace(/^43[^[]*/, "")) as [{ error: { code: string } }];
  return ack.error.code;
}
