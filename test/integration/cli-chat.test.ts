import { expect } from "chai";
import { startCli } from "../kit/cli.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

describe("carillon chat", () => {
  it("carries lines from one process to another, and tells who comes and goes", async () => {
    await using server = await startServer({ guests: true });
    using ann = startCli(["chat", server.url, "lobby", "--name", "Ann"]);
    expect(await ann.line(/^-- lobby: /)).to.equal("-- lobby: 1 here (Ann)");
    using bob = startCli(["chat", server.url, "lobby", "--name", "Bob"]);
    await bob.line(/^-- lobby: 2 here/);
    await ann.line(/^-- Bob joined$/);

    ann.type("hello");
    expect(await bob.line(/Ann: hello/)).to.match(/^\d\d:\d\d Ann: hello$/);
    bob.type("hello yourself");
    await ann.line(/^\d\d:\d\d Bob: hello yourself$/);

    bob.type("/quit");
    expect(await bob.exited).to.equal(0);
    expect(bob.lines).to.not.include("-- Ann joined");
    ann.endInput();
    expect(await ann.exited).to.equal(0);
    expect(ann.lines.filter((line) => line.includes(": hello"))).to.have.lengthOf(2);
  });

  it("sends all of its input before it ends, in the order in which it was written", async () => {
    await using server = await startServer({ guests: true });
    using ann = startCli(["chat", server.url, "lobby", "--name", "Ann"]);
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    for (const line of lines) ann.type(line);
    ann.endInput();
    expect(await ann.exited).to.equal(0);
    expect(await textsIn(server)).to.deep.equal(lines);
  });

  it("shows what was missed while the connection was gone, and what was written meanwhile is sent once", async () => {
    await using server = await startServer({ guests: true });
    using ann = startCli(["chat", server.url, "lobby", "--name", "Ann"]);
    await ann.line(/^-- lobby/);
    ann.type("before");
    await ann.line(/: before$/);

    cutConnections(server);
    ann.type("meanwhile");
    await say(server, "missed");
    await ann.line(/^-- connected again$/);
    await ann.line(/Service: missed$/);
    await ann.line(/Ann: meanwhile$/);
    await say(server, "after");
    await ann.line(/Service: after$/);

    const said = ann.lines.filter((line) => /^\d\d:\d\d /.test(line)).map((line) => line.replace(/^.*: /, ""));
    expect(said.toSorted()).to.deep.equal(["after", "before", "meanwhile", "missed"]);
    expect(said).to.deep.equal(await textsIn(server));
  });

  it("says what could not be sent and why, and ends with 1", async () => {
    await using server = await startServer({ guests: true });
    using ann = startCli(["chat", server.url, "lobby", "--name", "Ann"]);
    await ann.line(/^-- lobby/);
    ann.type("x".repeat(4001));
    expect(await ann.line(/^! not sent/)).to.match(/^! not sent \(bad_request: .+\): x+$/);
    ann.endInput();
    expect(await ann.exited).to.equal(1);
  });

  it("ends with 1 where the server will not have it", async () => {
    await using server = await startServer({ roomAccess: "closed" });
    const token = await server.token("ann");
    const refusals: [args: string[], said: RegExp][] = [
      [["chat", server.url, "lobby"], /^! .*not_found: /],
      [["chat", server.url, "lobby", "--token", "made up"], /^! unauthorized: /],
      [["chat", server.url, "lobby", "--token", token], /^! lobby: forbidden: /],
    ];
    for (const [args, said] of refusals) {
      using cli = startCli(args);
      await cli.line(said);
      expect(await cli.exited).to.equal(1);
    }
  });

  it("ends with 1 when the user's sessions are revoked", async () => {
    await using server = await startServer();
    using ann = startCli(["chat", server.url, "lobby", "--token", await server.token("ann")]);
    await ann.line(/^-- lobby/);
    await server.carillon.revoke("ann");
    await ann.line(/^-- connection closed \(unauthorized: /);
    expect(await ann.exited).to.equal(1);
  });

  it("lets nobody else's text steer the terminal or pass for another line", async () => {
    await using server = await startServer({ guests: true });
    using ann = startCli(["chat", server.url, "lobby", "--name", "Ann"]);
    await ann.line(/^-- lobby/);
    await say(server, "\u001b[2Jgone\n12:00 Bob: forged");
    await ann.line(/^ +12:00 Bob: forged$/);
    expect(await ann.line(/gone/)).to.match(/Service: \u{fffd}\[2Jgone$/u);
  });
});

function cutConnections({ carillon }: TestServer): void {
  for (const { conn } of carillon.chat?.sockets.values() ?? []) conn.close();
}

async function say(server: TestServer, text: string): Promise<void> {
  const { status } = await server.call("POST", "/api/rooms/lobby/messages", { id: crypto.randomUUID(), text });
  expect(status).to.equal(201);
}

async function textsIn(server: TestServer): Promise<string[]> {
  const { body } = await eventually(() => server.call("GET", "/api/rooms/lobby/messages"));
  return (body.data.entries as { text: string }[]).map(({ text }) => text);
}
