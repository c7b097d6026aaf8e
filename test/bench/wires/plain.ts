import type { Wire } from "../wire.ts";

const ACK = '{"ack":';

/**
 * JSON in websocket text frames, and no protocol beside: `{"join":room,"ack":n}` and `{"send":room,"id":…,"text":…,"ack":n}`, both
 * answered by `{"ack":n,"ok":true}`, and deliveries `{"message":{…}}` with the fields of a Carillon entry. Who connects is what the
 * path's query says, and is in as soon as the websocket is open. Heartbeats are websocket pings.
 */
export const plain: Wire = {
  name: "plain",
  path: (user) => `/?user=${encodeURIComponent(user)}`,
  hello: () => [],
  isWelcome: () => false,
  join: (room, ack) => `{"join":"${room}","ack":${ack}}`,
  ackIn: (frame) => (frame.startsWith(ACK) ? Number.parseInt(frame.slice(ACK.length), 10) : -1),
  isOk: (frame) => frame.endsWith(',"ok":true}'),
  send: (room, id, text, ack) => `{"send":"${room}","id":"${id}","text":"${text}","ack":${ack}}`,
  acknowledges: true,
  delivery: '{"message":{',
  pong: () => undefined,
};
