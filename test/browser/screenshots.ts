import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, type View, Visitor } from "../kit/browser.ts";
import { eventually } from "../kit/wait.ts";
import { type Scene, startScene } from "./scene.ts";
import { NOW, ROOM } from "./story.ts";

// Makes the pictures of the README: `npm run screenshots`.

const FOLDER = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));

const SCREENS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { name: "phone", colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const;

const SHOTS: readonly { readonly view: View; ready(visitor: Visitor, scene: Scene): Promise<void> }[] = [
  {
    view: "Chat",
    async ready(visitor, scene) {
      await visitor.enter(ROOM);
      await visitor.log.getByText("I will, and put it").waitFor();
      await scene.type();
      await visitor.page.getByText("are typing").waitFor();
    },
  },
  {
    view: "Notifications",
    async ready({ page }) {
      await page.getByRole("button", { name: /CPU of helsinki-1/ }).waitFor();
    },
  },
  {
    view: "Monitor",
    async ready({ page }) {
      await page.locator("canvas").nth(1).waitFor();
      await eventually(() => page.getByText("Critical").first().isVisible());
    },
  },
];

async function shoot(browser: Browser, scene: Scene, screen: (typeof SCREENS)[number]): Promise<void> {
  const { name, ...options } = screen;
  await using visitor = await Visitor.open(browser, "about:blank", options);
  const { page } = visitor;
  await page.clock.setSystemTime(NOW);
  await page.goto(scene.server.url);
  await visitor.withToken(await scene.token());
  for (const { view, ready } of SHOTS) {
    await visitor.go(view);
    await ready(visitor, scene);
    await settled(page);
    await page.screenshot({
      path: `${FOLDER}${view.toLowerCase()}-${name}.png`,
      animations: "disabled",
      caret: "hide",
    });
    if (view === "Chat") await page.evaluate(`location.hash = "#/chat"`);
  }
  if (visitor.problems.length > 0) throw new Error(visitor.problems.join("\n"));
}

/** Nothing is on its way any more, to the page or in it. */
async function settled(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  let before = "";
  await eventually(async () => {
    const now = (await page.screenshot({ animations: "disabled", caret: "hide" })).toString("base64");
    const isSame = now === before;
    before = now;
    return isSame;
  });
}

await mkdir(FOLDER, { recursive: true });
const browser = await launchBrowser();
try {
  await using scene = await startScene();
  for (const screen of SCREENS) await shoot(browser, scene, screen);
} finally {
  await browser.close();
}
