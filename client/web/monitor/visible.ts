/** A screen's part before it is seen, there is time to draw it. */
const MARGIN = "200px";

const tellers = new WeakMap<Element, (isVisible: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** Tells whether an element is on the screen, or nearly: now, and whenever that changes. @returns what ends it. */
export function whenVisible(element: Element, tell: (isVisible: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) tellers.get(target)?.(isIntersecting);
    },
    { rootMargin: MARGIN, scrollMargin: MARGIN },
  );
  tellers.set(element, tell);
  observer.observe(element);
  return () => {
    tellers.delete(element);
    observer?.unobserve(element);
  };
}
