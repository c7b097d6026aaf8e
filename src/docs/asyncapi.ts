import type { Contract, EventSpec, RequestSpec } from "../protocol/contract.ts";
import { FailureSchema, PROTOCOL } from "../protocol/session.ts";
import { gatherSchemas, type JsonSchema, type Schemas } from "./schemas.ts";

const SHARED = "#/components/schemas/";

type Part = Record<string, unknown>;

/** A channel's messages and the operations on them, as they are gathered for one namespace. */
interface Gathered {
  readonly channel: string;
  readonly messages: Record<string, Part>;
  readonly operations: Record<string, Part>;
}

/** The namespaces as an AsyncAPI 3.0 document, told from the server's side: it receives requests and sends events. */
export function renderAsyncApi(contracts: readonly Contract[]): Record<string, unknown> {
  const schemas = gatherSchemas(SHARED);
  const failure = schemas.convert(FailureSchema, "output");
  const channels: Record<string, Part> = {};
  const operations: Record<string, Part> = {};

  for (const contract of contracts) {
    const channel = contract.name.slice(1);
    const gathered: Gathered = { channel, messages: {}, operations };
    for (const [name, request] of Object.entries(contract.requests)) {
      addRequest(gathered, name, request, schemas, failure);
    }
    for (const [name, event] of Object.entries(contract.events)) addEvent(gathered, name, event, schemas);
    channels[channel] = {
      address: contract.name,
      title: contract.name,
      description: contract.role ? `${contract.docs} Needs the role \`${contract.role}\`.` : contract.docs,
      messages: gathered.messages,
    };
  }

  return {
    asyncapi: "3.0.0",
    info: {
      title: "Carillon",
      version: `${PROTOCOL}.0.0`,
      description:
        "The namespaces of Carillon, over Socket.IO 4: `io(url + address, { auth: { token } })`. " +
        "A channel is a namespace; a message's name is the event's name, its payload the one argument; " +
        "a reply is the acknowledgement. The version is that of the protocol.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      local: {
        host: "localhost:3000",
        protocol: "ws",
        pathname: "/socket.io/",
        description: "As `npm start` serves it.",
      },
    },
    channels,
    operations,
    components: { schemas: Object.fromEntries(schemas.shared()) },
  };
}

function addRequest(to: Gathered, name: string, request: RequestSpec, schemas: Schemas, failure: JsonSchema): void {
  const data = schemas.convert(request.reply, "output");
  addMessage(to, name, request.docs, schemas.convert(request.input, "input"));
  addMessage(to, `${name}.ack`, `The answer to \`${name}\`.`, {
    oneOf: [answer(true, { data }), answer(false, { error: failure })],
  });
  addOperation(to, "receive", name, request.docs, `${name}.ack`);
}

function addEvent(to: Gathered, name: string, event: EventSpec, schemas: Schemas): void {
  addMessage(to, name, event.docs, schemas.convert(event.payload, "output"));
  if (event.ack) {
    addMessage(to, `${name}.ack`, `What a client may answer to \`${name}\`.`, schemas.convert(event.ack, "input"));
  }
  addOperation(to, "send", name, event.docs, event.ack && `${name}.ack`);
}

function addMessage(to: Gathered, name: string, summary: string, payload: JsonSchema): void {
  to.messages[key(name)] = { name, title: name, summary, payload };
}

function addOperation(to: Gathered, action: "send" | "receive", name: string, summary: string, ack?: string): void {
  const channel = { $ref: `#/channels/${to.channel}` };
  const message = (of: string) => ({ $ref: `#/channels/${to.channel}/messages/${key(of)}` });
  to.operations[`${to.channel}.${key(name)}`] = {
    action,
    channel,
    title: name,
    summary,
    messages: [message(name)],
    ...(ack && { reply: { channel, messages: [message(ack)] } }),
  };
}

function answer(ok: boolean, rest: Record<string, JsonSchema>): JsonSchema {
  return { type: "object", properties: { ok: { const: ok }, ...rest }, required: ["ok", ...Object.keys(rest)] };
}

/** `message:send` as `message.send`: a colon is not allowed in every tool's keys. */
function key(name: string): string {
  return name.replaceAll(":", ".");
}
