import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { opened } from "./leaks.ts";
import { eventually } from "./wait.ts";

const run = promisify(execFile);
const ip = (...args: string[]) => run("ip", args);

/** A network namespace of its own, with one link to the machine that the test runs on: another host, as far as TCP is concerned. */
export interface Host extends AsyncDisposable {
  readonly address: string;
  /** What a command is put behind, to run there. */
  readonly within: readonly string[];
}

/** Makes hosts of one network, each reaching the others. Needs root and iproute2; a machine without them fails the test. */
export async function startHosts(count: number): Promise<readonly Host[] & AsyncDisposable> {
  const name = `car${process.pid % 100_000}`;
  const net = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}`;
  const bridge = `${name}b`;
  const released = opened(ip, "a network");
  await ip("link", "add", bridge, "type", "bridge");
  await ip("addr", "add", `${net}.254/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
  const hosts: Host[] = [];
  const stop = async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]();
    await ip("link", "del", bridge);
    released();
  };
  try {
    for (let index = 1; index <= count; index++)
      hosts.push(await startHost(`${name}h${index}`, bridge, `${net}.${index}`));
  } catch (error) {
    await stop();
    throw error;
  }
  return Object.assign(hosts, { [Symbol.asyncDispose]: stop });
}

async function startHost(name: string, bridge: string, address: string): Promise<Host> {
  await ip("netns", "add", name);
  await ip("link", "add", `${name}o`, "type", "veth", "peer", "name", "eth0", "netns", name);
  await ip("link", "set", `${name}o`, "master", bridge, "up");
  await ip("-n", name, "link", "set", "lo", "up");
  await ip("-n", name, "addr", "add", `${address}/24`, "dev", "eth0");
  await ip("-n", name, "link", "set", "eth0", "up");
  return {
    address,
    within: ["ip", "netns", "exec", name],
    async [Symbol.asyncDispose]() {
      await ip("link", "del", `${name}o`);
      await ip("netns", "del", name);
    },
  };
}

/** A real nginx that sends every request to one of `upstreams` (`host:port`) by chance. */
export async function startNginx(
  port: number,
  upstreams: readonly string[],
): Promise<AsyncDisposable & { url: string }> {
  const folder = await mkdtemp(join(tmpdir(), "carillon-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const config = `
    daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
      map $http_upgrade $connection_header { default upgrade; "" ""; }
      upstream workers { random; ${upstreams.map((upstream) => `server ${upstream} max_fails=0;`).join(" ")} keepalive 16; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://workers;
          proxy_http_version 1.1;
          proxy_set_header Host $host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_header;
          proxy_set_header X-Forwarded-For $remote_addr;
          proxy_next_upstream off;
        }
      }
    }`;
  await writeFile(join(folder, "nginx.conf"), config);
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "pipe" });
  const released = opened(child, "an nginx");
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended:\n${output}`);
    return (await fetch(url)).status > 0;
  }, 10_000);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
      released();
    },
  };
}
