import type { Wire } from "../wire.ts";

/**
 * Subscriptions of nchan: a websocket on `/sub/<room>` (several rooms with commas between) hears what is posted to
 * `<publishUrl>/<room>`. `send` is the body of that request, which subscribers get as it is: the envelope that other peers' servers
 * put around a text is made by the sender here, of the same size. `ack` is the HTTP answer's business.
 */
export const nchan: Wire = {
  name: "nchan",
  path: (_user, rooms) => `/sub/${rooms.map(encodeURIComponent).join(",")}`,
  hello: () => [],
  isWelcome: () => false,
  join: () => undefined,
  ackIn: () => -1,
  isOk: () => false,
  send: (room, id, text) =>
    `{"message":{"room":"${room}","epoch":"nchan-nchan1","seq":10000,"kind":"sent","id":"${id}",` +
    `"from":{"id":"user-1000","name":"user-1000"},"at":${Date.now()},"text":"${text}"}}`,
  acknowledges: false,
  delivery: '{"message":{',
  pong: () => undefined,
};
