import type { Router } from "express";
import { renderAsyncApi } from "../docs/asyncapi.ts";
import { CONTRACTS } from "../docs/documents.ts";
import { renderOpenApi } from "../docs/openapi.ts";
import type { FilledOptions } from "../options.ts";
import { CarillonError } from "../protocol/errors.ts";
import { type AdmissionOptions, requireValid } from "../runtime/admission.ts";
import { type ApiContext, createApi } from "./api.ts";
import { REQUESTABLE } from "./contract.ts";
import { createRouter } from "./router.ts";
import { createServiceAuth } from "./service.ts";

type HttpParts = Omit<ApiContext, "requireValid" | "requireReady" | "documents"> &
  Pick<FilledOptions, "logger" | "web" | "apiKeys"> &
  Pick<AdmissionOptions, "closedFor"> & { isReady(): boolean };

/** The HTTP side of Carillon, as a router for the root of an Express app. */
export function createHttp(parts: HttpParts): Router {
  const { clock, control, logger, web, apiKeys, authenticate, gate, closedFor, isReady } = parts;
  const requireToken: ApiContext["requireValid"] = (identity) => {
    // A worker that is going away still answers what it is asked; one that does not know whose tokens are revoked cannot.
    if (closedFor() === "unavailable") throw new CarillonError("unavailable");
    requireValid(identity, { clock, control });
  };
  return createRouter({
    logger,
    web,
    requireService: createServiceAuth({ apiKeys, authenticate, requireValid: requireToken, addressOf: gate.addressOf }),
    handlers: createApi({
      ...parts,
      requireValid: requireToken,
      requireReady() {
        const reason = isReady() ? undefined : (closedFor() ?? "unavailable");
        if (reason) throw new CarillonError(reason);
      },
      documents: lazily(() => ({ openapi: renderOpenApi(REQUESTABLE), asyncapi: renderAsyncApi(CONTRACTS) })),
    }),
  });
}

/** Rendering them takes a while, and most processes are never asked. */
function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
