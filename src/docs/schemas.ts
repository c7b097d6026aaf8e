import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/** JSON Schema 2020-12, which OpenAPI 3.1 and AsyncAPI 3 speak too. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What a client may write, or what it will read: a field with a default is optional in one and present in the other. */
export type Direction = "input" | "output";

/** Turns zod schemas into JSON Schema, and gathers what carries an id (`.meta({ id })`), so that it stands in a document once. */
export interface Schemas {
  convert(schema: z.ZodType, direction: Direction): JsonSchema;
  /** By id, in alphabetical order. */
  shared(): [id: string, schema: JsonSchema][];
}

/** @param prefix where the document keeps its shared schemas: `"#/components/schemas/"`. */
export function gatherSchemas(prefix: string): Schemas {
  const shared = new Map<string, JsonSchema>();

  const share = (id: string, schema: JsonSchema) => {
    const known = shared.get(id);
    // One id, two forms: it would have to be two names, or one of them would be documented wrongly.
    if (known && !isDeepStrictEqual(known, schema)) throw new Error(`"${id}" differs between what is read and written`);
    shared.set(id, schema);
  };

  return {
    convert(schema, direction) {
      const json = z.toJSONSchema(schema, { io: direction, unrepresentable: "any", override: simplify });
      const { $schema: _, $defs = {}, ...root } = relocate(json, prefix) as JsonSchema;
      for (const [id, definition] of Object.entries($defs)) share(id, definition);
      return root;
    },
    shared: () => [...shared].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
}

type Override = Exclude<NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"], undefined>;

const simplify: Override = ({ zodSchema, jsonSchema }) => {
  // Every custom check of the contracts is about a JSON object; zod cannot know that.
  if (zodSchema instanceof z.ZodCustom) jsonSchema.type = "object";
  // Fields may be added without a new version of the protocol: nobody may rely on their absence.
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  // That a number is exact in JavaScript goes without saying.
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
};

/** Points every reference at the place where the document keeps its shared schemas. */
function relocate(node: unknown, prefix: string): unknown {
  if (Array.isArray(node)) return node.map((item) => relocate(item, prefix));
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, value.replace("#/$defs/", prefix)]
        : [key, relocate(value, prefix)],
    ),
  );
}
