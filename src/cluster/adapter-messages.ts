/** What workers tell each other, by the numbers of `ClusterAdapter` in socket.io-adapter 2.5. */
export const MESSAGE = {
  broadcast: 3,
  join: 4,
  leave: 5,
  disconnect: 6,
  fetchSockets: 7,
  socketsFetched: 8,
  serverSideEmit: 9,
  serverSideEmitted: 10,
  clientCount: 11,
  acknowledged: 12,
} as const;

/** Socket.IO's packet type of an event, the only kind that is broadcast. */
const EVENT = 2;

type Fields = Readonly<Record<string, unknown>>;
type Check = (data: Fields) => boolean;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const isOptional = (value: unknown, type: "string" | "boolean") => value === undefined || typeof value === type;

/** The name of an event, and its arguments. */
const isEvent = (value: unknown): value is [string, ...unknown[]] => Array.isArray(value) && isText(value[0]);

const isTarget = (opts: unknown) =>
  isObject(opts) &&
  isTexts(opts["rooms"]) &&
  isTexts(opts["except"]) &&
  (opts["flags"] === undefined || isObject(opts["flags"]));

const isBroadcast: Check = ({ opts, packet, requestId }) =>
  isTarget(opts) &&
  isObject(packet) &&
  packet["type"] === EVENT &&
  isEvent(packet["data"]) &&
  isOptional(requestId, "string");

/** What Socket.IO itself says to a namespace: somebody else's `connection` would have an object for a socket. */
const RESERVED: ReadonlySet<string> = new Set(["connect", "connection", "new_namespace"]);

const isServerSideEmit: Check = ({ packet, requestId }) =>
  isEvent(packet) && !RESERVED.has(packet[0]) && isOptional(requestId, "string");

const isMoved: Check = ({ opts, rooms }) => isTarget(opts) && isTexts(rooms);

const REQUESTS: ReadonlyMap<unknown, Check> = new Map<unknown, Check>([
  [MESSAGE.broadcast, isBroadcast],
  [MESSAGE.join, isMoved],
  [MESSAGE.leave, isMoved],
  [MESSAGE.disconnect, ({ opts, close }) => isTarget(opts) && isOptional(close, "boolean")],
  [MESSAGE.fetchSockets, ({ opts, requestId }) => isTarget(opts) && isText(requestId)],
  [MESSAGE.serverSideEmit, isServerSideEmit],
]);

const isRemoteSocket = (value: unknown) =>
  isObject(value) && isText(value["id"]) && isObject(value["handshake"]) && isTexts(value["rooms"]);

const RESPONSES: ReadonlyMap<unknown, Check> = new Map<unknown, Check>([
  [MESSAGE.socketsFetched, ({ sockets }) => Array.isArray(sockets) && sockets.every(isRemoteSocket)],
  [MESSAGE.serverSideEmitted, () => true],
  [MESSAGE.clientCount, ({ clientCount }) => Number.isSafeInteger(clientCount) && Number(clientCount) >= 0],
  [MESSAGE.acknowledged, () => true],
]);

/** An answer goes to the channel of the asker's id, so the id has to look like one. */
const SENDER = /^[\w-]{1,64}$/;

function fits(checks: ReadonlyMap<unknown, Check>, value: unknown, namespace: string): boolean {
  if (!isObject(value)) return false;
  const { uid, nsp, type, data } = value;
  if (!isText(uid) || !SENDER.test(uid) || nsp !== namespace || !isObject(data)) return false;
  return checks.get(type)?.(data) ?? false;
}

/** Whether it is what another worker says to all: every field that will be reached into is there, and of its type. */
export const isRequest = (value: unknown, namespace: string) => fits(REQUESTS, value, namespace);

/** Whether it is another worker's answer to a question of this one. */
export const isResponse = (value: unknown, namespace: string) =>
  fits(RESPONSES, value, namespace) && isText((value as { data: Fields }).data["requestId"]);
