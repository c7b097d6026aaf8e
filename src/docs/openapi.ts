import { HTTP_ROUTES, type RouteSpec } from "../http/contract.ts";
import type { Contract, RequestSpec } from "../protocol/contract.ts";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { FailureSchema, PROTOCOL } from "../protocol/session.ts";
import { gatherSchemas, type JsonSchema, type Schemas } from "./schemas.ts";

const SHARED = "#/components/schemas/";
const LICENSE = { name: "MIT", identifier: "MIT" };

/** One operation of an OpenAPI document, as far as it is made here. */
type Operation = Record<string, unknown>;

/**
 * The HTTP API as an OpenAPI 3.1 document.
 *
 * @param contracts the namespaces whose socketless requests `POST /api/requests/:name` takes: a path of its own for each.
 */
export function renderOpenApi(contracts: readonly Contract[]): Record<string, unknown> {
  const schemas = gatherSchemas(SHARED);
  const { request: byName, ...routes } = HTTP_ROUTES;
  const paths: Record<string, Record<string, Operation>> = {};

  for (const contract of contracts) {
    for (const [name, request] of Object.entries(contract.requests)) {
      if (request.socket) continue;
      const path = byName.path.replace(":name", name);
      paths[path] = { [byName.method]: requestOperation(schemas, contract, name, request) };
    }
  }
  for (const [id, route] of Object.entries<RouteSpec>(routes)) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method]: routeOperation(schemas, id, route) };
  }
  schemas.convert(FailureSchema, "output");

  return {
    openapi: "3.1.0",
    info: {
      title: "Carillon",
      version: `${PROTOCOL}.0.0`,
      description:
        "The HTTP API of Carillon. Every answer is `{ ok: true, data }` or `{ ok: false, error }`; the version is that of the protocol.",
      license: LICENSE,
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: {
        service: {
          type: "http",
          scheme: "bearer",
          description: "One of `API_KEYS`, or a JWT with the role `service`.",
        },
      },
      responses: Object.fromEntries(statuses(Object.keys(ERRORS) as ErrorCode[]).map(failureResponse)),
      schemas: Object.fromEntries(schemas.shared()),
    },
  };
}

/** A request of a namespace is the route `request` with its own input and reply in their places. */
function requestOperation(schemas: Schemas, contract: Contract, name: string, request: RequestSpec): Operation {
  const { request: route } = HTTP_ROUTES;
  const body = schemas.convert(route.body, "input");
  return {
    operationId: camelCase(name),
    tags: [`Requests of ${contract.name}`],
    summary: name,
    description: `${request.docs} Made on behalf of the user \`as\`.`,
    security: [{ service: [] }],
    requestBody: json({
      ...body,
      properties: { ...body.properties, input: schemas.convert(request.input, "input") },
      required: ["as", "input"],
    }),
    responses: responses(route, envelope(schemas.convert(request.reply, "output"))),
  };
}

function routeOperation(schemas: Schemas, id: string, route: RouteSpec): Operation {
  const reply = schemas.convert(route.reply, "output");
  const parameters = [...parametersIn(schemas, "path", route.params), ...parametersIn(schemas, "query", route.query)];
  return {
    operationId: id,
    tags: [route.path.startsWith("/api/") && !route.raw ? "Service" : "Operation"],
    summary: route.docs,
    ...(route.auth === "service" ? { security: [{ service: [] }] } : { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: json(schemas.convert(route.body, "input")) }),
    responses: responses(route, route.raw ? reply : envelope(reply)),
  };
}

function parametersIn(schemas: Schemas, where: "path" | "query", fields: RouteSpec["params"]): Operation[] {
  if (!fields) return [];
  const { properties = {}, required = [] } = schemas.convert(fields, "input");
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema,
  }));
}

function responses(route: RouteSpec, schema: JsonSchema): Record<string, unknown> {
  const failures = statuses(route.codes).map(([status]) => [
    status,
    { $ref: `#/components/responses/${responseName(status)}` },
  ]);
  const success = { description: "Done.", content: { [route.raw ?? "application/json"]: { schema } } };
  return { [route.status]: success, ...Object.fromEntries(failures) };
}

/** The codes by their HTTP status: several can share one. */
function statuses(codes: readonly ErrorCode[]): [status: number, codes: ErrorCode[]][] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].toSorted(([a], [b]) => a - b);
}

function failureResponse([status, codes]: [number, ErrorCode[]]): [string, unknown] {
  const schema = {
    type: "object",
    properties: { ok: { const: false }, error: { $ref: `${SHARED}Failure` } },
    required: ["ok", "error"],
  };
  return [
    responseName(status),
    {
      description: codes.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join("\n\n"),
      ...(status === 429 && {
        headers: {
          "Retry-After": { description: "Seconds to wait.", schema: { type: "integer", minimum: 0 } },
        },
      }),
      content: { "application/json": { schema } },
    },
  ];
}

function responseName(status: number): string {
  return `Failure${status}`;
}

function envelope(data: JsonSchema): JsonSchema {
  return { type: "object", properties: { ok: { const: true }, data }, required: ["ok", "data"] };
}

function json(schema: JsonSchema): Operation {
  return { required: true, content: { "application/json": { schema } } };
}

/** `message:send` is `messageSend`: generators make a function's name of it. */
function camelCase(name: string): string {
  return name.replaceAll(/:(\w)/g, (_, letter: string) => letter.toUpperCase());
}
