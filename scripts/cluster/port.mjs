import { createServer } from "node:net";
import { Failure } from "./failure.mjs";
import { until } from "./wait.mjs";

/** Workers that fell with their PM2 may take a moment to let go of it. */
const RELEASE_MS = 3_000;

/** A port of the loopback that is free now. */
export async function freePort() {
  const server = await listen(0, "127.0.0.1");
  const { port } = server.address();
  await close(server);
  return port;
}

/** PM2 would start workers without a port again and again. @throws Failure */
export async function requireFree(port, host) {
  let problem;
  await until(
    async () => {
      problem = await whyNot(port, host);
      return problem?.code !== "EADDRINUSE";
    },
    { timeoutMs: RELEASE_MS },
  );
  if (problem) throw new Failure(`The workers cannot have ${host}:${port}: ${problem.message}`);
}

async function whyNot(port, host) {
  try {
    await close(await listen(port, host));
    return undefined;
  } catch (error) {
    return error;
  }
}

function listen(port, host) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server) {
  return new Promise((resolve) => server.close(resolve));
}
