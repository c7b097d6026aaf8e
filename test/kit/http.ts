import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server that listens on a free port of the loopback until the end of its scope. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export async function listening(http: Server): Promise<Listening> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      });
    },
  };
}
