import { settings } from "../environment.ts";
import { REQUESTABLE } from "../http/contract.ts";
import { namespaces } from "../namespaces/index.ts";
import { renderAsyncApi } from "./asyncapi.ts";
import { renderOpenApi } from "./openapi.ts";
import { renderReference } from "./reference.ts";

/** In the order in which they are told. */
export const CONTRACTS = namespaces.map(({ contract }) => contract);

/** Every generated document: its path from the root of the repository, and its text. */
export function renderDocuments(): Map<string, string> {
  return new Map([
    ["docs/reference.md", renderReference(CONTRACTS, settings)],
    ["docs/openapi.json", toText(renderOpenApi(REQUESTABLE))],
    ["docs/asyncapi.json", toText(renderAsyncApi(CONTRACTS))],
  ]);
}

function toText(document: Record<string, unknown>): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
