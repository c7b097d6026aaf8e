/**
 * Carillon inside an Express app that is there already, with sign-in of its own, a Socket.IO namespace of its own, and rooms whose
 * door it keeps itself. Run it with `npx tsx examples/express/server.ts` and open the address that it prints.
 */
import { createServer, type Server as HttpServer } from "node:http";
import { fileURLToPath } from "node:url";
import express from "express";
import { Server } from "socket.io";
// In your app: import { createCarillon, type Carillon } from "carillon";
import { createCarillon, type Carillon } from "../../src/index.ts";

/** The app's own users and their sessions: whatever it has. */
const users = new Map([
  ["session-of-ann", { id: "ann", name: "Ann", roles: ["moderator"] }],
  ["session-of-bob", { id: "bob", name: "Bob", roles: [] }],
]);

export function createApp(): { http: HttpServer; carillon: Carillon } {
  const app = express();
  const http = createServer(app);
  const io = new Server(http);

  // The app's own things stay as they are.
  app.get("/hello", (_request, response) => void response.send("Hello from the app"));
  io.of("/game").on("connection", (socket) => socket.on("move", (move, ack) => ack({ moved: move })));

  const carillon = createCarillon({
    io,
    namespaces: { chat: "/app/chat", monitor: false },
    authenticate: (token) => users.get(String(token)) ?? null,
    authorize: ({ user, action, room }) =>
      action === "moderate" ? user.roles.includes("moderator") : !room.startsWith("staff-") || user.id === "ann",
    apiKeys: ["the-key-of-the-app-itself"],
    web: false,
  });
  app.use(carillon.router);

  // From anywhere in the app: a notification that waits for its reader.
  app.post("/orders/:user", (request, response) => {
    void carillon
      .publish([request.params.user], { title: "Your order is on its way", level: "success" })
      .then(([published]) => response.status(202).json(published));
  });
  return { http, carillon };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { http } = createApp();
  http.listen(3000, "127.0.0.1", () => console.log("The app is at http://localhost:3000"));
}
