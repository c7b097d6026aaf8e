import { chmod, chown, mkdir, readdir, rename, stat, symlink, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { openDirectory } from "../../src/cluster/routing/directory.ts";
import { sharedSecret } from "../../src/cluster/routing/secret.ts";
import { createSessionIds } from "../../src/cluster/routing/session-id.ts";
import { folder, startRouted } from "../kit/routed.ts";
import { turns } from "../kit/wait.ts";
import { pollRequest, rawAnswer, upgradeRequest } from "../kit/sessions.ts";

const WORKER = "0123456789ab";

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    ({ message }: Error) => message,
  );

/** What a killed worker leaves: a socket with nobody behind it. */
async function leaveSocket(path: string): Promise<void> {
  const server: Server = createServer().listen(`${path}.x`);
  await new Promise((resolve) => server.once("listening", resolve));
  await rename(`${path}.x`, path);
  await new Promise((resolve) => server.close(resolve));
}

async function askReadiness(socketPath: string): Promise<{ status: number | undefined; body: unknown }> {
  const asked = request({ socketPath, path: "/readyz" }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await json(response) };
}

describe("the folder of a host's workers", () => {
  it("is made for its owner alone, and holds a socket of each worker and their secret", async () => {
    await using parent = await folder();
    const directory = join(parent.path, "run", "carillon");
    {
      await using first = await startRouted({ directory });
      await using second = await startRouted({ directory });
      const sockets = [first, second].map(({ worker }) => `${worker}.sock`);
      expect(await readdir(directory)).to.have.members([...sockets, "secret"]);
      expect((await stat(directory)).mode & 0o777).to.equal(0o700);
      expect((await stat(join(directory, "secret"))).mode & 0o777).to.equal(0o600);
    }
    expect(await readdir(directory)).to.deep.equal(["secret"]);
  });

  it("is refused where others may look into it, where it is somebody else's, a link, or too long for a socket", async () => {
    await using parent = await folder();
    const path = (name: string) => join(parent.path, name);
    const open = (name: string) => failureOf(openDirectory(path(name), WORKER, systemClock));
    await mkdir(path("open"));
    await chmod(path("open"), 0o750);
    expect(await open("open")).to.match(/open to others \(mode 750\)/);
    await mkdir(path("theirs"), { mode: 0o700 });
    await chown(path("theirs"), 12345, 12345);
    expect(await open("theirs")).to.match(/belongs to somebody else \(uid 12345\)/);
    await mkdir(path("mine"), { mode: 0o700 });
    await symlink(path("mine"), path("link"));
    expect(await open("link")).to.match(/link is not a directory/);
    const room = 107 - Buffer.byteLength(join(parent.path, "", `${WORKER}.sock`)) - 1;
    expect(await open("x".repeat(room))).to.equal("none");
    expect(await open("x".repeat(room + 1))).to.match(/too long for a socket: 108 bytes, 107 at most/);
  });

  it("gives all workers one secret, whether they start at once or while another is writing it", async () => {
    for (let apart = 0; apart < 40; apart++) {
      await using directory = await folder();
      const first = sharedSecret(directory.path, "00000000000a");
      await turns(apart);
      const secrets = await Promise.all([first, sharedSecret(directory.path, "00000000000b")]);
      expect(secrets[1]).to.deep.equal(secrets[0]).and.to.have.length(32);
      expect(await readdir(directory.path)).to.deep.equal(["secret"]);
    }
  });

  it("refuses a secret that is none", async () => {
    await using directory = await folder();
    await writeFile(join(directory.path, "secret"), "short");
    expect(await failureOf(sharedSecret(directory.path, WORKER))).to.match(/is not a secret of 32 bytes/);
  });

  it("is rid of what killed workers have left: at a start, and when one of their sessions is asked for", async () => {
    await using directory = await folder();
    const [atStart, later] = ["00000000000a", "00000000000b"];
    await leaveSocket(join(directory.path, `${atStart}.sock`));
    await using worker = await startRouted({ directory: directory.path, secret: "a secret of these tests" });
    expect(await readdir(directory.path)).to.deep.equal([`${worker.worker}.sock`]);
    const ids = createSessionIds("a secret of these tests", later);
    for (const ask of [pollRequest, upgradeRequest]) {
      await leaveSocket(join(directory.path, `${later}.sock`));
      expect(await rawAnswer(worker.url, ask(ids.create()))).to.match(/^HTTP\/1.1 400 .*Session ID unknown/s);
      expect(await readdir(directory.path)).to.deep.equal([`${worker.worker}.sock`]);
    }
    expect(worker.counted).to.deep.equal(["gone", "gone"]);
  });

  it("lets each worker be asked by itself whether it is ready, and nothing else that is not a session's", async () => {
    await using directory = await folder();
    let isReady = true;
    await using worker = await startRouted({ directory: directory.path, ready: () => isReady });
    const socket = join(directory.path, `${worker.worker}.sock`);
    const body = { worker: worker.worker, pid: process.pid };
    expect(await askReadiness(socket)).to.deep.equal({ status: 200, body: { ok: true, ...body } });
    isReady = false;
    expect(await askReadiness(socket)).to.deep.equal({ status: 503, body: { ok: false, ...body } });
  });
});
