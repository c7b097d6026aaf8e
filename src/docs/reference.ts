import type { Setting } from "../environment.ts";
import { HTTP_ROUTES, type RouteSpec } from "../http/contract.ts";
import type { Contract, EventSpec, RequestSpec } from "../protocol/contract.ts";
import { ERRORS } from "../protocol/errors.ts";
import { FailureSchema, PROTOCOL, SESSION_EVENTS, SESSION_REQUESTS } from "../protocol/session.ts";
import { anchor, fieldTable, table } from "./field-table.ts";
import { gatherSchemas, type Direction, type Schemas } from "./schemas.ts";

/** What a client writes and what it reads are gathered apart: only the first has bounds worth showing. */
type Gatherers = Record<Direction, Schemas>;

/** The reference page, in Markdown: all that the contracts say, for somebody who writes a client. */
export function renderReference(contracts: readonly Contract[], settings: readonly Setting[] = []): string {
  const gatherers: Gatherers = { input: gatherSchemas("#/"), output: gatherSchemas("#/") };
  gatherers.output.convert(FailureSchema, "output");
  const namespaces = [sharedByAll(gatherers), ...contracts.map((contract) => namespace(contract, gatherers))];
  const parts = [INTRODUCTION, contents(contracts), ...namespaces, shapes(gatherers), errors(), http()];
  return `${[...parts, configuration(settings)].filter(Boolean).join("\n\n")}\n`;
}

const INTRODUCTION = `# Reference

Version ${PROTOCOL} of the protocol. This page is made of the contracts by \`npm run docs\`: change those, not this.

A client is a stock \`socket.io-client\` 4. It connects to a namespace, makes requests and hears events:

\`\`\`js
const socket = io(url + "/chat", { auth: { token } });
socket.on("message:sent", (entry) => …);
socket.emit("room:join", { room: "lobby" }, (ack) => …);
\`\`\`

Every request takes one object and is answered by \`{ ok: true, data }\` or \`{ ok: false, error }\`, where \`data\` is
the reply below and \`error\` a [Failure](#failure). Unknown fields are dropped. Times (\`at\`, \`…At\`) are epoch
milliseconds; every duration carries its unit in its name. Fields, requests and events may be added without a new version.`;

function contents(contracts: readonly Contract[]): string {
  const everywhere = { requests: SESSION_REQUESTS, events: SESSION_EVENTS };
  const rows = contracts.map((contract) => contentsRow(linksTo([contract.name]), withoutShared(contract)));
  return table(
    ["Namespace", "Requests", "Events"],
    [contentsRow("[Every namespace](#every-namespace)", everywhere), ...rows],
  );
}

function contentsRow(link: string, { requests, events }: Pick<Contract, "requests" | "events">): string[] {
  return [link, linksTo(Object.keys(requests)), linksTo(Object.keys(events))];
}

function linksTo(names: readonly string[]): string {
  return names.map((name) => `[\`${name}\`](${anchor(name)})`).join(" · ");
}

function sharedByAll(gatherers: Gatherers): string {
  return section(
    "## Every namespace",
    "What is said and heard on each of them.",
    SESSION_REQUESTS,
    SESSION_EVENTS,
    gatherers,
  );
}

function namespace(contract: Contract, gatherers: Gatherers): string {
  const { requests, events } = withoutShared(contract);
  const docs = contract.role ? `${contract.docs} Connecting needs the role \`${contract.role}\`.` : contract.docs;
  return section(`## \`${contract.name}\``, docs, requests, events, gatherers);
}

function section(
  heading: string,
  docs: string,
  requests: Contract["requests"],
  events: Contract["events"],
  gatherers: Gatherers,
): string {
  return [
    heading,
    docs,
    ...Object.entries(requests).map(([name, spec]) => request(name, spec, gatherers)),
    ...Object.entries(events).map(([name, spec]) => event(name, spec, gatherers)),
  ].join("\n\n");
}

function withoutShared({ requests, events }: Contract): Pick<Contract, "requests" | "events"> {
  return {
    requests: Object.fromEntries(Object.entries(requests).filter(([name]) => !(name in SESSION_REQUESTS))),
    events: Object.fromEntries(Object.entries(events).filter(([name]) => !(name in SESSION_EVENTS))),
  };
}

function request(name: string, { docs, input, reply, socket }: RequestSpec, gatherers: Gatherers): string {
  return [
    `### \`${name}\``,
    socket ? `${docs} _On a connection only._` : docs,
    labelled("Input", fieldTable(gatherers.input.convert(input, "input"), "input")),
    labelled("Reply", fieldTable(gatherers.output.convert(reply, "output"), "output")),
  ].join("\n\n");
}

function event(name: string, { docs, payload, ack }: EventSpec, gatherers: Gatherers): string {
  return [
    `### \`${name}\``,
    docs,
    labelled("Payload", fieldTable(gatherers.output.convert(payload, "output"), "output")),
    ...(ack ? [labelled("May be answered with", fieldTable(gatherers.input.convert(ack, "input"), "input"))] : []),
  ].join("\n\n");
}

/** A table needs a paragraph of its own; what is shorter stands beside its label. */
function labelled(label: string, content: string): string {
  return content.includes("\n") ? `**${label}**\n\n${content}` : `**${label}:** ${content}`;
}

function shapes({ input, output }: Gatherers): string {
  const written = input.shared().map(([id, schema]) => [id, schema, "input"] as const);
  const known = new Set(written.map(([id]) => id));
  const read = output.shared().flatMap(([id, schema]) => (known.has(id) ? [] : [[id, schema, "output"] as const]));
  const all = [...written, ...read].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    "## Shapes",
    "What the tables above refer to by name.",
    ...all.map(([id, schema, direction]) => {
      const fields = fieldTable(schema, direction);
      return [`### ${id}`, schema.description, fields]
        .filter((line, i, lines) => line && lines.indexOf(line) === i)
        .join("\n\n");
    }),
  ].join("\n\n");
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(([code, { retryable, status, message }]) => [
    `\`${code}\``,
    retryable ? "yes" : "no",
    String(status),
    message,
  ]);
  return [
    "## Errors",
    "A retryable error may be gone when the same is tried again (after `retryAfterMs`, where given); with any other, " +
      "somebody has to change something first. `details` says more where there is more to say.",
    table(["Code", "Retryable", "HTTP status", "Message"], rows),
  ].join("\n\n");
}

function http(): string {
  const rows = Object.values<RouteSpec>(HTTP_ROUTES).map((route) => [
    `\`${route.method.toUpperCase()} ${route.path}\``,
    route.auth === "service" ? "service" : "none",
    String(route.status),
    route.docs,
  ]);
  return [
    "## HTTP",
    "`service` is one of `API_KEYS`, or a JWT with the role `service`, as `Authorization: Bearer …`. " +
      "Bodies, queries and replies: [openapi.json](openapi.json).",
    table(["Route", "Needs", "Status", "What"], rows),
  ].join("\n\n");
}

function configuration(settings: readonly Setting[]): string {
  if (settings.length === 0) return "";
  const rows = settings.map(({ name, default: byDefault, meaning, secret }) => [
    `\`${name}\`${secret ? " \\*" : ""}`,
    byDefault,
    meaning,
  ]);
  return [
    "## Configuration",
    "The environment of the service. \\* is a secret, which may also come as the path of a file in `<name>_FILE`.",
    table(["Name", "Default", "Meaning"], rows),
  ].join("\n\n");
}
