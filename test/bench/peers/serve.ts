import type { Server } from "node:http";

const { HOST, PORT } = process.env;

/** Tells whoever started this process that it may be connected to; from then on it ends with them. */
export function announce(): void {
  process.on("disconnect", () => process.exit());
  process.send?.("ready");
}

/** Listens where the environment says. */
export function serve(http: Server): void {
  http.listen(Number(PORT), HOST, announce);
}
