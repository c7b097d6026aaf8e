import { expect } from "chai";
import type { Browser } from "playwright-core";
import { launchBrowser, PATIENCE_MS, Visitor } from "../kit/browser.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";

describe("Chat in the web app", () => {
  let browser: Browser;

  before(async function () {
    this.timeout(60_000);
    browser = await launchBrowser();
  });

  after(() => browser.close());

  const come = async (server: TestServer, name: string) =>
    (await Visitor.open(browser, `${server.url}/#/chat/lobby`)).asGuest(name);

  it("lets two guests talk, and shows who is here and who types", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await come(server, "Ann");
    await using bob = await come(server, "Bob");
    const members = bob.page.getByRole("complementary", { name: "Members" });
    await eventually(async () => expect(await members.innerText()).to.match(/Ann[^]*Bob/), PATIENCE_MS);

    await ann.composer.pressSequentially("hello");
    await bob.page.getByText("Ann is typing").waitFor();
    await ann.page.keyboard.press("Enter");
    await bob.reads("hello");
    await bob.page.getByText("Ann is typing").waitFor({ state: "hidden" });
    await bob.say("hello yourself");
    await ann.reads("hello", "hello yourself");
    expect([ann.problems, bob.problems]).to.deep.equal([[], []]);
  });

  it("shows edits and deletions in their places", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await come(server, "Ann");
    const bot = await server.connect("/chat", "bot", { name: "Bot" });
    await using _ = bot;
    const { seq: first } = await bot.request("message:send", { id: "message-1", room: "lobby", text: "frist" });
    const { seq: second } = await bot.request("message:send", { id: "message-2", room: "lobby", text: "oops" });
    await ann.reads("frist", "oops");
    await bot.request("message:edit", { id: "edit-0001", room: "lobby", target: first, text: "first" });
    await bot.request("message:delete", { id: "delete-01", room: "lobby", target: second });
    await ann.reads("first", "Message deleted");
    await ann.log.getByText("edited").waitFor();
  });

  it("shows names and texts as the text that they are: markup, right to left, zero width, combining", async () => {
    await using server = await startServer({ guests: true });
    const name = `<img src=x onerror="document.title='owned'"> ‮ann`;
    const texts = [
      `<script>document.title = "owned"</script><b>bold</b>`,
      "‮reversed‬ and שלום עולם",
      "zero​width‍joined﻿",
      `combining ${"e" + "́̂̃".repeat(40)}`,
      "javascript:alert(1) https://example.org/<b>",
      "x".repeat(3000),
    ];
    for (const [index, text] of texts.entries())
      await server.call("POST", "/api/rooms/lobby/messages", {
        id: `strange-${index}`,
        text,
        from: { id: "x<b>", name },
      });
    await using ann = await come(server, "Ann");
    await ann.reads(...texts);
    expect(await ann.log.locator("img, script, b, [onerror]").count()).to.equal(0);
    expect(await ann.page.title()).to.not.contain("owned");
    expect(await ann.log.locator(`a[href^="javascript"]`).count()).to.equal(0);
    const overflow = await ann.page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow, "wider than the window").to.be.at.most(0);
    expect(ann.problems).to.deep.equal([]);
  });

  it("keeps an unsent message over a reload, and sends it once", async () => {
    await using server = await startServer({ guests: true });
    await using ann = await come(server, "Ann");
    await ann.say("before");
    await ann.reads("before");
    await ann.setOffline(true);
    cut(server);
    await ann.say("kept");
    await ann.log.getByText("Pending").waitFor();
    // Its page is gone, and comes again when there is a network.
    await ann.page.reload().catch(() => {});
    await ann.setOffline(false);
    await ann.page.goto(`${server.url}/#/chat/lobby`);
    await ann.reads("before", "kept");
    await ann.log.getByText("Pending").waitFor({ state: "detached" });
    const { body } = await server.call("GET", "/api/rooms/lobby/messages");
    expect(body.data.entries.map(({ text }: { text: string }) => text)).to.deep.equal(["before", "kept"]);
  });

  it("scrolls back through 10,000 messages to the oldest, with few of them in the document", async function () {
    this.timeout(60_000);
    const count = 10_000;
    await using server = await startServer({ guests: true, historySize: count + 100 });
    const bot = await server.connect("/chat", "bot", { name: "Bot" });
    await using _ = bot;
    const batch = 500;
    for (let sent = 0; sent < count; sent += batch)
      await Promise.all(
        Array.from({ length: batch }, (_item, place) =>
          bot.request("message:send", {
            id: `message-${sent + place}`,
            room: "lobby",
            text: `message ${sent + place} ${"word ".repeat((sent + place) % 40)}`,
          }),
        ),
      );
    await using ann = await come(server, "Ann");
    const isAtNewest = async () => (await ann.texts()).at(-1)?.startsWith("message 9999 ");
    // All of it is new to Ann, who may begin further up.
    await eventually(async () => {
      await ann.log.evaluate((log) => (log.scrollTop = log.scrollHeight));
      return isAtNewest();
    }, PATIENCE_MS);
    const most = await scrollToTop(ann);
    expect(await ann.texts()).to.satisfy((texts: string[]) => texts[0]?.startsWith("message 0 "));
    expect(most, "in the document at once").to.be.at.most(300);
    // Rows that were never drawn, and turn out to be higher or lower than they were thought to be.
    for (let place = 0; place < 60; place++) {
      const text = `late ${place} ${"word\n".repeat(place % 9)}${"word ".repeat(place * 3)}`;
      await bot.request("message:send", { id: `late-message-${place}`, room: "lobby", text });
    }
    await ann.page.getByRole("button", { name: "Jump to newest" }).click();
    await eventually(async () => (await ann.texts()).at(-1)?.startsWith("late 59 "), PATIENCE_MS);
    const left = () => ann.log.evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop);
    await eventually(async () => (await left()) < 2, PATIENCE_MS);
    expect(ann.problems).to.deep.equal([]);
  });

  it("is of use without a mouse: sign in, join a room, write, open the notifications", async () => {
    await using server = await startServer({ guests: true });
    const bob = await server.connect("/chat", "bob", { name: "Bob" });
    await using _ = bob;
    await bob.request("room:join", { room: "library" });
    await using ann = await Visitor.open(browser, server.url);
    const { keyboard } = ann.page;
    await tabTo(ann, "Your name");
    await keyboard.type("Ann");
    await keyboard.press("Enter");
    await ann.page.getByRole("navigation", { name: "Views" }).waitFor();
    await tabTo(ann, "Join a room");
    await keyboard.press("Enter");
    await ann.page.getByRole("dialog", { name: "Join a room" }).getByText("library").waitFor();
    await tabTo(ann, "library 1 here");
    await keyboard.press("Enter");
    await ann.composer.waitFor();
    await tabTo(ann, "Message");
    await keyboard.type("written by keys");
    await keyboard.press("Enter");
    await ann.reads("written by keys");
    await tabTo(ann, "Notifications");
    await keyboard.press("Enter");
    await ann.page.getByRole("heading", { name: "Notifications" }).waitFor();
  });
});

/** Ends every connection there is, as a network does. */
function cut(server: TestServer): void {
  for (const { conn } of server.carillon.chat?.sockets.values() ?? []) conn.close();
}

/** Scrolls as somebody does who wants to see the beginning. @returns how many messages were in the document at most */
async function scrollToTop(visitor: Visitor): Promise<number> {
  let most = 0;
  await eventually(async () => {
    most = Math.max(most, await visitor.log.getByRole("article").count());
    await visitor.log.evaluate((log) => (log.scrollTop = 0));
    return (await visitor.texts())[0]?.startsWith("message 0 ");
  }, 45_000);
  return most;
}

/** Presses Tab until what has this name has the focus. */
async function tabTo(visitor: Visitor, name: string): Promise<void> {
  const { page } = visitor;
  const seen: string[] = [];
  for (let left = 60; left > 0; left--) {
    const focused = page.locator(":focus");
    if ((await focused.count()) > 0) {
      const here = await nameOf(visitor);
      seen.push(here);
      if (here === name) return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab leads to ${seen.join(", ")}, and not to ${name}`);
}

/** The accessible name of what has the focus. */
async function nameOf({ page }: Visitor): Promise<string> {
  const snapshot = await page.locator(":focus").ariaSnapshot();
  return /"((?:[^"\\]|\\.)*)"/.exec(snapshot)?.[1] ?? snapshot;
}
