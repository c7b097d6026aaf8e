import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthenticator } from "../../src/auth/token.ts";
import { systemClock } from "../../src/clock.ts";
import { startCli } from "../kit/cli.ts";

const secret = "a secret that nobody else knows of";

describe("carillon token", () => {
  it("prints a token, and nothing else, that the server takes with just these rights", async () => {
    using cli = startCli(
      ["token", "--sub", "ann", "--name", "Ann", "--role", "moderator", "--role", "monitor", "--room", "team-*"],
      { JWT_SECRET: secret },
    );
    expect(await cli.exited, cli.complaints()).to.equal(0);
    expect(cli.lines).to.have.lengthOf(1);
    const { user, expiresAt = 0 } = await authenticate(cli.lines[0]);
    expect(user).to.deep.equal({ id: "ann", name: "Ann", roles: ["moderator", "monitor"], rooms: ["team-*"] });
    expect(expiresAt - Date.now()).to.be.within(3_500_000, 3_600_000);
  });

  it("reads the secret from a file, and the issuer and the audience that the server checks", async () => {
    const folder = mkdtempSync(join(tmpdir(), "carillon-"));
    try {
      const path = join(folder, "secret");
      writeFileSync(path, `${secret}\n`);
      const env = { JWT_SECRET_FILE: path, JWT_ISSUER: "house", JWT_AUDIENCE: "carillon" };
      using cli = startCli(["token", "--sub", "bob", "--ttl", "60"], env);
      expect(await cli.exited, cli.complaints()).to.equal(0);
      const { user, expiresAt = 0 } = await authenticate(cli.lines[0], { issuer: "house", audience: "carillon" });
      expect(user).to.deep.equal({ id: "bob", name: "bob", roles: [], rooms: [] });
      expect(expiresAt - Date.now()).to.be.within(0, 60_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says on stderr what is missing or wrong, and fails", async () => {
    const refusals: [args: string[], env: Record<string, string>, complaint: string][] = [
      [["--sub", "ann"], {}, "JWT_SECRET"],
      [["--sub", "ann"], { JWT_SECRET: "short" }, "at least 32 characters"],
      [["--sub", "white space"], { JWT_SECRET: secret }, "sub"],
      [["--sub", "ann", "--role", "boss"], { JWT_SECRET: secret }, "moderator, monitor, service"],
      [["--sub", "ann", "--ttl", "soon"], { JWT_SECRET: secret }, "whole number of seconds"],
      [[], { JWT_SECRET: secret }, "--sub"],
    ];
    await Promise.all(
      refusals.map(async ([args, env, complaint]) => {
        using cli = startCli(["token", ...args], env);
        expect(await cli.exited).to.equal(1);
        expect(cli.complaints()).to.include(complaint);
        expect(cli.lines).to.deep.equal([]);
      }),
    );
  });
});

function authenticate(token: string | undefined, checks: { issuer?: string; audience?: string } = {}) {
  return createAuthenticator({ secret, clock: systemClock, ...checks }).authenticate(token);
}
