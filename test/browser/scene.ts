import { type Clock, systemClock } from "../../src/clock.ts";
import type { Client } from "../kit/client.ts";
import { startServer, type TestServer } from "../kit/server.ts";
import { type MadeUpFleet, serveFleet } from "./fleet.ts";
import { DELETED, EDITED, ELSEWHERE, HOSTS, INBOX, type Line, NOW, PEOPLE, type Person, ROOM, TALK } from "./story.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const TOKEN_SEC = 10 * 86_400;

/** A service with people who have talked for two days. */
export interface Scene extends AsyncDisposable {
  readonly server: TestServer;
  /** Ann's, whose screen it is. */
  token(): Promise<string>;
  /** Two others type, for the next 15 s. */
  type(): Promise<void>;
}

export async function startScene(): Promise<Scene> {
  const clock = movable();
  clock.moveTo(NOW - 3 * DAY_MS);
  const server = await startServer({ clock, namespaces: { monitor: false }, maxBufferBytes: 2 ** 26 });
  const token = (person: Person, roles: ("monitor" | "moderator")[] = []) =>
    server.token(person, { name: PEOPLE[person], roles }, TOKEN_SEC);
  const people = new Map<Person, Client>();
  for (const person of Object.keys(PEOPLE) as Person[])
    people.set(person, await server.client("/chat", await token(person)).connected());
  const of = (person: Person) => people.get(person) as Client;

  for (const room of new Set([ROOM, ...ELSEWHERE.map(([name]) => name)]))
    for (const client of people.values()) await client.request("room:join", { room });
  await tell(server, clock, of);
  await read(of("ann"));
  await of("ann")[Symbol.asyncDispose]();
  people.delete("ann");
  clock.moveTo(NOW);
  raiseAlerts(
    serveFleet(server.carillon.io, {
      hosts: HOSTS,
      at: NOW,
      isGap: (secondsAgo) => secondsAgo > 171 && secondsAgo < 184,
    }),
  );

  return {
    server,
    token: () => token("ann", ["monitor", "moderator"]),
    async type() {
      for (const person of ["ben", "chiara"] as const)
        await of(person).request("typing:set", { room: ROOM, typing: true });
    },
    async [Symbol.asyncDispose]() {
      for (const client of people.values()) await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function raiseAlerts(fleet: MadeUpFleet): void {
  const cpu = { host: "helsinki-1", metric: "cpu.percent", level: "critical", value: 97.2, threshold: 95 } as const;
  const lag = {
    host: "helsinki-2",
    metric: "worker.eventLoopLagMs.p99",
    level: "warning",
    value: 132,
    threshold: 100,
  } as const;
  fleet.raise(cpu, NOW - 4 * MINUTE_MS);
  fleet.raise(lag, NOW - MINUTE_MS);
}

/** All that was said and sent, in the order of its times: a log's time never goes back. */
async function tell(server: TestServer, clock: MovableClock, of: (person: Person) => Client): Promise<void> {
  const { room: direct } = await of("ben").request("room:direct", { user: "ann" });
  const say = (room: string, id: string, [minutesAgo, from, text, replyTo]: Line) => ({
    minutesAgo,
    act: () => of(from).request("message:send", { room, id, text, ...(replyTo && { replyTo }) }),
  });
  await using inbox = server.client("/notify", await server.token("ann", { name: PEOPLE.ann }, TOKEN_SEC));
  await inbox.connected();
  await inbox.request("topic:subscribe", { topic: "ops" });
  const events = [
    ...TALK.map((line, index) => say(ROOM, `talk-${index + 1}`.padEnd(8, "-"), line)),
    ...ELSEWHERE.map(([room, ...line], index) => say(room, `elsewhere-${index}`, line)),
    say(direct as string, "direct-1", [9, "ben", "Do you have five minutes after stand-up?"]),
    ...INBOX.map((sent, index) => ({
      minutesAgo: sent[0],
      act: () => notify(server, inbox, `sent-${index}`.padEnd(8, "-"), sent),
    })),
  ];
  for (const { minutesAgo, act } of events.toSorted((a, b) => b.minutesAgo - a.minutesAgo)) {
    clock.moveTo(NOW - minutesAgo * MINUTE_MS);
    await act();
  }
  await of("chiara").request("message:edit", { room: ROOM, id: "edit-0001", target: EDITED.place, text: EDITED.text });
  await of("ben").request("message:delete", { room: ROOM, id: "delete-01", target: DELETED });
}

async function notify(
  server: TestServer,
  inbox: Client,
  id: string,
  [, sent, isRead]: (typeof INBOX)[number],
): Promise<void> {
  const { topic, ...notification } = sent;
  const to = topic === undefined ? { to: "ann" } : { topic };
  const { status, body } = await server.call("POST", "/api/notifications", { ...to, id, ...notification });
  if (status !== 202) throw new Error(`${id}: ${JSON.stringify(body)}`);
  await inbox.event("notification:sent", (event) => event.id === id);
  if (isRead) await inbox.request("notification:read", { ids: [id] });
}

/** What Ann has read: all of the room that she is in, and two others. */
async function read(ann: Client): Promise<void> {
  for (const room of [ROOM, "design", "releases"]) {
    const { head } = await ann.request("room:join", { room });
    await ann.request("marker:move", { room, seq: head });
  }
}

interface MovableClock extends Clock {
  moveTo(now: number): void;
}

/** It goes on as the machine's own does, from wherever it is put. */
function movable(): MovableClock {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    after: systemClock.after,
    moveTo: (now) => void (aheadMs = now - Date.now()),
  };
}
