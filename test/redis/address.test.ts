import { expect } from "chai";
import { parseAddress } from "../../src/redis/clients.ts";

const NODE = { host: "localhost", port: 6379 };
const PLAIN = { mode: "single", nodes: [NODE], db: 0, tls: false };

describe("a Redis URL", () => {
  for (const [url, address] of [
    ["redis://localhost", PLAIN],
    ["redis://localhost:6380/3", { ...PLAIN, nodes: [{ host: "localhost", port: 6380 }], db: 3 }],
    ["rediss://localhost/", { ...PLAIN, tls: true }],
    ["redis://[::1]:7000", { ...PLAIN, nodes: [{ host: "::1", port: 7000 }] }],
    ["redis://:p%40ss:word@localhost", { ...PLAIN, password: "p@ss:word" }],
    ["redis://ann:secret@localhost", { ...PLAIN, username: "ann", password: "secret" }],
    ["redis://ann@localhost", { ...PLAIN, username: "ann" }],
    ["redis://localhost/1?x=y", { ...PLAIN, db: 1 }],
    [
      "redis+cluster://a:7000,b",
      {
        ...PLAIN,
        mode: "cluster",
        nodes: [
          { host: "a", port: 7000 },
          { host: "b", port: 6379 },
        ],
      },
    ],
    [
      "rediss+sentinel://u:p@a,b:7001/main/2",
      {
        mode: "sentinel",
        nodes: [
          { host: "a", port: 26_379 },
          { host: "b", port: 7001 },
        ],
        master: "main",
        username: "u",
        password: "p",
        db: 2,
        tls: true,
      },
    ],
  ] as const) {
    it(`may be ${url}`, () => expect(parseAddress(url)).to.deep.equal(address));
  }

  for (const url of [
    "",
    "localhost:6379",
    "http://localhost",
    "redis://",
    "redis+other://localhost",
    "redis://a,b",
    "redis://localhost:port",
    "redis://localhost/name",
    "redis://localhost/-1",
    "redis+cluster://a/1",
    "redis+sentinel://a",
  ]) {
    it(`is not ${url === "" ? "nothing" : url}`, () => expect(() => parseAddress(url)).to.throw(TypeError));
  }

  it("is never repeated with its password where it is refused", () => {
    for (const url of [
      "redis://ann:secret@a,b",
      "redis://ann:secret@a/name",
      "redis://ann:secret@",
      "redis://:secret@a:b",
    ])
      expect(() => parseAddress(url), url)
        .to.throw(TypeError)
        .with.property("message")
        .that.does.not.include("secret");
  });
});
