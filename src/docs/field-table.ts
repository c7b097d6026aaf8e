import { ERRORS } from "../protocol/errors.ts";
import type { Direction, JsonSchema } from "./schemas.ts";

/** One line of a table: a field, by its path from the top (`rooms[].room`). */
interface Row {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** An object's fields as a Markdown table; what a client reads is shown without the bounds that only a writer needs. */
export function fieldTable(schema: JsonSchema, direction: Direction): string {
  const options = optionsOf(schema);
  if (options) return options.map((option) => fieldTable(option, direction)).join("\n\nor\n\n");
  if (schema.$ref) return `${typeOf(schema)}.`;
  if (schema.type !== "object") return `${[typeOf(schema), notesOf(schema, direction)].filter(Boolean).join("; ")}.`;

  const rows = rowsOf(schema, "");
  if (rows.length === 0) return schema.properties ? "`{}`" : (schema.description ?? "Any JSON object.");
  return direction === "input"
    ? table(["Field", "Type", "Presence", "Bounds"], rows.map(writtenRow))
    : table(["Field", "Type", "Notes"], rows.map(readRow));
}

/** A Markdown table; cells may hold anything but line breaks. A column in which nothing stands is left out. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const filled = head.map((_, column) => rows.some((row) => row[column] !== ""));
  const lines = [head, head.map(() => "---"), ...rows].map((row) => row.filter((_, column) => filled[column]));
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}

/** Where GitHub and most renderers put the anchor of a heading. */
export function anchor(heading: string): string {
  return `#${heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-")}`;
}

function writtenRow({ path, schema, required }: Row): string[] {
  const presence =
    "default" in schema ? `default \`${JSON.stringify(schema.default)}\`` : required ? "required" : "optional";
  return [`\`${path}\``, typeOf(schema), presence, notesOf(schema, "input")];
}

function readRow({ path, schema, required }: Row): string[] {
  return [`\`${path}${required ? "" : "?"}\``, typeOf(schema), notesOf(schema, "output")];
}

/** Objects without a name of their own are laid flat, so that a table says everything. */
function rowsOf(schema: JsonSchema, prefix: string): Row[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, value]) => {
    const field = value as JsonSchema;
    const path = prefix + name;
    const inner = field.type === "array" ? itemsOf(field) : field;
    const nested = inner?.properties ? rowsOf(inner, field.type === "array" ? `${path}[].` : `${path}.`) : [];
    return [{ path, schema: field, required: required.includes(name) }, ...nested];
  });
}

function typeOf(schema: JsonSchema): string {
  const options = optionsOf(schema);
  if (schema.$ref) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    return `[${name}](${anchor(name)})`;
  }
  if ("const" in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (options) return options.map(inline).join(" or ");
  if (isErrorCode(schema)) return "an [error code](#errors)";
  const items = itemsOf(schema);
  if (schema.type === "array") return `array of ${items?.properties ? "objects" : arrayItem(items)}`;
  return Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "any");
}

function arrayItem(items: JsonSchema | undefined): string {
  if (!items) return "any";
  return optionsOf(items) ? `(${typeOf(items)})` : typeOf(items);
}

function isErrorCode(schema: JsonSchema): boolean {
  return schema.enum?.length === Object.keys(ERRORS).length && schema.enum.every((value) => String(value) in ERRORS);
}

/** A member of a union: an object is written out, since there is no row of its own for it. */
function inline(schema: JsonSchema): string {
  if (!schema.properties) return typeOf(schema);
  const { properties, required = [] } = schema;
  const fields = Object.entries(properties).map(
    ([name, value]) => `${name}${required.includes(name) ? "" : "?"}: ${typeOf(value as JsonSchema)}`,
  );
  return `{ ${fields.join(", ")} }`;
}

function notesOf(schema: JsonSchema, direction: Direction): string {
  const notes: string[] = [];
  if (schema.enum && !isErrorCode(schema))
    notes.push(`one of ${schema.enum.map((value) => `\`${String(value)}\``).join(", ")}`);
  // A description beside a pattern is about the pattern: a bound.
  if (schema.description && (direction === "input" || !schema.pattern)) notes.push(schema.description);
  if (direction === "input") notes.push(...boundsOf(schema));
  const items = schema.type === "array" ? itemsOf(schema) : undefined;
  const each = items && !items.properties && !items.$ref ? notesOf(items, direction) : "";
  return [...notes, ...(each ? [`each: ${each}`] : [])].join("; ");
}

function boundsOf(schema: JsonSchema): string[] {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = schema;
  return [
    range(minimum, maximum),
    range(minLength, maxLength, " characters"),
    range(minItems, maxItems, " items"),
    pattern === undefined ? undefined : `\`${pattern}\``,
  ].filter((bound) => bound !== undefined);
}

function range(from: number | undefined, to: number | undefined, unit = ""): string | undefined {
  if (from !== undefined && to !== undefined) return `${from}…${to}${unit}`;
  if (from !== undefined) return `at least ${from}${unit}`;
  return to === undefined ? undefined : `at most ${to}${unit}`;
}

function optionsOf(schema: JsonSchema): JsonSchema[] | undefined {
  return schema.anyOf ?? schema.oneOf;
}

function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  return schema.items as JsonSchema | undefined;
}
