import { useEffect, useState } from "preact/hooks";

/** Where one is in the app, as the page's hash says it. */
export type Route =
  { readonly view: "chat"; readonly room?: string } | { readonly view: "notifications" } | { readonly view: "monitor" };

export type View = Route["view"];

/** Reads a hash; whatever leads nowhere leads to the chat. */
function parseRoute(hash: string): Route {
  const [view, room] = hash.replace(/^#?\/?/, "").split("/");
  if (view === "notifications" || view === "monitor") return { view };
  const name = view === "chat" && room ? decoded(room) : undefined;
  return name === undefined ? { view: "chat" } : { view: "chat", room: name };
}

/** The link to a place. */
export function hrefOf(route: Route): string {
  return route.view === "chat" && route.room !== undefined
    ? `#/chat/${encodeURIComponent(route.room)}`
    : `#/${route.view}`;
}

/** Goes there. `replace`: the way back does not lead here again. */
export function navigate(route: Route, { replace = false } = {}): void {
  const href = hrefOf(route);
  if (replace) location.replace(href);
  else location.hash = href;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return parseRoute(hash);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
