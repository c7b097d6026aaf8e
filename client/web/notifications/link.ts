export interface Link {
  readonly href: string;
  /** Where it leads to, short. */
  readonly text: string;
  /** It leads to another place of this page. */
  readonly isInside: boolean;
}

/** Where a notification leads, if a browser may be sent there: a web page, or a path of this site. */
export function linkOf(url: string | undefined): Link | undefined {
  const { origin, pathname, href } = location;
  // Read as the browser itself reads it, or something that looks harmless would not be.
  const target = url === undefined ? null : URL.parse(url, href);
  if (!target || (target.protocol !== "http:" && target.protocol !== "https:")) return undefined;
  const isOwn = target.origin === origin;
  const isInside = isOwn && target.pathname === pathname && target.hash !== "";
  const path = target.pathname + target.search + target.hash;
  if (isInside) return { href: target.href, text: target.hash.replace(/^#\/?/, ""), isInside };
  return { href: target.href, text: isOwn ? path : target.host + (path === "/" ? "" : path), isInside };
}
