import { ownedAs, type Seen } from "./attendees.ts";

/** What became of a connection: each change of it is another object, so that it can be told whether Redis knows the last one. */
export type State = { readonly is: "here" } | { readonly is: "dropped"; readonly at: number } | { readonly is: "gone" };

/** One connection's attendance of a room, for which a worker answers. */
export interface Connection {
  readonly room: string;
  readonly user: string;
  readonly name: string;
  readonly connection: string;
  /** It was a worker's that is dead. */
  readonly adopted: boolean;
  state: State;
  /** The state that Redis knows of. */
  told: State | undefined;
  /** The room, when Redis was told. */
  seen: Seen | undefined;
  /** Calls off what ends its grace. */
  callOff: () => void;
}

/** All that a worker answers for. It is the truth: what Redis has of this worker follows it. */
export class Connections {
  /** By room and user, then by connection. */
  readonly #users = new Map<string, Map<string, Connection>>();

  *[Symbol.iterator](): Iterator<Connection> {
    for (const connections of this.#users.values()) yield* connections.values();
  }

  get(room: string, user: string, connection: string): Connection | undefined {
    return this.#users.get(`${room} ${user}`)?.get(connection);
  }

  of(room: string, user: string): readonly Connection[] {
    return [...(this.#users.get(`${room} ${user}`)?.values() ?? [])];
  }

  /** In the place of one of the same id, if there is one. */
  put(connection: Connection): void {
    const { room, user } = connection;
    this.get(room, user, connection.connection)?.callOff();
    const users = this.#users.get(`${room} ${user}`) ?? new Map<string, Connection>();
    users.set(connection.connection, connection);
    this.#users.set(`${room} ${user}`, users);
  }

  /** Unless another one has taken its place. */
  remove(connection: Connection): void {
    connection.callOff();
    const { room, user } = connection;
    const users = this.#users.get(`${room} ${user}`);
    if (users?.get(connection.connection) !== connection) return;
    users.delete(connection.connection);
    if (users.size === 0) this.#users.delete(`${room} ${user}`);
  }

  /** By what they are called in the worker's sets. */
  byName(): Map<string, Connection> {
    return new Map([...this].map((each) => [ownedAs(each.room, each.user, each.connection), each]));
  }

  close(): void {
    for (const { callOff } of this) callOff();
    this.#users.clear();
  }
}
