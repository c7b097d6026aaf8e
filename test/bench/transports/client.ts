import type { HeaderSetName } from "./headers.ts";
import { Inbox } from "./inbox.ts";
import { fail, takeOrders } from "./orders.ts";
import { openPage } from "./page.ts";
import { sendBy } from "./timetable.ts";
import { wayOf } from "./ways/index.ts";

// The client of one way, in a process of its own.

const [name = "", origin = "", headers = "chromium"] = process.argv.slice(2);
const inbox = new Inbox();
const page = openPage(origin, headers as HeaderSetName);
const end = await wayOf(name).connect(page, (message) => inbox.take(message), fail);
takeOrders(
  {
    send: (timetable) => sendBy(timetable, end),
    clear: () => inbox.clear(),
    full: (count, patienceMs) => inbox.full(count, patienceMs),
    received: (count) => inbox.received(count),
  },
  true,
);
