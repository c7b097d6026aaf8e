import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { listening } from "../kit/http.ts";
import { eventually } from "../kit/wait.ts";
import { Distance } from "./transports/distance.ts";
import { Inbox } from "./transports/inbox.ts";
import { compose, type Message, MESSAGE_BYTES } from "./transports/message.ts";
import { openPage } from "./transports/page.ts";
import { pictures } from "./transports/pictures.ts";
import { insert } from "./report/insert.ts";
import { PAGE, texts } from "./transports/publish.ts";
import { percentile, type Results } from "./transports/results.ts";
import { dueTimes } from "./transports/timetable.ts";
import { countTraffic } from "./transports/traffic.ts";
import { WAYS } from "./transports/ways/index.ts";
import { longPolling } from "./transports/ways/polling.ts";
import { type Course, type Direction, DIRECTIONS, measure, workloadsOf } from "./transports/workloads.ts";

const MESSAGES = 20;

/** A server whose messages are fetched. */
async function serveMailbox() {
  const http = createServer();
  const end = longPolling.serve(http, () => {});
  const server = await listening(http);
  const page = openPage(server.url, "bare");
  const fetchAfter = async (after: number, waitMs = 0): Promise<number[]> => {
    const body = await text(await page.get(`/messages?after=${after}&wait=${waitMs}`, {}));
    return body === "" ? [] : (JSON.parse(body) as Message[]).map(({ number }) => number);
  };
  const send = (...numbers: number[]) => numbers.forEach((number) => end.send(compose(number, 0n)));
  return { fetchAfter, send, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe("what HTTP and websockets take", () => {
  describe("measured by few messages", () => {
    const measured = new Map<string, Record<Direction, Course>>();

    before(async function () {
      this.timeout(60_000);
      const [steady] = workloadsOf(MESSAGES, 100, 1);
      if (!steady) throw new Error("There is no workload.");
      await Promise.all(WAYS.map(async (way) => measured.set(way.name, await measure(way, steady, "chromium"))));
    });

    const courseOf = (name: string, direction: Direction): Course => {
      const course = measured.get(name)?.[direction];
      if (!course) throw new Error(`${name} was not measured.`);
      return course;
    };

    for (const { name } of WAYS) {
      it(`brings all messages, each once, in both directions by ${name}`, () => {
        for (const direction of DIRECTIONS) {
          const { received, traffic } = courseOf(name, direction);
          expect(received).to.include({ missing: 0, doubled: 0 });
          expect(received.latencies).to.have.lengthOf(MESSAGES);
          expect(traffic.connections).to.be.within(1, 6);
          const carrying = direction === "down" ? traffic.bytesDown : traffic.bytesUp;
          expect(carrying).to.be.at.least(MESSAGES * MESSAGE_BYTES);
        }
      });
    }

    it("finds a websocket's frame header and no more around each message", () => {
      expect(courseOf("Plain WebSocket", "down").traffic).to.deep.equal({
        requests: 0,
        connections: 1,
        bytesUp: 0,
        bytesDown: MESSAGES * (MESSAGE_BYTES + 4),
        headerBytesUp: 0,
      });
      // A client's frames are masked.
      expect(courseOf("Plain WebSocket", "up").traffic.bytesUp).to.equal(MESSAGES * (MESSAGE_BYTES + 8));
    });

    it("finds a request for each message that is posted", () => {
      const { requests, bytesUp, headerBytesUp } = courseOf("Server-sent events", "up").traffic;
      expect(requests).to.equal(MESSAGES);
      expect(bytesUp - headerBytesUp).to.equal(MESSAGES * MESSAGE_BYTES);
    });
  });

  describe("is counted at the socket", () => {
    it("to the byte: of requests, their headers, and answers", async () => {
      const http = createServer((_request, response) => void response.end("Hello"));
      const take = countTraffic(http);
      await using server = await listening(http);
      const head = "POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";
      const answers: string[] = [];
      for (let count = 0; count < 2; count++) {
        const socket = connect(server.port, "127.0.0.1");
        socket.write(`${head}abc`);
        answers.push(await text(socket));
      }
      expect(take()).to.deep.equal({
        requests: 2,
        connections: 2,
        bytesUp: 2 * (head.length + 3),
        bytesDown: answers.join("").length,
        headerBytesUp: 2 * head.length,
      });
      expect(take()).to.include({ requests: 0, connections: 0, bytesUp: 0, bytesDown: 0 });
    });
  });

  describe("is asked of long polling that", () => {
    it("has what came between two polls in the next answer, all of it", async () => {
      await using mailbox = await serveMailbox();
      mailbox.send(1, 2, 3);
      expect(await mailbox.fetchAfter(0, 5_000)).to.deep.equal([1, 2, 3]);
    });

    it("loses nothing with an answer that is lost", async () => {
      await using mailbox = await serveMailbox();
      mailbox.send(1, 2);
      await mailbox.fetchAfter(0);
      expect(await mailbox.fetchAfter(0)).to.deep.equal([1, 2]);
      mailbox.send(3);
      expect(await mailbox.fetchAfter(2)).to.deep.equal([3]);
    });

    it("answers a poll that waits with all that is sent at once", async () => {
      await using mailbox = await serveMailbox();
      const polled = mailbox.fetchAfter(0, 5_000);
      expect(await mailbox.fetchAfter(0)).to.deep.equal([]);
      mailbox.send(1, 2, 3);
      expect(await polled).to.deep.equal([1, 2, 3]);
    });
  });

  describe("is not made better than it is:", () => {
    it("what is lost, comes twice or is overtaken is counted", async () => {
      const inbox = new Inbox();
      for (const number of [1, 3, 2, 3]) inbox.take(compose(number, process.hrtime.bigint()));
      await inbox.full(5, 1);
      expect(inbox.received(5)).to.include({ missing: 2, doubled: 1, overtaken: 1 });
    });

    it("all messages are of one size", () => {
      const sizes = [1, 999, 12_345].map((number) => JSON.stringify(compose(number, 10n ** 17n)).length);
      expect(new Set(sizes)).to.deep.equal(new Set([MESSAGE_BYTES]));
    });

    it("a timetable is the same for everybody, and fits its rate", () => {
      const timetable = { messages: 1_000, burst: 10, burstsPerSec: 5, seed: 7 };
      const times = dueTimes(timetable);
      expect(times).to.deep.equal(dueTimes(timetable));
      expect(new Set(times).size).to.equal(100);
      expect(Number(times.at(-1)) / 1e9).to.be.within(15, 25);
    });

    it("a percentile is a value that was measured", () => {
      const values = Array.from({ length: 100 }, (_, index) => 100 - index);
      expect([0.5, 0.99, 1].map((part) => percentile(values, part))).to.deep.equal([50, 99, 100]);
    });

    it("a distance takes its time, and that of the handshake, and changes nothing", async () => {
      const echo = createServer((request, response) => void request.pipe(response));
      await using server = await listening(echo);
      await using distance = await Distance.to(server.port, 20);
      const page = openPage(`http://127.0.0.1:${distance.port}`, "bare");
      const began = performance.now();
      await page.post("/", compose(1, 0n));
      const connected = performance.now();
      await page.post("/", compose(2, 0n));
      expect(connected - began).to.be.at.least(40);
      expect(performance.now() - connected).to.be.at.least(20);
      page.agent.destroy();
      await eventually(() => Object.keys(page.agent.sockets).length === 0);
    });
  });

  describe("is told in the documentation", () => {
    const page = readFileSync(PAGE, "utf8");
    const folder = join(dirname(PAGE), "http-vs-websocket");
    const results = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as Results;

    it("with its command, versions and date", () => {
      for (const part of ["summary", "polling", "tables"]) {
        const told = page.slice(page.indexOf(`<!-- ${part} -->`), page.indexOf(`<!-- /${part} -->`));
        expect(told).to.match(/`npm run bench:transports[^`]*` on 20\d\d-\d\d-\d\d/);
        expect(told).to.match(/commit [0-9a-f]{7,}/);
        for (const name of ["Node", "socket.io", "socket.io-client", "ws"]) {
          expect(told).to.match(new RegExp(`\\b${name.replace(".", "\\.")} v?\\d+\\.\\d+\\.\\d+`));
        }
      }
    });

    it("as it was measured, in tables and pictures alike", () => {
      expect(page).to.equal(insert(page, texts(results)));
      for (const [file, svg] of Object.entries(pictures(results))) {
        expect(readFileSync(join(folder, file), "utf8"), file).to.equal(svg);
        expect(page).to.include(`(http-vs-websocket/${file})`);
      }
    });

    it("of all ways, by as many messages as the page says", () => {
      expect(results.ways.map(({ name }) => name)).to.deep.equal(WAYS.map(({ name }) => name));
      expect(results.plan).to.include({ messages: 1_000, idleSec: 60, headers: "chromium" });
    });

    it("not at all where the page has no place for it", () => {
      expect(() => insert("<!-- summary -->", { summary: "" })).to.throw("no place for the summary");
    });
  });
});
