import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { eventually } from "./wait.ts";

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

/** The Chromium of the system, without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
}

export type View = "Chat" | "Notifications" | "Monitor";

/** Somebody at a browser window of his own, or at one of several tabs. */
export class Visitor implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: scripts that failed, and whatever the page's security policy blocked. */
  readonly problems: string[] = [];
  /** Whatever was fetched, in order. */
  readonly fetched: string[] = [];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && this.problems.push(message.text()));
    page.on("request", (request) => this.fetched.push(request.url()));
  }

  /** Opens the page in a window. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
      ...options,
    });
    const visitor = new Visitor(context, await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  get log() {
    return this.page.getByRole("log", { name: "Messages" });
  }

  get composer() {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  async asGuest(name: string): Promise<this> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Enter" }).click();
    return this.#isIn();
  }

  async withToken(token: string): Promise<this> {
    await this.page.getByLabel("Token", { exact: true }).fill(token);
    await this.page.getByLabel("Stay signed in").check();
    await this.page.getByRole("button", { name: "Sign in" }).click();
    return this.#isIn();
  }

  async #isIn(): Promise<this> {
    await this.page.getByRole("navigation", { name: "Views" }).waitFor();
    return this;
  }

  async go(view: View): Promise<void> {
    await this.page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
  }

  async enter(room: string): Promise<this> {
    await this.page.evaluate(`location.hash = "#/chat/${encodeURIComponent(room)}"`);
    await this.composer.waitFor();
    return this;
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.getByRole("button", { name: "Send", exact: true }).click();
  }

  /** The texts of all messages that are in the document, from the top. */
  texts(): Promise<string[]> {
    return this.log.locator(".message-text").allTextContents();
  }

  /** Waits until they are these. */
  async reads(...texts: readonly string[]): Promise<void> {
    await eventually(async () => same(await this.texts(), texts), PATIENCE_MS);
  }

  async setOffline(isOffline: boolean): Promise<void> {
    await this.#context.setOffline(isOffline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/** A stock client waits for up to 5 s between two tries, and a page is slow beside others. */
export const PATIENCE_MS = 15_000;

function same(found: readonly string[], wanted: readonly string[]): true {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return true;
  throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}
