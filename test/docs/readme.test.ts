import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { startServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const ROOT = new URL("../../", import.meta.url);

/** The JavaScript block of the README that holds `text`. */
function sample(text: string): string {
  const blocks = [...README.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code ?? "");
  const found = blocks.find((code) => code.includes(text));
  if (found === undefined) throw new Error(`No sample with ${text} in the README`);
  return found;
}

/** Runs a sample as a process of its own, against this server. */
function run(code: string, url: string) {
  const text = code.replace("http://localhost:3000", url);
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  return {
    output: () => output,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    },
  };
}

describe("the README", () => {
  it("shows a client that works, and that goes on where it was after a cut", async () => {
    await using server = await startServer({ guests: true });
    await using client = run(sample("room:join"), server.url);
    await using bob = await server.connect("/chat", "bob", { name: "Bob" });
    await eventually(() => client.output().includes("Ann: Hello"));
    await bob.request("room:join", { room: "lobby" });
    await bob.request("message:send", { id: "before-the-cut", room: "lobby", text: "before" });
    await eventually(() => client.output().includes("Bob: before"));
    for (const socket of server.carillon.chat?.sockets.values() ?? [])
      if (socket.data.session.user.name === "Ann") socket.conn.close();
    await bob.request("message:send", { id: "during-the-cut", room: "lobby", text: "meanwhile" });
    await eventually(() => client.output().includes("Bob: meanwhile"));
    await bob.request("message:send", { id: "after-the-cut", room: "lobby", text: "after" });
    await eventually(() => client.output().includes("Bob: after"));
    expect(client.output().match(/Bob: \w+/g)).to.deep.equal(["Bob: before", "Bob: meanwhile", "Bob: after"]);
    expect(client.output().match(/Ann: Hello/g)).to.have.lengthOf(1);
  });

  it("names a test that is there for every guarantee", () => {
    requireTests(README.slice(README.indexOf("## What is guaranteed"), README.indexOf("## What it costs")), ROOT);
  });
});

describe("the guarantees", () => {
  it("name a test that is there, each", () => {
    const url = new URL("docs/guarantees.md", ROOT);
    requireTests(readFileSync(url, "utf8"), url);
  });
});

/** Every row of a table of guarantees ends with a link to a test, by its title. */
function requireTests(text: string, base: URL): void {
  const rows = text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| -") && line.endsWith("|"));
  const tests = [...text.matchAll(/\[([^\]]+)\]\(((?:\.\.\/)?test\/[^)]+)\) *\|$/gm)];
  expect(tests.length).to.be.greaterThan(10);
  for (const [, title, file] of tests) {
    const source = readFileSync(new URL(file ?? "", base), "utf8");
    expect(source.includes(title ?? "?"), `${file}: ${title}`).to.equal(true);
  }
  const headings = text.split("\n").filter((line) => /^\| -+/.test(line)).length;
  expect(tests.length, "rows without a test").to.equal(rows.length - headings);
}
