import type { Clock } from "../clock.ts";
import type { Workers } from "../cluster/workers.ts";
import type { Logger } from "../logger.ts";
import { type Act, type Attendees, type Owned, parseOwned } from "./attendees.ts";
import type { Connection, Connections, State } from "./connections.ts";

/** Until what could not be told is tried again. */
const RETRY_MS = 1_000;

/** How often the table and Redis are compared although nothing is known to have gone wrong. Spread over as much again. */
const REGULAR_MS = 45_000;

/** So many connections of a room in one step. */
const BATCH = 100;

export interface ReconciliationOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly workers: Workers;
  readonly attendees: Attendees;
  readonly connections: Connections;
  due(room: string): void;
  adopt(dead: string): Promise<void>;
}

/** Makes what Redis has of this worker what the worker's own table says. */
export class Reconciliation {
  readonly #options: ReconciliationOptions;
  #callOff = () => {};
  #callOffRegular = () => {};
  #retrying = false;
  #running = false;
  #again = false;
  #closed = false;

  constructor(options: ReconciliationOptions) {
    this.#options = options;
    this.#scheduleRegular();
  }

  /** Compares now, or once more after a comparison that is under way. */
  start(): void {
    if (this.#closed) return;
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  /** Compares in a while: something could not be told. */
  retry(): void {
    if (this.#retrying || this.#closed) return;
    this.#retrying = true;
    this.#callOff = this.#options.clock.after(RETRY_MS, () => {
      this.#retrying = false;
      this.start();
    });
  }

  /** Tells Redis what became of connections. What fails is tried again: it never rejects. */
  async push(connections: readonly Connection[], late = false): Promise<void> {
    const { clock } = this.#options;
    const acts = (connection: Connection) => actOf(connection, clock.now(), late);
    if (!(await this.#change(connections, acts))) this.retry();
  }

  close(): void {
    this.#closed = true;
    this.#callOff();
    this.#callOffRegular();
  }

  #scheduleRegular(): void {
    const ms = REGULAR_MS * (1 + Math.random());
    this.#callOffRegular = this.#options.clock.after(ms, () => {
      this.start();
      this.#scheduleRegular();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#compare();
      } catch (error) {
        this.#options.logger.debug({ err: error }, "who attends could not be compared with Redis");
        this.retry();
      }
    }
    this.#running = false;
  }

  async #compare(): Promise<void> {
    const { workers, attendees, connections, due } = this.#options;
    // Before what is owned, or a room that was lost in between and begun anew by others would pass for one that was seen.
    const look = await this.#lookAtRooms();
    const owned = await attendees.owned(workers.id);
    // After it, so that whatever it shows of this worker's own doing is in the table by now.
    await workers.refresh();
    const table = connections.byName();
    const strangers = [...owned].filter((name) => !table.has(name)).map(parseOwned);
    for (const { room, user } of strangers) if (user === undefined) due(room);
    const missing = [...table].flatMap(([name, each]) => (owned.has(name) || each.state.is === "gone" ? [] : [each]));
    // One that is going away leaves what was taken over to those who have taken it.
    if (workers.held && !(await this.#register(missing))) this.retry();
    const untold = [...table.values()].filter(({ state, told }) => state !== told && state.is !== "here");
    await this.push([...untold, ...strangers.flatMap(goneOf)], workers.settled);
    for (const [name, each] of table) if (owned.has(name)) look(each);
    if (workers.settled) await this.#adoptUnknown();
  }

  /** @returns what tells those who are there as they were how far their room had come: it may have been rolled back and found out to have been. */
  async #lookAtRooms(): Promise<(connection: Connection) => void> {
    const { attendees, connections } = this.#options;
    const before = new Map([...connections].map((each) => [each, each.seen]));
    const rooms = [...new Set([...before.keys()].map(({ room }) => room))];
    const all = await attendees.seen(rooms);
    const seen = new Map(rooms.map((room, place) => [room, all[place]]));
    return (each) => {
      // What was told meanwhile has seen more.
      if (each.seen && each.seen === before.get(each)) each.seen = seen.get(each.room) ?? each.seen;
    };
  }

  #register(connections: readonly Connection[]): Promise<boolean> {
    const { clock } = this.#options;
    return this.#change(connections, (connection) => {
      const { user, connection: id, name, seen, state, adopted } = connection;
      const act = adopted ? "keep" : "register";
      return { act, user, connection: id, name, seen, droppedMs: droppedMs(state, clock.now()) };
    });
  }

  /** Those who are in no registry any more, since Redis has lost it, but still have something. */
  async #adoptUnknown(): Promise<void> {
    const { attendees, workers, adopt } = this.#options;
    const owners = await attendees.owners();
    await workers.refresh();
    for (const worker of owners) if (!workers.isAlive(worker)) await adopt(worker);
  }

  /** Resolves to whether all of it is told now. */
  async #change(connections: readonly Connection[], act: (connection: Connection) => Act): Promise<boolean> {
    const rooms = new Map<string, Connection[]>();
    for (const each of connections) {
      const others = rooms.get(each.room);
      if (others) others.push(each);
      else rooms.set(each.room, [each]);
    }
    const steps = [...rooms.values()].flatMap((all) =>
      Array.from({ length: Math.ceil(all.length / BATCH) }, (_, at) => all.slice(at * BATCH, (at + 1) * BATCH)),
    );
    const done = await Promise.all(steps.map((step) => this.#changeRoom(step, act)));
    return !done.includes(false);
  }

  async #changeRoom(step: readonly Connection[], act: (connection: Connection) => Act): Promise<boolean> {
    const { attendees, due, logger } = this.#options;
    const room = step[0]?.room ?? "";
    const states = step.map(({ state }) => state);
    try {
      const changed = await attendees.change(room, step.map(act));
      if (changed.due) due(room);
      let allTold = true;
      for (const [place, connection] of step.entries()) {
        const result = changed.results[place];
        // Known to be lost with what Redis held: it is told when it is said again, or when others have had the time to.
        if (result === "lost") allTold = false;
        else this.#told(connection, states[place], result);
        connection.seen = result === "done" ? changed.seen : connection.seen;
      }
      return allTold;
    } catch (error) {
      logger.debug({ err: error }, "Redis could not be told who attends");
      return false;
    }
  }

  #told(connection: Connection, state: State | undefined, result: string | undefined): void {
    connection.told = state;
    const isOver = state?.is === "gone" || (state?.is === "dropped" && result === "missing");
    if (isOver && connection.state === state) this.#options.connections.remove(connection);
  }
}

/** What Redis has of this worker and the table has not: Redis went back to an earlier state, or carried out what had been given up. */
function goneOf({ room, user, connection }: Owned): Connection[] {
  if (user === undefined || connection === undefined) return [];
  const state = { is: "gone" } as const;
  return [{ room, user, connection, name: "", adopted: false, state, told: undefined, seen: undefined, callOff() {} }];
}

const droppedMs = (state: State, now: number) => (state.is === "dropped" ? Math.max(0, now - state.at) : -1);

function actOf({ user, connection, name, seen, state, adopted }: Connection, now: number, late: boolean): Act {
  const about = { user, connection, name, seen };
  if (state.is === "here") return { act: "register", ...about, droppedMs: -1 };
  if (state.is === "dropped") return { act: "drop", ...about, droppedMs: droppedMs(state, now) };
  return adopted ? { act: "stop", ...about } : { act: "leave", ...about, late };
}
