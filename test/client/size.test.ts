import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { build, type Rolldown } from "vite";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ENTRY = "\0what a page imports";

/** What a page has to load for `code`, as the web app is built: bytes of it, minified and gzipped, and the files that it is made of. */
async function bundled(code: string): Promise<{ gzipped: number; modules: string[] }> {
  const built = (await build({
    configFile: false,
    root: ROOT,
    logLevel: "error",
    build: { write: false, modulePreload: false, rollupOptions: { input: "entry", preserveEntrySignatures: "strict" } },
    plugins: [
      {
        name: "entry",
        enforce: "pre",
        resolveId: (id) => (id === "entry" ? ENTRY : undefined),
        load: (id) => (id === ENTRY ? code : undefined),
      },
    ],
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter((file) => file.type === "chunk");
  return {
    gzipped: chunks.reduce((sum, chunk) => sum + gzipSync(chunk.code, { level: 9 }).length, 0),
    modules: chunks
      .flatMap((chunk) => Object.entries(chunk.modules))
      .flatMap(([id, { renderedLength }]) =>
        renderedLength > 0 && !id.startsWith("\0") ? [id.replace(ROOT, "")] : [],
      ),
  };
}

/** A page that imports these from the client. */
const importing = (names: string) => `export { ${names} } from ${JSON.stringify(`${ROOT}client/index.ts`)};`;

/** What `follow` is made of. */
const FOLLOW = ["client/ask.ts", "client/clock.ts", "client/chat/follow.ts"];

const packageOf = (module: string) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1];
const isOurs = (module: string) => packageOf(module) === undefined;

describe("the client's bundle", function () {
  this.timeout(30_000);

  it("is below 20 KB, minified and gzipped, with the stock client in it: no other package, no code of the server, and no part that one adds", async () => {
    const { gzipped, modules } = await bundled(importing("connect"));
    expect(modules.filter((module) => isOurs(module) && !module.startsWith("client/"))).to.deep.equal([]);
    expect([...new Set(modules.flatMap((module) => packageOf(module) ?? []))]).to.have.members([
      "@socket.io/component-emitter",
      "engine.io-client",
      "engine.io-parser",
      "socket.io-client",
      "socket.io-parser",
    ]);
    expect(modules.filter((module) => /^client\/(monitor|notify)\//.test(module))).to.deep.equal([]);
    // Of which the stock client is 12,751.
    expect(gzipped).to.be.below(20_000);
  });

  it("is 1.1 KB more for whoever imports notify as well, 0.9 KB for the monitor, and neither brings anything else along", async () => {
    const alone = await bundled(importing("connect"));
    const added = async (names: string) => {
      const { gzipped, modules } = await bundled(importing(`connect, ${names}`));
      return { gzipped, own: modules.filter((module) => !alone.modules.includes(module)) };
    };
    const notify = await added("notify");
    expect(notify.own).to.have.members(["client/notify/index.ts", "client/notify/inbox.ts"]);
    expect(notify.gzipped).to.be.below(20_700);
    const monitor = await added("monitor");
    expect(monitor.own).to.have.members(["client/monitor/index.ts", "client/monitor/hosts.ts"]);
    expect(monitor.gzipped).to.be.below(20_500);
    const both = await added("notify, monitor");
    expect(both.own).to.have.members([...notify.own, ...monitor.own]);
    expect(both.gzipped).to.be.below(21_500);
  });

  it("is about 1 KB for whoever has a socket and imports follow alone", async () => {
    const { gzipped, modules } = await bundled(
      `export { follow } from ${JSON.stringify(`${ROOT}client/chat/follow.ts`)};`,
    );
    expect(modules).to.have.members(FOLLOW);
    expect(gzipped).to.be.below(1_100);
    const whole = await bundled(importing("follow"));
    expect(whole.modules.filter(isOurs)).to.have.members(FOLLOW);
  });
});
