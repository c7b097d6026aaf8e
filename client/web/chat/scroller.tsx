import { Component, type ComponentChild, createRef } from "preact";
import {
  type Column,
  heightAt,
  heightOf,
  layOut,
  type Place,
  placeOf,
  resized,
  type Span,
  spanOf,
  topOf,
  topToShow,
} from "./virtual.ts";

interface Keyed {
  readonly key: string;
}

export interface ScrollerProps<Row extends Keyed> {
  readonly label: string;
  readonly rows: readonly Row[];
  /** One element for a row, which has the row's key and, as `data-key`, shows it. Its margins have to be inside of it. */
  draw(row: Row): ComponentChild;
  /** How high a row of this width may be, in pixels: what counts until it was drawn once. */
  guess(row: Row, widthPx: number): number;
  /** The reader has moved, or was moved. */
  onMove(where: Where): void;
  onKeyDown?(event: KeyboardEvent): void;
}

export interface Where {
  readonly isAtEnd: boolean;
  readonly isNearTop: boolean;
  readonly isFarFromEnd: boolean;
}

/** So much beyond the view is drawn: enough for the next turn of a wheel. */
const OVERSCAN_PX = 800;

/** Whoever is not more than so many heights of the view away is near. */
const NEAR_VIEWS = 2;

/** Heights of rows that are no longer there are forgotten when there are so many that it is worth it. */
const SPARE_HEIGHTS = 500;

/**
 * Whether the browser keeps in place what one sees when something above it changes. It does so without breaking off a scroll that is under way,
 * which nobody else can.
 */
const BROWSER_ANCHORS = CSS.supports("overflow-anchor", "auto");

/**
 * Rows of which only those near the view are in the document. It keeps the reader where he is: at the end, as it moves on, or with the rows that
 * he sees, whatever is put before them, and however high others turn out to be.
 */
export class Scroller<Row extends Keyed> extends Component<ScrollerProps<Row>> {
  readonly #view = createRef<HTMLDivElement>();
  readonly #before = createRef<HTMLDivElement>();
  readonly #after = createRef<HTMLDivElement>();
  readonly #sizes = new ResizeObserver((entries) => this.#measured(entries));
  /** Of all rows that were ever drawn. */
  readonly #heights = new Map<string, number>();
  readonly #observed = new Set<Element>();
  #rows: readonly Row[] = [];
  #column: Column = layOut([], () => 0);
  #place: Place = "end";
  #drawn: Span = { from: 0, to: 0 };
  #top = 0;
  #height = 0;
  #width = 600;
  #hadFocus = false;
  /** He was put where he is, and has not scrolled since: it is for the column alone to say where that is, and not for the browser. */
  #isPut = true;

  override componentDidMount(): void {
    const view = this.#view.current;
    if (!view) return;
    this.#height = view.clientHeight;
    this.#width = view.clientWidth;
    this.#sizes.observe(view);
    this.#put(true);
    this.#settle();
    this.setState({});
  }

  override componentDidUpdate(): void {
    this.#settle();
    // What had the focus may be out of the document now; who reads by keyboard goes on from the log itself.
    if (this.#hadFocus && document.activeElement === document.body) this.#view.current?.focus({ preventScroll: true });
  }

  override componentWillUnmount(): void {
    this.#sizes.disconnect();
  }

  /** Goes to the end, and follows it. */
  toEnd(): void {
    this.#place = "end";
    this.#put(true);
    this.#settle();
    this.#redraw();
  }

  /** Goes to a row, a part (0 to 1) of the room around it being above. @returns whether there is one of this name. */
  show(key: string, part: number): boolean {
    const index = this.#column.indexOf(key);
    if (index === undefined) return false;
    const top = topToShow(this.#column, index, this.#height, part);
    const isAtEnd = placeOf(this.#column, { top, height: this.#height }) === "end";
    this.#place = isAtEnd ? "end" : [{ key, offset: (this.#column.tops[index] ?? 0) - top }];
    this.#put(true);
    this.#settle();
    this.#redraw();
    return true;
  }

  override render({ label, rows, draw, onKeyDown }: ScrollerProps<Row>): ComponentChild {
    if (rows !== this.#rows) this.#take(rows);
    this.#drawn = spanOf(this.#column, { ...this.#now(), top: this.#target() }, OVERSCAN_PX);
    this.#hadFocus = this.#view.current?.contains(document.activeElement) ?? false;
    return (
      <div
        class="log"
        role="log"
        // Rows come and go while one scrolls, which is no news: what is new is told by the announcer.
        aria-live="off"
        aria-label={label}
        tabIndex={0}
        ref={this.#view}
        onScroll={this.#scrolled}
        onKeyDown={onKeyDown}
      >
        <div class="log-rows">
          <div key="before" class="log-space" ref={this.#before} />
          {rows.slice(this.#drawn.from, this.#drawn.to).map((row) => draw(row))}
          <div key="after" class="log-space" ref={this.#after} />
        </div>
      </div>
    );
  }

  #take(rows: readonly Row[]): void {
    this.#rows = rows;
    this.#column = layOut(
      rows.map(({ key }) => key),
      (index) => this.#heightOf(rows[index] as Row),
    );
    if (this.#heights.size < 2 * rows.length + SPARE_HEIGHTS) return;
    for (const key of this.#heights.keys()) if (this.#column.indexOf(key) === undefined) this.#heights.delete(key);
  }

  #heightOf(row: Row): number {
    return this.#heights.get(row.key) ?? this.props.guess(row, this.#width);
  }

  #now() {
    return { top: this.#top, height: this.#height };
  }

  #target(): number {
    return topOf(this.#column, this.#place, this.#now());
  }

  readonly #scrolled = (): void => {
    const view = this.#view.current;
    // Where it was put by `#settle`, that is told late: by then it may look like somewhere else.
    if (!view || view.scrollTop === this.#top) return;
    // A view that has just grown may have been moved for it, and its size is told only after this.
    this.#height = view.clientHeight;
    this.#top = view.scrollTop;
    this.#place = placeOf(this.#column, this.#now());
    this.#put(this.#place === "end");
    this.#redraw();
    this.#tell();
  };

  /** Draws again where the rows that are there are not enough any more. */
  #redraw(): void {
    const needed = spanOf(this.#column, this.#now(), OVERSCAN_PX / 2);
    if (needed.from < this.#drawn.from || needed.to > this.#drawn.to) this.setState({});
  }

  #put(isPut: boolean): void {
    this.#isPut = isPut;
    this.#view.current?.style.setProperty("overflow-anchor", isPut ? "none" : "auto");
  }

  /** Puts the document in accordance with the column. */
  #settle(): void {
    const [view, before, after] = [this.#view.current, this.#before.current, this.#after.current];
    if (!view || !before || !after) return;
    const { tops } = this.#column;
    const { from, to } = this.#drawn;
    before.style.height = `${tops[from] ?? 0}px`;
    after.style.height = `${heightOf(this.#column) - (tops[to] ?? 0)}px`;
    this.#observe(before, after);
    const top = this.#target();
    // At its very top, a browser lets things move.
    const isLeftToBrowser = BROWSER_ANCHORS && !this.#isPut && view.scrollTop >= 1;
    if (!isLeftToBrowser && Math.abs(view.scrollTop - top) >= 1) view.scrollTop = top;
    this.#top = isLeftToBrowser ? top : view.scrollTop;
    this.#tell();
  }

  /** Looks after the size of every row that is in the document, and of no other. */
  #observe(before: Element, after: Element): void {
    for (const row of this.#observed) {
      if (row.isConnected) continue;
      this.#sizes.unobserve(row);
      this.#observed.delete(row);
    }
    for (let row = before.nextElementSibling; row && row !== after; row = row.nextElementSibling) {
      if (this.#observed.has(row)) continue;
      this.#observed.add(row);
      this.#sizes.observe(row);
    }
  }

  /** Comes after layout and before anything is painted, so that nobody sees a row at a place where it does not stay. */
  #measured(entries: readonly ResizeObserverEntry[]): void {
    const changes = new Map<number, number>();
    for (const { target, borderBoxSize } of entries) {
      if (target === this.#view.current) {
        this.#height = target.clientHeight;
        this.#width = target.clientWidth;
        continue;
      }
      const key = target instanceof HTMLElement ? target.dataset["key"] : undefined;
      const height = borderBoxSize[0]?.blockSize;
      // A row that was just taken out is told once more, as of no height.
      if (key === undefined || height === undefined || !target.isConnected) continue;
      this.#heights.set(key, height);
      const index = this.#column.indexOf(key);
      if (index !== undefined && heightAt(this.#column, index) !== height) changes.set(index, height);
    }
    if (changes.size > 0) this.#column = resized(this.#column, changes);
    this.#settle();
    this.#redraw();
  }

  #tell(): void {
    const { top, height } = this.#now();
    this.props.onMove({
      isAtEnd: this.#place === "end",
      isNearTop: top < NEAR_VIEWS * height,
      isFarFromEnd: heightOf(this.#column) - top > (NEAR_VIEWS + 1) * height,
    });
  }
}
