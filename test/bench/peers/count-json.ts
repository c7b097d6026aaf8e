// Runs before a worker's program, and counts what that asks of JSON. Node's own messages between processes are not among it: Node holds
// on to the functions as they were.

export interface JsonOperations {
  readonly parsed: number;
  readonly stringified: number;
}

const { parse, stringify } = JSON;
let parsed = 0;
let stringified = 0;

JSON.parse = ((...args: Parameters<typeof parse>) => {
  parsed++;
  return parse(...args);
}) satisfies typeof parse;

JSON.stringify = ((...args: Parameters<typeof stringify>) => {
  stringified++;
  return stringify(...args);
}) as typeof stringify;

process.on("message", (question) => {
  if (question === "json operations") process.send?.({ parsed, stringified } satisfies JsonOperations);
});
