import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { paced } from "./paced.ts";
import { BOOT_ID } from "./session-id.ts";

/** Of `sockaddr_un`, without the NUL at its end. */
const MAX_PATH_BYTES = process.platform === "linux" ? 107 : 103;

const REFRESH_MS = 100;

const SUFFIX = ".sock";

/** The folder in which the workers of this host leave their sockets. */
export interface Directory {
  /** Where a worker's socket is, or would be. */
  socketOf(worker: string): string;
  /** Whether a worker's socket was there when we last looked. Asks nobody. */
  has(worker: string): boolean;
  /** Looks again, at most every 100 ms; resolves with the first look that began after it was asked for. */
  refresh(): Promise<void>;
  /** Where to listen before `publish` gives the socket its name: under that, it always has somebody behind it. */
  readonly draft: string;
  publish(): Promise<void>;
  /** Whether somebody listens; a socket that was left behind is removed. */
  isAlive(worker: string): Promise<boolean>;
  /** Removes a worker's socket. */
  remove(worker: string): Promise<void>;
}

/**
 * Makes the folder where there is none, and removes what killed workers have left.
 * @throws Error where anybody else may look into it, or its path is too long for a socket
 */
export async function openDirectory(path: string, worker: string, clock: Clock): Promise<Directory> {
  const socketOf = (owner: string) => join(path, owner + SUFFIX);
  const draft = join(path, `${worker}.new`);
  requireShort(socketOf(worker));
  await mkdir(path, { recursive: true, mode: 0o700 });
  await requirePrivate(path);
  let workers: ReadonlySet<string> = new Set();

  const look = async () => {
    const names = await readdir(path).catch((): string[] => []);
    const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    workers = new Set(ids.filter((id) => BOOT_ID.test(id)));
  };
  const remove = async (owner: string) => {
    workers = new Set([...workers].filter((id) => id !== owner));
    // One that cannot be removed is in nobody's way.
    await rm(socketOf(owner), { force: true }).catch(() => {});
  };
  const directory: Directory = {
    draft,
    socketOf,
    has: (owner) => workers.has(owner),
    refresh: paced(look, REFRESH_MS, clock),
    publish: () => rename(draft, socketOf(worker)),
    remove,
    async isAlive(owner) {
      const alive = await hasListener(socketOf(owner));
      if (!alive) await remove(owner);
      return alive;
    },
  };
  await look();
  await Promise.all([...workers].map((owner) => directory.isAlive(owner)));
  return directory;
}

/** Only nobody at all is a no: a worker that is too busy to accept is alive. */
function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED" && code !== "ENOENT"));
  });
}

function requireShort(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES)
    throw new Error(`${path} is too long for a socket: ${bytes} bytes, ${MAX_PATH_BYTES} at most`);
}

/** Whoever may write into it could take the place of a worker; whoever may read it could take over every session. */
async function requirePrivate(path: string): Promise<void> {
  // Of the link itself: somebody else's could lead elsewhere a moment later.
  const { mode, uid } = await lstat(path).then((stats) => {
    if (!stats.isDirectory()) throw new Error(`${path} is not a directory`);
    return stats;
  });
  if (process.getuid && uid !== process.getuid()) throw new Error(`${path} belongs to somebody else (uid ${uid})`);
  if ((mode & 0o077) !== 0)
    throw new Error(`${path} is open to others (mode ${(mode & 0o777).toString(8)}): chmod 700 it`);
}
