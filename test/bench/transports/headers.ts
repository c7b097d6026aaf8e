/** Request headers of a page's own, beside those that Node's client sends as a browser does: `Host`, `Connection`, `Content-Length`. */
export interface HeaderSet {
  readonly get: Readonly<Record<string, string>>;
  readonly post: Readonly<Record<string, string>>;
  readonly stream: Readonly<Record<string, string>>;
  /** Beside `Upgrade` and `Sec-WebSocket-*`. */
  readonly websocket: Readonly<Record<string, string>>;
}

export type HeaderSetName = "chromium" | "bare";

const AGENT = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-US,en;q=0.9",
};

const FETCH = {
  ...AGENT,
  "sec-ch-ua-platform": '"Linux"',
  "sec-ch-ua": '"Not:A-Brand";v="8", "Chromium";v="156"',
  "sec-ch-ua-mobile": "?0",
  "Sec-Fetch-Site": "same-origin",
  "Sec-Fetch-Mode": "cors",
  "Sec-Fetch-Dest": "empty",
};

const UNCACHED = { Pragma: "no-cache", "Cache-Control": "no-cache" };

const JSON_BODY = { "Content-Type": "application/json" };

/** What Chromium 156 sends to the page's own origin over HTTPS (or, as here, to the loopback), without a cookie or a token. */
function chromium(origin: string): HeaderSet {
  const fetched = { ...FETCH, Referer: `${origin}/` };
  return {
    get: { ...fetched, Accept: "*/*" },
    post: { ...fetched, Accept: "*/*", Origin: origin, ...JSON_BODY },
    stream: { ...fetched, ...UNCACHED, Accept: "text/event-stream" },
    websocket: { ...AGENT, ...UNCACHED, Origin: origin },
  };
}

/** `bare` is what HTTP cannot do without: the least that any client sends. */
export const HEADER_SETS: Readonly<Record<HeaderSetName, (origin: string) => HeaderSet>> = {
  chromium,
  bare: () => ({ get: {}, post: JSON_BODY, stream: { Accept: "text/event-stream" }, websocket: {} }),
};
