import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { startServer } from "../kit/server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

const run = async (cwd: string, ...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 60_000 }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  return stdout;
};

/** A program of somebody who has installed the package. */
const PROGRAM = `
import { connect, RequestError, type Entry, type Room } from "carillon/client";

const connection = connect({ url: process.argv[2]!, token: async () => process.argv[3]! });
const room: Room = connection.chat.join("lobby");
const sent = await room.settled(room.send("Hello").id);
const shown: readonly Entry[] = room.getSnapshot().messages;
const { rooms } = await connection.chat.channel.request("room:mine", {});
const refused: unknown = await connection.chat.channel
  .request("member:mute", { room: "lobby", user: "bob" })
  .catch((error: unknown) => error);
// @ts-expect-error: there is no such request
connection.chat.channel.request("room:paint", {}).catch(() => {});
connection.close();
console.log(sent.state, Array.isArray(shown), rooms.length, refused instanceof RequestError && refused.code);
`;

describe("the package", function () {
  this.timeout(60_000);
  let project: string;

  before(async () => {
    project = await mkdtemp(join(tmpdir(), "carillon-user-"));
    const installed = join(project, "node_modules/carillon");
    await mkdir(installed, { recursive: true });
    await cp(join(ROOT, "package.json"), join(installed, "package.json"));
    await run(ROOT, TSC, "-p", ROOT, "--outDir", join(installed, "dist"));
    for (const name of [
      "socket.io-client",
      "@socket.io",
      "engine.io-client",
      "engine.io-parser",
      "socket.io-parser",
      "zod",
    ])
      await symlink(join(ROOT, "node_modules", name), join(project, "node_modules", name));
    await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
    // No more of the platform than every one of them has.
    await writeFile(
      join(project, "platform.d.ts"),
      "declare const console: { log(...told: unknown[]): void };\ndeclare const process: { argv: string[] };\n",
    );
    await writeFile(join(project, "program.ts"), PROGRAM);
  });
  after(() => rm(project, { recursive: true, force: true }));

  for (const [resolution, module] of [
    ["nodenext", "nodenext"],
    ["bundler", "esnext"],
  ] as const) {
    it(`compiles without the DOM's types where modules are resolved as by ${resolution}`, async () => {
      const options = ["--module", module, "--moduleResolution", resolution, "--target", "es2023", "--lib", "es2023"];
      const files = ["program.ts", "platform.d.ts"];
      await run(
        project,
        TSC,
        "--strict",
        "--exactOptionalPropertyTypes",
        "--skipLibCheck",
        "--types",
        "",
        ...options,
        ...files,
      );
    });
  }

  it("runs in plain Node as carillon/client, and ends by itself", async () => {
    await using server = await startServer();
    const output = await run(project, "program.js", server.url, await server.token("ann"));
    expect(output.trim()).to.equal("sent true 1 forbidden");
  });
});
