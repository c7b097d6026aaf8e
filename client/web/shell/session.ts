import {
  asGuest,
  connect,
  type Connection,
  type Failure,
  keptIn,
  notify,
  RequestError,
  type TokenSource,
} from "../../index.ts";
import { kept, outboxStorage } from "./storage.ts";

export type Credentials =
  | { readonly kind: "guest"; readonly name: string }
  /** `stays`: it is kept for as long as the tab lives. */
  | { readonly kind: "token"; readonly token: string; readonly stays: boolean };

/** So long a sign-in may take before somebody is told that it failed. */
const PATIENCE_MS = 10_000;

const keptCredentials = kept("session", "tab");
const keptGuest = kept("guest", "tab");
/** The name that one came in with last, to be offered again. */
export const keptName = kept("name", "browser");

/** Comes in, and is kept for when the page is loaded again. @throws RequestError where one is not let in, or not within 10 s */
export async function signIn(credentials: Credentials): Promise<Connection> {
  keptGuest.write(undefined);
  const source = sourceOf(credentials);
  // Asked for here and not by the connection, which would try for as long as it takes.
  const token = typeof source === "function" ? startingWith(await inTime(source()), source) : source;
  const connection = open(token);
  try {
    await inTime(admitted(connection));
  } catch (error) {
    connection.close();
    throw error;
  }
  remember(credentials);
  return connection;
}

/** The connection of whoever was here before the page was loaded again. It is not waited for. */
export function resume(): Connection | undefined {
  const credentials = remembered();
  return credentials && open(sourceOf(credentials));
}

export function signOut(connection: Connection): void {
  connection.close();
  keptCredentials.write(undefined);
  keptGuest.write(undefined);
}

/** A source that gives one token before it asks another. */
function startingWith(first: string, source: () => string | Promise<string>): () => string | Promise<string> {
  let next: string | undefined = first;
  return () => {
    const token = next ?? source();
    next = undefined;
    return token;
  };
}

function sourceOf(credentials: Credentials): TokenSource {
  if (credentials.kind === "token") return credentials.token;
  const storage = {
    getItem: () => keptGuest.read() ?? null,
    setItem: (_key: string, token: string) => keptGuest.write(token),
  };
  return asGuest(credentials.name, { storage });
}

function open(token: TokenSource): Connection {
  const connection = connect({ token, ...(outboxStorage && { storage: keptIn(outboxStorage) }) });
  // Both are there wherever one is: for what is unread in them.
  connection.use(notify);
  void connection.chat;
  return connection;
}

/** Resolves when one is in. */
function admitted(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      const { status, failure } = connection.getSnapshot();
      if (status === "open") resolve();
      else if (status === "refused" || status === "closed") reject(new RequestError(failure ?? UNREACHABLE));
      else return;
      end();
    };
    const end = connection.subscribe(check);
    check();
  });
}

const UNREACHABLE: Failure = { code: "unavailable", message: "The server cannot be reached.", retryable: true };

async function inTime<T>(work: T | Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new RequestError(UNREACHABLE)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function remember(credentials: Credentials): void {
  if (credentials.kind === "guest") keptName.write(credentials.name);
  const stays = credentials.kind === "guest" || credentials.stays;
  keptCredentials.write(stays ? JSON.stringify(credentials) : undefined);
}

function remembered(): Credentials | undefined {
  try {
    return (JSON.parse(keptCredentials.read() ?? "null") as Credentials | null) ?? undefined;
  } catch {
    return undefined;
  }
}
