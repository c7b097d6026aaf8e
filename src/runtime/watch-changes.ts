import { connect } from "node:net";
import type { Writable } from "node:stream";
import type { Handle, Stream } from "./handle.ts";

/** Is told of what happens to a stream, and to the handle below it. */
export interface Watcher {
  /** Just before anybody writes to the stream, ends it, or closes its handle. */
  changing(): void;
}

const WATCHER = Symbol("watcher");

type Watched<Name extends string> = Partial<Record<Name, (...args: never[]) => unknown>> & { [WATCHER]?: Watcher };

/** The same function for all streams or handles: a closure would be memory for each connection. */
const telling = <Name extends string>(name: Name) =>
  function (this: Watched<Name>, ...args: never[]): unknown {
    this[WATCHER]?.changing();
    return (Object.getPrototypeOf(this) as Watched<Name>)[name]?.apply(this, args);
  };

const OF_STREAM = { write: telling("write"), end: telling("end") };
const OF_HANDLE = { close: telling("close"), reset: telling("reset") };

const has = (target: object, methods: object) => Object.keys(methods).some((name) => Object.hasOwn(target, name));

let isKnown: boolean | undefined;

/**
 * Has a watcher told of all that may happen to a stream, whoever does it, by methods that are put in the place of Node's own: to be told is
 * cheaper than to look each time. @returns whether he is: not where somebody else has replaced them already, or where Node does not use them
 */
export function watchChanges(stream: Stream, handle: Handle, watcher: Watcher): boolean {
  // Tried on one that is given up before it begins.
  isKnown ??= closesByHandle(connect({ host: "127.0.0.1", port: 1 }));
  if (!isKnown || has(stream, OF_STREAM) || has(handle, OF_HANDLE)) return false;
  Object.assign(stream, OF_STREAM, { [WATCHER]: watcher });
  Object.assign(handle, OF_HANDLE, { [WATCHER]: watcher });
  return true;
}

/**
 * Whether destroying a stream closes the handle below it by the method that is put there: else its descriptor would be known for longer than it is
 * its own.
 */
export function closesByHandle(stream: Pick<Writable, "destroy">): boolean {
  const { _handle: handle } = stream as { _handle?: object };
  let isTold = false;
  if (handle) Object.assign(handle, OF_HANDLE, { [WATCHER]: { changing: () => (isTold = true) } });
  stream.destroy();
  return isTold;
}
