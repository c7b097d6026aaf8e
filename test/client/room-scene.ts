import { expect } from "chai";
import type { Connection, Room, RoomChange } from "../../client/index.ts";
import { RequestError } from "../../client/index.ts";
import type { TokenClaims } from "../../src/auth/token.ts";
import type { TestServer } from "../kit/server.ts";
import { eventually } from "../kit/wait.ts";
import { open } from "./connection.ts";

/** A user's connection. */
export async function user(server: TestServer, id: string, claims: Omit<TokenClaims, "sub"> = {}) {
  return open({ url: server.url, token: await server.token(id, { name: id.toUpperCase(), ...claims }) });
}

/** Waits until a room is level with its log. */
export const isLive = (room: Room) => eventually(() => room.getSnapshot().status === "live");
export const textsOf = (room: Room) => room.getSnapshot().messages.map(({ text }) => text);
export const textOf = (change: RoomChange) =>
  change.kind === "reset" ? change.why : `${change.kind} ${change.text ?? ""}`;

/** Sends, and waits until it is stored. */
export async function say(room: Room, text: string): Promise<number> {
  const { seq } = await room.settled(room.send(text).id);
  return seq ?? 0;
}

/** What a request is refused with. */
export async function refusal(request: Promise<unknown>): Promise<RequestError> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(RequestError);
  return error as RequestError;
}

/** The connection is lost, and comes back by itself. */
export const cut = ({ chat }: Connection) => void chat.channel.socket.io.engine.close();
