import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../kit/port.ts";
import { eventually } from "../../kit/wait.ts";
import type { Peer, PeerOptions, RunningPeer } from "../peer.ts";
import { wires } from "../wires/index.ts";
import { hasEnded, HOST, spawnPeer, stop } from "./workers.ts";

/** Where Debian's `libnginx-mod-nchan` puts it. */
const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const READY_MS = 10_000;
/** Of each worker: 15,000 clients and what nginx opens besides. */
const CONNECTIONS = 20_000;

/** Publishers post to `/pub/<room>`; `/sub/<room>,<room>` is a websocket that hears them from then on. */
const configFor = (folder: string, port: number) => `
load_module ${MODULE};
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
${process.getuid?.() === 0 ? "user root;" : "# Who may not change the user is the user."}
events { worker_connections ${CONNECTIONS}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  nchan_shared_memory_size 256M;
  server {
    listen ${HOST}:${port} backlog=4096;
    location ~ ^/pub/(.+)$ {
      nchan_publisher;
      nchan_channel_id $1;
    }
    location ~ ^/sub/(.+)$ {
      nchan_subscriber websocket;
      nchan_channel_id $1;
      nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message newest;
    }
  }
}
`;

/** Puts the configuration in a folder of its own, where nginx has its other files too. */
async function configure(port: number): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "carillon-nchan-"));
  const file = join(folder, "nginx.conf");
  await writeFile(file, configFor(folder, port));
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Asks nginx itself whether it can do what is asked of it. */
async function missing(): Promise<string | undefined> {
  const { file, remove } = await configure(await freePort());
  try {
    await promisify(execFile)("nginx", ["-t", "-c", file], { env: { PATH: `${process.env["PATH"]}:/usr/sbin` } });
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return /\[emerg\].*/.exec(text)?.[0] ?? text;
  } finally {
    await remove();
  }
}

async function start({ workers, cores }: PeerOptions): Promise<RunningPeer> {
  if (workers !== 1) throw new RangeError("In memory there is one worker, not more");
  const port = await freePort();
  const { file, remove } = await configure(port);
  const main = spawnPeer(["nginx", "-c", file], {}, cores?.[0]);
  const end = async () => {
    // Asked rather than killed, or its worker would outlive it.
    await stop(main, "SIGTERM");
    await remove();
  };
  try {
    await eventually(() => hasEnded(main) || answers(port), READY_MS);
    if (hasEnded(main)) throw new Error(`nginx ended with ${main.exitCode ?? main.signalCode}`);
    const { pid = -1 } = main;
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").map(Number);
    return {
      targets: [{ host: HOST, port }],
      publishUrl: `http://${HOST}:${port}/pub`,
      processes: [{ name: "nginx", pid }, ...children.map((child, index) => ({ name: `worker ${index}`, pid: child }))],
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Whatever it answers. */
const answers = async (port: number) => (await fetch(`http://${HOST}:${port}/`)).status > 0;

/** A publish and subscribe server in C: one process, in memory. */
export const nchan: Peer = {
  name: "nchan",
  wire: wires.nchan,
  needsRedis: false,
  lacks:
    "sending over the same connection, acks (a POST's answer), who sent it, tokens, validation, presence; keeps ten messages",
  missing,
  start,
};
