import { expect } from "chai";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

// Nothing of it may reach out of this machine.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describe("The web page", () => {
  let browser: Browser;

  before(async function () {
    this.timeout(60_000);
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  });

  after(() => browser.close());

  it("lets two guests talk, shows who is here and who types, and breaks no rule of its own security policy", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await open(browser, server);
    await ann.enter("Ann", "lobby");
    await using bob = await open(browser, server);
    await bob.enter("Bob", "lobby");
    await ann.sees("#names", "Ann\nBob");
    await bob.sees("#names", "Ann\nBob");
    await bob.sees("#count", "2 here");

    await ann.page.getByLabel("Message", { exact: true }).pressSequentially("hello");
    await bob.sees("#typing", "Ann is typing …");
    await ann.page.keyboard.press("Enter");
    await bob.seesMessages(["Ann: hello"]);
    await bob.sees("#typing", "");
    await bob.say("<b>hello</b> yourself");
    await ann.seesMessages(["You: hello", "Bob: <b>hello</b> yourself"]);
    await ann.sees("#pending", "");

    await bob.page.getByRole("button", { name: "Leave" }).click();
    await ann.sees("#count", "1 here");
    expect(ann.problems).to.deep.equal([]);
    expect(bob.problems).to.deep.equal([]);
  });

  it("comes back after a cut: nothing missed, nothing doubled, and what was written meanwhile is sent", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await open(browser, server);
    await ann.enter("Ann", "lobby");
    await ann.say("before");
    await ann.seesMessages(["You: before"]);

    for (const { conn } of server.carillon.chat?.sockets.values() ?? []) conn.close();
    await ann.say("meanwhile");
    const missed = { id: "message-missed", text: "missed", from: { id: "bot", name: "Bot" } };
    await server.call("POST", "/api/rooms/lobby/messages", missed);
    await ann.sees("#state", "connected");
    await eventually(async () => (await ann.messages()).length === 3);
    expect((await ann.messages()).toSorted()).to.deep.equal(["Bot: missed", "You: before", "You: meanwhile"]);
  });

  it("comes in as a new guest where its token is not taken any more", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await open(browser, server);
    await ann.page.evaluate(`sessionStorage.setItem("guest", JSON.stringify({ name: "Ann", token: "outdated" }))`);
    await ann.enter("Ann", "lobby");
    await ann.sees("#names", "Ann");
  });

  it("shows edits and deletions in their places", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await open(browser, server);
    await ann.enter("Ann", "lobby");
    const bot = await server.connect("/chat", "bot", { name: "Bot" });
    await using _ = bot;
    const { seq: first } = await bot.request("message:send", { id: "message-1", room: "lobby", text: "frist" });
    const { seq: second } = await bot.request("message:send", { id: "message-2", room: "lobby", text: "oops" });
    await ann.seesMessages(["Bot: frist", "Bot: oops"]);
    await bot.request("message:edit", { id: "edit-0001", room: "lobby", target: first, text: "first" });
    await bot.request("message:delete", { id: "delete-01", room: "lobby", target: second });
    await ann.seesMessages(["Bot: first (edited)", "Bot: deleted"]);
  });

  it("says so where guests are not let in", async () => {
    await using server = await startServer();
    await using ann = await open(browser, server);
    await ann.enter("Ann", "lobby");
    await eventually(async () => (await ann.page.innerText("#problem")).startsWith("You cannot come in: "));
  });
});

/** One person's browser window. */
class Visitor implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: scripts that failed, and whatever the security policy blocked. */
  readonly problems: string[] = [];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && this.problems.push(message.text()));
  }

  async enter(name: string, room: string): Promise<void> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByLabel("Room").fill(room);
    await this.page.getByRole("button", { name: "Enter" }).click();
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  async messages(): Promise<string[]> {
    const items = await this.page.locator("#messages .message").all();
    return Promise.all(
      items.map(async (item) => {
        const [from, text] = await Promise.all([
          item.locator(".from").textContent(),
          item.locator(".text").textContent(),
        ]);
        return `${from}: ${text}`;
      }),
    );
  }

  async seesMessages(messages: string[]): Promise<void> {
    await eventually(async () => expect(await this.messages()).to.deep.equal(messages));
  }

  async sees(selector: string, text: string, patienceMs?: number): Promise<void> {
    await eventually(async () => expect(await this.page.innerText(selector)).to.equal(text), patienceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

async function open(browser: Browser, { url }: TestServer): Promise<Visitor> {
  const context = await browser.newContext();
  const visitor = new Visitor(context, await context.newPage());
  await visitor.page.goto(url);
  return visitor;
}
