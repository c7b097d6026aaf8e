import type { Wire } from "../wire.ts";

const PATH = "/socket.io/?EIO=4&transport=websocket";
const ACK = "43/chat,";
const PING = "2";
const PONG = "3";

/**
 * Engine.IO 4 packets of Socket.IO 5 in the namespace `/chat`, over websocket from the start. What Carillon and a stock application
 * share: requests, acks and deliveries are the same to the byte, so that their fan-out writes payloads of the same size.
 */
const shared = {
  isWelcome: (frame) => frame.startsWith("40/chat,{"),
  join: (room, ack) => `42/chat,${ack}["room:join",{"room":"${room}"}]`,
  ackIn: (frame) => (frame.startsWith(ACK) ? Number.parseInt(frame.slice(ACK.length), 10) : -1),
  isOk: (frame) => frame.includes('[{"ok":true'),
  send: (room, id, text, ack) => `42/chat,${ack}["message:send",{"id":"${id}","room":"${room}","text":"${text}"}]`,
  acknowledges: true,
  delivery: '42/chat,["message:sent",',
  pong: (frame) => (frame === PING ? PONG : undefined),
} satisfies Partial<Wire>;

/** Carillon's own: who connects is what the token says. */
export const carillon: Wire = {
  ...shared,
  name: "carillon",
  path: () => PATH,
  hello: (_user, token) => [`40/chat,${JSON.stringify({ token })}`],
};

/** A stock Socket.IO application with the same requests and events: who connects is what the handshake's query says. */
export const socketIo: Wire = {
  ...shared,
  name: "socket.io",
  path: (user) => `${PATH}&user=${encodeURIComponent(user)}`,
  hello: () => ["40/chat,"],
};

/**
 * `send` asks for what is answered and told to nobody: whoever is not typing says that he is not. Carillon validates it, counts it and
 * looks at rights; a stock application on `ECHO` just answers.
 */
const asking = {
  send: (room, _id, _text, ack) => `42/chat,${ack}["typing:set",{"room":"${room}","typing":false}]`,
} satisfies Partial<Wire>;

export const carillonAsking: Wire = { ...carillon, ...asking, name: "carillon-asking" };
export const socketIoAsking: Wire = { ...socketIo, ...asking, name: "socket.io-asking" };
