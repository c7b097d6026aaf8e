import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from "express";
import helmet from "helmet";
import type { Logger } from "../logger.ts";
import { badInput, CarillonError, ERRORS } from "../protocol/errors.ts";
import { HTTP_ROUTES, type RouteHandlers, type RouteSpec } from "./contract.ts";

const JSON_BYTES = { service: 4 * 1024 * 1024, none: 16 * 1024 };

/** The built web app: the same, whether this runs from the sources or from what is built of them. */
const WEB = fileURLToPath(new URL(".", import.meta.resolve("#web/index.html")));

/** Same origin for everything, the page's sockets too. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    manifestSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

export interface RouterOptions {
  readonly logger: Logger;
  readonly handlers: RouteHandlers<IncomingMessage>;
  /** Refuses whoever is no service. */
  requireService(request: IncomingMessage): Promise<void>;
  /** Whether `/` serves the web app. */
  readonly web: boolean;
}

/**
 * The HTTP API, to be mounted at the root of an Express app (5 or 4): every route of `HTTP_ROUTES`, in the same few steps. Whatever
 * is none of its paths goes on to the host as it came.
 */
export function createRouter({ logger, handlers, requireService, web }: RouterOptions): Router {
  const router = express.Router();
  const secure = helmet({
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    xFrameOptions: { action: "deny" },
    // That is for whoever ends TLS to say.
    strictTransportSecurity: false,
  });

  for (const [name, spec] of Object.entries<RouteSpec>(HTTP_ROUTES)) {
    const admit: RequestHandler = (request, _response, next) => {
      if (spec.auth !== "service") return next();
      requireService(request).then(() => next(), next);
    };
    // After the check, so that a stranger's body is not even read.
    const json = spec.body ? [express.json({ limit: JSON_BYTES[spec.auth] })] : [];
    // Where the types of the table end: each handler takes what its own route has parsed.
    const handle = handlers[name as keyof typeof handlers] as (input: object, request: IncomingMessage) => unknown;
    router[spec.method](spec.path, secure, admit, ...json, (request, response, next) => {
      answer(spec, handle, request, response).catch(next);
    });
  }
  for (const path of new Set(Object.values(HTTP_ROUTES).map((spec) => spec.path)))
    router.all(path, secure, otherMethod);
  if (web) router.use(servePage(secure));
  router.use(refuse(logger));
  return router;
}

/** Express answers OPTIONS itself, by the methods that a path has. */
const otherMethod: RequestHandler = ({ method }, _response, next) =>
  next(method === "OPTIONS" ? undefined : new CarillonError("not_found"));

/** The headers go onto the page's own files alone: the host's pages have a policy of their own. */
function servePage(secure: RequestHandler): RequestHandler {
  return express.static(WEB, {
    redirect: false,
    setHeaders: (response: Response) => secure(response.req, response, () => {}),
  });
}

async function answer(
  spec: RouteSpec,
  handle: (input: object, request: IncomingMessage) => unknown,
  request: Request,
  response: Response,
): Promise<void> {
  const input = {
    params: parsePart(spec, "params", request.params),
    query: parsePart(spec, "query", request.query),
    body: parsePart(spec, "body", request.body),
  };
  const data = spec.reply.parse(await handle(input, request));
  response.status(spec.status).setHeader("Cache-Control", "no-store");
  if (spec.raw === undefined) response.json({ ok: true, data });
  else response.type(spec.raw).send(data);
}

function parsePart(spec: RouteSpec, part: "params" | "query" | "body", given: unknown): unknown {
  const result = spec[part]?.safeParse(given);
  if (!result || result.success) return result?.data;
  throw badInput(result.error.issues, part);
}

/** What the body parser throws has a `type`; whatever else was not foreseen is `internal`, and its text stays here. */
function toError(thrown: unknown): CarillonError {
  const type: unknown = Object(thrown).type;
  if (type === "entity.too.large") return new CarillonError("too_large");
  const status: unknown = Object(thrown).status;
  return typeof status === "number" && status >= 400 && status < 500
    ? new CarillonError("bad_request")
    : CarillonError.from(thrown);
}

function refuse(logger: Logger): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    const { failure, cause, code } = toError(thrown);
    if (code === "internal") logger.error({ method: request.method, err: cause ?? thrown }, "an HTTP request failed");
    response.setHeader("Cache-Control", "no-store");
    if (ERRORS[code].status === 401) response.setHeader("WWW-Authenticate", "Bearer");
    if (failure.retryAfterMs !== undefined) response.setHeader("Retry-After", Math.ceil(failure.retryAfterMs / 1000));
    response.status(ERRORS[code].status).json({ ok: false, error: failure });
  };
}
