import { link, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/**
 * The secret that the workers of this host share, made by the first of them. It is written and on disk before it gets its name, so
 * that nobody reads half of it, however many start at once or fall over while they do.
 * @throws Error where the file holds something else
 */
export async function sharedSecret(directory: string, worker: string): Promise<Buffer> {
  const path = join(directory, "secret");
  const there = await read(path);
  if (there) return there;
  const draft = join(directory, `secret.${worker}`);
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(randomBytes(SECRET_BYTES));
    await file.sync();
    // Unlike `rename` it never replaces what another worker has put there meanwhile.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
  const made = await read(path);
  if (!made) throw new Error(`${path} is gone again`);
  return made;
}

async function read(path: string): Promise<Buffer | undefined> {
  const secret = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (secret && secret.length !== SECRET_BYTES)
    throw new Error(`${path} is not a secret of ${SECRET_BYTES} bytes: remove it while no worker runs`);
  return secret;
}
