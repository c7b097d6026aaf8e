import type { MadeUpHost } from "./fleet.ts";

/** The moment that everything is shown at. */
export const NOW = Date.UTC(2025, 5, 12, 14, 32, 10);

export const ROOM = "web-app";

export const PEOPLE = {
  ann: "Ann Lindqvist",
  ben: "Ben Okafor",
  chiara: "Chiara Rossi",
  devika: "Devika Rao",
  yusuf: "Yusuf Demir",
  noor: "نور الهاشمي",
} as const;

export type Person = keyof typeof PEOPLE;

export type Line = readonly [minutesAgo: number, from: Person, text: string, replyTo?: number];

const DAY = 24 * 60;

/** What was said in `ROOM`. */
export const TALK: readonly Line[] = [
  [
    DAY + 95,
    "devika",
    "The new history view is on staging. Scrolling back stays smooth now, even in the rooms with years in them.",
  ],
  [DAY + 93, "ben", "Tried it on my old phone. Night and day."],
  [DAY + 92, "ben", "One thing: after a reload I land at the newest message, not where I was reading."],
  [DAY + 88, "devika", "Right, that is not kept yet. I'll write it down.", 3],
  [DAY + 41, "yusuf", "Release notes are drafted: https://example.org/notes/2025-06"],
  [46, "chiara", "Good news: the contrast check is through: both themes pass AA, charts included."],
  [44, "ann", "Lovely. Did the focus rings survive the new palette?"],
  [43, "chiara", "They did. I made them a pixel wider while I was there."],
  [31, "noor", "مرحباً بالجميع، الترجمة العربية جاهزة للمراجعة."],
  [29, "ann", "Thank you! @Devika Rao, could you have a look at how the mixed lines break?"],
  [27, "devika", "On it. Names and numbers stay in their own direction now, so it should read well.", 10],
  [
    14,
    "ben",
    "We lost worker 3 for a moment at 14:17. Nobody noticed: everything that was written meanwhile is there, in order.",
  ],
  [12, "yusuf", "Same here, my tab said it was back after two seconds.", 12],
  [8, "ann", "Then I am calling it: we ship on Thursday after lunch."],
  [7, "ben", "Thrusday it is."],
  [6, "ben", "Thursday it is. @Ann Lindqvist, will you write the announcement?"],
  [2, "ann", "I will, and put it into releases when we are through."],
];

/** By their places in the talk, counted from 1. */
export const EDITED = { place: 8, text: "They did. I made them a pixel wider while I was at it." };
export const DELETED = 15;

/** And in other rooms. */
export const ELSEWHERE: readonly (readonly [room: string, ...line: Line])[] = [
  ["design", 190, "chiara", "New icons are in the shared folder."],
  ["incidents", 16, "yusuf", "14:17 worker 3 restarted, back after 2 s."],
  ["incidents", 15, "devika", "Cause found: the host ran out of file handles."],
  ["incidents", 11, "devika", "Limit raised on all three hosts."],
  ["random", 52, "ben", "There is cake in the kitchen."],
  ["random", 37, "noor", "There was cake in the kitchen."],
  ["releases", 310, "yusuf", "1.8.2 is out."],
];

/** What was sent to Ann, whose screen it is. */
export const INBOX: readonly (readonly [minutesAgo: number, notification: Record<string, unknown>, isRead?: true])[] = [
  [2 * DAY, { title: "Welcome to the web app room", level: "info" }, true],
  [DAY + 130, { title: "Backup finished", body: "42 GiB in 11 min.", level: "success", topic: "ops" }, true],
  [
    DAY + 20,
    {
      title: "Your review was requested",
      body: "Devika asks for a look at “Read history from where one was”.",
      level: "info",
      url: "https://example.org/reviews/418",
    },
    true,
  ],
  [190, { title: "Certificate of chat.example.org ends in 20 days", level: "warning", topic: "ops" }, true],
  [
    58,
    {
      title: "Deployment of 1.9.0-rc.1 to staging succeeded",
      level: "success",
      url: "https://example.org/deployments/190",
    },
  ],
  [
    15,
    {
      title: "Worker 3 on helsinki-2 restarted",
      body: "It ran out of file handles. Its clients were back after two seconds, and nothing is missing.",
      level: "warning",
      topic: "ops",
    },
  ],
  [
    4,
    {
      title: "CPU of helsinki-1 is over 95 %",
      body: "97.2 % for the last six samples.",
      level: "critical",
      topic: "ops",
      url: "#/monitor",
    },
  ],
  [
    6,
    {
      title: "Ben mentioned you in web-app",
      body: "“@Ann Lindqvist, will you write the announcement?”",
      level: "info",
      url: `#/chat/${ROOM}`,
    },
  ],
];

export const HOSTS: readonly MadeUpHost[] = [
  { name: "helsinki-1", cores: 8, memoryGiB: 32, workers: 4, busy: 0.78 },
  { name: "helsinki-2", cores: 8, memoryGiB: 32, workers: 4, busy: 0.42 },
  { name: "lisbon-1", cores: 4, memoryGiB: 16, workers: 2, busy: 0.22 },
];
