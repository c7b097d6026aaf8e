import type { Clock } from "../clock.ts";
import type { Workers } from "../cluster/workers.ts";
import type { Logger } from "../logger.ts";
import { CarillonError } from "../protocol/errors.ts";
import type { RedisLink } from "../redis/link.ts";
import { type Adopted, adoptFrom } from "./adoption.ts";
import { type Attendees, redisAttendees } from "./attendees.ts";
import { type Connection, Connections, type State } from "./connections.ts";
import { type Attending, GRACE_MS, type Member, type Presence, type PresenceChange } from "./index.ts";
import { Reconciliation } from "./reconciliation.ts";
import { Telling } from "./telling.ts";

export interface RedisPresenceOptions {
  readonly link: RedisLink;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests: how far `clock` is ahead of Redis's own. */
  readonly skewMs?: () => number;
}

/** It stays as it is in Redis when closed: the worker's members are for others to take over, or are back elsewhere already. */
export type RedisPresence = Presence & { close(): void };

/**
 * Who attends, shared by the workers of a cluster. Each worker answers for the connections that it has: its own table of them is the
 * truth, and what Redis holds follows it. When its lease runs out, others take over what it had in Redis.
 */
export function redisPresence(options: RedisPresenceOptions): RedisPresence {
  return new SharedPresence(options);
}

class SharedPresence implements RedisPresence {
  readonly #options: RedisPresenceOptions;
  readonly #attendees: Attendees;
  readonly #connections = new Connections();
  readonly #telling: Telling;
  readonly #reconciliation: Reconciliation;
  readonly #listeners = new Set<(change: PresenceChange) => void>();
  readonly #stopHearing: readonly (() => void)[];
  #closed = false;

  constructor(options: RedisPresenceOptions) {
    const { link, workers, clock, logger, skewMs = () => 0 } = options;
    this.#options = options;
    this.#attendees = redisAttendees({ link, worker: workers.id, skewMs });
    this.#telling = new Telling({
      clock,
      worker: workers.id,
      take: (room, name, from) => this.#attendees.take(room, name, from),
      tell: (change) => this.#tell(change),
    });
    this.#reconciliation = new Reconciliation({
      clock,
      logger,
      workers,
      attendees: this.#attendees,
      connections: this.#connections,
      due: (room) => this.#telling.schedule(room),
      adopt: (dead) => this.#adoptFrom(dead),
    });
    const reconcile = () => this.#reconciliation.start();
    this.#stopHearing = [
      link.onGap(reconcile),
      workers.onRegistered(reconcile),
      workers.onSettled(reconcile),
      workers.onDead((dead) => this.#adoptFrom(dead)),
    ];
  }

  async enter(room: string, member: Member, connection: string, most = 0): Promise<Attending> {
    await this.#requireLease();
    const state: State = { is: "here" };
    const before = this.#connections.get(room, member.id, connection)?.state;
    const entering: Connection = {
      room,
      user: member.id,
      name: member.name,
      connection,
      adopted: false,
      state,
      told: undefined,
      seen: undefined,
      callOff() {},
    };
    this.#connections.put(entering);
    try {
      const { user, name } = entering;
      const act = { act: "enter", user, connection, name } as const;
      const { seen, due, results, attending } = await this.#attendees.change(room, [act], most);
      Object.assign(entering, { seen, told: state });
      if (due) this.#telling.schedule(room);
      this.#replaced(room, user, results[0] ?? "", connection);
      return attending;
    } catch (error) {
      // It may have come to pass all the same. What attended before still does.
      if (entering.state === state && before?.is !== "here") entering.state = { is: "gone" };
      this.#reconciliation.retry();
      throw error;
    }
  }

  /** Never rejects: what Redis could not be told it is told when it answers again. */
  async leave(room: string, user: string, connection: string, how?: "dropped"): Promise<void> {
    const leaving = this.#connections.get(room, user, connection);
    if (!leaving || leaving.state.is === "gone") return;
    leaving.callOff();
    if (how === "dropped") this.#drop(leaving, this.#options.clock.now());
    else leaving.state = { is: "gone" };
    await this.#reconciliation.push([leaving]);
  }

  async expel(room: string, user: string): Promise<void> {
    // First of all, so that nothing of it is said again after an outage.
    for (const connection of this.#connections.of(room, user)) {
      connection.callOff();
      connection.state = { is: "gone" };
    }
    try {
      const { due } = await this.#attendees.change(room, [{ act: "expel", user }]);
      if (due) this.#telling.schedule(room);
      for (const connection of this.#connections.of(room, user))
        if (connection.state.is === "gone") this.#connections.remove(connection);
    } catch (error) {
      this.#reconciliation.retry();
      throw error;
    }
  }

  attending(room: string, most: number) {
    return this.#attendees.attending(room, most);
  }

  absent(room: string, users: readonly string[]) {
    return this.#attendees.absent(room, users);
  }

  listen(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stopHearing) stop();
    this.#reconciliation.close();
    this.#telling.close();
    this.#connections.close();
    this.#listeners.clear();
  }

  /** Without a lease nobody would take over who enters here, and nothing that is entered while Redis is out could be made good. */
  async #requireLease(): Promise<void> {
    const { link, workers } = this.#options;
    if (!workers.held) await workers.refresh();
    if (!workers.held || !link.up) throw new CarillonError("unavailable");
  }

  /** It counts for as long as the grace runs; `at` is when that began. */
  #drop(connection: Connection, at: number): void {
    const { clock } = this.#options;
    connection.state = { is: "dropped", at };
    connection.callOff = clock.after(at + GRACE_MS - clock.now(), () => {
      connection.state = { is: "gone" };
      void this.#reconciliation.push([connection]);
    });
  }

  #replaced(room: string, user: string, replaced: string, by: string): void {
    const connection = replaced === by ? undefined : this.#connections.get(room, user, replaced);
    if (connection && connection.state.is !== "here") this.#connections.remove(connection);
  }

  #adoptFrom(dead: string): Promise<void> {
    const { clock, workers } = this.#options;
    return adoptFrom(dead, {
      attendees: this.#attendees,
      clock,
      isDead: (worker) => !this.#closed && workers.settled && !workers.isAlive(worker),
      adopted: (members) => members.forEach((member) => this.#adopt(member)),
      takeOver: (room, from) => this.#telling.takeOver(room, from),
      due: (room) => this.#telling.schedule(room),
    });
  }

  #adopt({ room, user, connection, name, droppedAt, seen }: Adopted): void {
    if (this.#closed) return;
    const state: State = { is: "dropped", at: droppedAt };
    const adopted = { room, user, name, connection, adopted: true, state, told: state, seen, callOff() {} };
    this.#connections.put(adopted);
    this.#drop(adopted, droppedAt);
    adopted.told = adopted.state;
  }

  #tell(change: PresenceChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#options.logger.error({ err: error }, "a change of presence could not be told");
      }
    }
  }
}
