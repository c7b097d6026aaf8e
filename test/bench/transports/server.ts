import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Inbox } from "./inbox.ts";
import { takeOrders } from "./orders.ts";
import { sendBy } from "./timetable.ts";
import { countTraffic } from "./traffic.ts";
import { wayOf } from "./ways/index.ts";

// The server of one way, in a process of its own. It says on which port it listens.

const [name = ""] = process.argv.slice(2);
const inbox = new Inbox();
const http = createServer();
const end = wayOf(name).serve(http, (message) => inbox.take(message));
const traffic = countTraffic(http);
await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
takeOrders(
  {
    send: (timetable) => sendBy(timetable, end),
    clear: () => inbox.clear(),
    full: (count, patienceMs) => inbox.full(count, patienceMs),
    received: (count) => inbox.received(count),
    traffic,
  },
  (http.address() as AddressInfo).port,
);
