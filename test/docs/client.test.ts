import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import { parseAst } from "vite";
import { type Connection, notify, type Room } from "../../client/index.ts";
import { open } from "../client/connection.ts";
import { listening } from "../kit/http.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDE = readFileSync(join(ROOT, "docs/client.md"), "utf8");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

const samples = (language: string, text = GUIDE): string[] =>
  [...text.matchAll(new RegExp("```" + language + "\\n(.*?)```", "gs"))].map(([, code]) => code ?? "");

/** What a sample finds there: what the guide has spoken of before it. */
interface Given {
  readonly connection?: Connection;
  readonly room?: Room;
  readonly token?: string;
}

interface Ended {
  close(): void;
}

/** A connection with a room, as after the first minute. */
async function enter(server: TestServer, claims: Parameters<TestServer["token"]>[1] = {}) {
  const connection = open({ url: server.url, token: await server.token("ann", { name: "Ann", ...claims }) });
  const room = connection.chat.join("lobby");
  await eventually(() => room.getSnapshot().status === "live");
  return { connection, room, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
}

const say = async (server: TestServer, text: string) => {
  await using bob = await server.connect("/chat", "bob", { name: "Bob" });
  await bob.request("message:send", { id: crypto.randomUUID(), room: "lobby", text });
};

describe("the guide to the client", () => {
  let folder: string;
  const tried = new Set<string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "carillon-guide-"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Begins to run the sample that holds `text`, against this server. @returns what it has printed so far, and what it has opened */
  async function run(text: string, { url }: { url: string }, given: Given = {}, tokens = "") {
    const sample = [...samples("js"), ...samples("js", README)].find((code) => code.includes(text));
    if (sample === undefined) throw new Error(`No sample with ${text}`);
    tried.add(sample);
    const [imports = "", body = ""] = [/^import .*$/gm, /^(?!import ).*$/gm].map((lines) =>
      sample.match(lines)?.join("\n"),
    );
    const program = `${imports}
      export async function run({ connection, room, token }, console, opened) {
        { ${body}
          opened.push({ close: () => typeof socket === "undefined" ? connection.close() : socket.close() });
        }
      }`;
    const file = join(folder, `sample-${tried.size}.js`);
    const client = pathToFileURL(join(ROOT, "client/index.ts")).href;
    await writeFile(
      file,
      program
        .replaceAll('"carillon/client"', JSON.stringify(client))
        .replaceAll("http://localhost:3000/my/token", tokens)
        .replaceAll("http://localhost:3000", url),
    );
    const printed: string[] = [];
    const opened: Ended[] = [];
    const console = { log: (...told: unknown[]) => void printed.push(told.join(" ")) };
    const { run: begin } = (await import(pathToFileURL(file).href)) as {
      run: (given: Given, console: object, opened: Ended[]) => Promise<void>;
    };
    const ended = begin(given, console, opened);
    return {
      printed,
      ended,
      async [Symbol.asyncDispose]() {
        await ended;
        for (const { close } of opened) close();
      },
    };
  }

  it("begins with a client that works", async () => {
    await using server = await startServer({ guests: true });
    await say(server, "Early");
    await using sample = await run("asGuest", server);
    await eventually(() => sample.printed.includes("Ann: Hello"));
    await say(server, "Hello, Ann");
    await eventually(() => sample.printed.includes("Bob: Hello, Ann"));
    expect(sample.printed[0]).to.equal("Bob: Early");
    expect(sample.printed.filter((line) => line === "Ann: Hello")).to.have.lengthOf(1);
  });

  it("is begun by the README", async () => {
    await using server = await startServer({ guests: true });
    await say(server, "Early");
    await using sample = await run("room.getSnapshot().messages", server);
    await eventually(() => sample.printed.at(-1) === "Early,Hello");
  });

  it("gets a token from wherever one's own come from", async () => {
    await using server = await startServer();
    const token = await server.token("ann", { name: "Ann" });
    const tokens = createServer((_request, response) => void response.end(JSON.stringify({ token })));
    await using mine = await listening(tokens);
    await using sample = await run("const token = async", server, {}, mine.url);
    await eventually(() => sample.printed.includes("open Ann"));
  });

  it("reads a room with for await", async () => {
    await using server = await startServer();
    await using person = await enter(server);
    await using sample = await run("for await (const change of room)", server, person);
    await say(server, "One");
    await say(server, "Bye");
    await sample.ended;
    expect(sample.printed).to.deep.equal(["Bob: One", "Bob: Bye"]);
  });

  it("shows a view that React can take", () => {
    const [view = ""] = samples("jsx");
    expect(parseAst(view, { lang: "jsx" }).body).to.have.lengthOf(2);
    expect(samples("jsx")).to.have.lengthOf(1);
  });

  it("sends, and hears how it went", async () => {
    await using server = await startServer();
    await using person = await enter(server);
    await using sample = await run("room.settled(id)", server, person);
    await sample.ended;
    expect(sample.printed).to.deep.equal(["sent "]);
  });

  it("tells an error by its code", async () => {
    await using server = await startServer();
    await using person = await enter(server);
    await using sample = await run("instanceof RequestError", server, person);
    await sample.ended;
    expect(sample.printed).to.deep.equal(["forbidden false"]);
  });

  it("hears notifications", async () => {
    await using server = await startServer();
    await using person = await enter(server);
    await using sample = await run("inbox.listen", server, person);
    await sample.ended;
    await eventually(() => person.connection.use(notify).getSnapshot().status === "live");
    await server.carillon.publish(["ann"], { title: "It is on its way", level: "success" });
    await eventually(() => sample.printed.includes("1 of 1 unread"));
    expect(sample.printed).to.include("success It is on its way");
  });

  it("watches hosts", async () => {
    await using server = await startServer();
    await using person = await enter(server, { roles: ["monitor"] });
    await using sample = await run("use(monitor).watch()", server, person);
    await sample.ended;
    expect(sample.printed[0]).to.match(/: [\d.]+ %, 1 worker/);
  });

  it("makes any request", async () => {
    await using server = await startServer();
    await using person = await enter(server);
    await using sample = await run("room:members", server, person);
    await sample.ended;
    expect(sample.printed).to.deep.equal(["Ann"]);
  });

  it("follows a room over a stock socket", async () => {
    await using server = await startServer();
    await using sample = await run("follow(socket", server, { token: await server.token("ann") });
    await eventually(() => sample.printed.includes("joined 0"));
    await say(server, "Hello");
    await eventually(() => sample.printed.includes("1 sent Hello"));
  });

  it("has no other sample than these, and links to what is there", () => {
    expect(samples("js").filter((code) => !tried.has(code))).to.deep.equal([]);
    for (const [, file = "", anchor] of GUIDE.matchAll(/\]\(([\w.-]*)(?:#([\w-]+))?\)/g)) {
      const text = file === "" ? GUIDE : readFileSync(join(ROOT, "docs", file), "utf8");
      const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      if (anchor !== undefined) expect(anchors, `${file}#${anchor}`).to.include(anchor);
    }
  });
});
