import { expect } from "chai";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { anchor } from "../../src/docs/field-table.ts";
import { renderAsyncApi } from "../../src/docs/asyncapi.ts";
import { CONTRACTS, renderDocuments } from "../../src/docs/documents.ts";
import { renderOpenApi } from "../../src/docs/openapi.ts";
import { renderReference } from "../../src/docs/reference.ts";
import { gatherSchemas } from "../../src/docs/schemas.ts";
import { settings } from "../../src/environment.ts";
import { HTTP_ROUTES, REQUESTABLE } from "../../src/http/contract.ts";
import { ERRORS } from "../../src/protocol/errors.ts";

type Node = Record<string, unknown>;

describe("The generated documents", () => {
  for (const [path, text] of renderDocuments()) {
    it(`${path} is up to date (npm run docs)`, () => {
      const committed = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
      expect(committed === text, `${path} differs from what npm run docs writes`).to.equal(true);
    });
  }
});

describe("The reference page", () => {
  const page = renderReference(CONTRACTS, settings);
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);

  it("has a heading for every request and event", () => {
    const names = CONTRACTS.flatMap(({ requests, events }) => [...Object.keys(requests), ...Object.keys(events)]);
    expect(headings).to.include.members(names.map((name) => `\`${name}\``));
  });

  it("has a row for every error code, route and setting", () => {
    const routes = Object.values(HTTP_ROUTES).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    for (const name of [...Object.keys(ERRORS), ...routes, ...settings.map((setting) => setting.name)]) {
      expect(page).to.include(`\n| \`${name}\``);
    }
  });

  it("links only to headings that are there, each of them once", () => {
    const anchors = headings.map(anchor);
    expect(anchors).to.have.lengthOf(new Set(anchors).size);
    expect(anchors).to.include.members([...page.matchAll(/\]\((#[^)]*)\)/g)].map(([, link]) => link));
  });

  it("shows types, defaults and bounds of what a client writes", () => {
    const join = page.slice(page.indexOf("### `room:join`"), page.indexOf("### `rooms:join`"));
    expect(join).to.include("| `limit` | integer | default `50` | 1…300 |");
    expect(join).to.include("| `since` | [Position](#position) | optional |");
  });
});

describe("The OpenAPI document", () => {
  const document = renderOpenApi(REQUESTABLE);
  const operations = Object.values(document["paths"] as Record<string, Node>).flatMap(
    (path) => Object.values(path) as Node[],
  );

  it("has a path for each request that needs no socket, and none for the others", () => {
    const paths = Object.keys(document["paths"] as Node);
    expect(paths).to.include("/api/requests/message:send");
    expect(paths).not.to.include("/api/requests/room:join");
  });

  it("has an operation for every route", () => {
    const paths = document["paths"] as Record<string, Node>;
    const { request: _, ...routes } = HTTP_ROUTES;
    for (const { path, method } of Object.values(routes)) {
      expect(paths[path.replaceAll(/:(\w+)/g, "{$1}")], path).to.have.property(method);
    }
  });

  it("gives every operation an id of its own, a success and parameters for the names in its path", () => {
    const ids = operations.map((operation) => operation["operationId"]);
    expect(ids).to.have.lengthOf(new Set(ids).size);
    for (const operation of operations) {
      expect(Object.keys(operation["responses"] as Node).some((status) => status.startsWith("2"))).to.equal(true);
    }
    for (const [path, methods] of Object.entries(document["paths"] as Record<string, Record<string, Node>>)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods) as { parameters?: Node[] }[]) {
        expect(parameters.filter((parameter) => parameter["in"] === "path").map(({ name }) => name)).to.deep.equal(
          names,
        );
      }
    }
  });

  it("says which error codes stand behind a status", () => {
    const { responses } = document["components"] as { responses: Record<string, Node> };
    for (const [code, { status }] of Object.entries(ERRORS)) {
      expect(responses[`Failure${status}`]?.["description"], code).to.include(`\`${code}\``);
    }
  });

  it("resolves every reference", () => expectResolved(document));
});

describe("The AsyncAPI document", () => {
  const document = renderAsyncApi(CONTRACTS);

  it("has a message and an operation for every request and event", () => {
    const channels = document["channels"] as Record<string, { messages: Record<string, { name: string }> }>;
    const operations = document["operations"] as Record<string, { action: string; title: string }>;
    for (const { name, requests, events } of CONTRACTS) {
      const channel = name.slice(1);
      const messages = Object.values(channels[channel]?.messages ?? {}).map((message) => message.name);
      expect(messages).to.include.members([...Object.keys(requests), ...Object.keys(events)]);
      const mine = Object.entries(operations).filter(([id]) => id.startsWith(`${channel}.`));
      const titles = (action: string) => mine.filter(([, it]) => it.action === action).map(([, it]) => it.title);
      expect(titles("receive")).to.deep.equal(Object.keys(requests));
      expect(titles("send")).to.deep.equal(Object.keys(events));
    }
  });

  it("resolves every reference", () => expectResolved(document));
});

describe("Gathering schemas", () => {
  it("refuses one id for two forms: what is read would be documented as what is written", () => {
    const schemas = gatherSchemas("#/");
    const Twice = z.object({ level: z.string().default("info") }).meta({ id: "TwoForms" });
    schemas.convert(z.object({ twice: Twice }), "input");
    expect(() => schemas.convert(z.object({ twice: Twice }), "output")).to.throw("TwoForms");
  });
});

function expectResolved(document: Node): void {
  const references = referencesIn(document);
  expect(references.length).to.be.greaterThan(0);
  for (const reference of references) {
    const [root, ...path] = reference.split("/");
    expect(root).to.equal("#");
    const target = path.reduce<unknown>(
      (node, key) => (node as Node | undefined)?.[key.replaceAll("~1", "/")],
      document,
    );
    expect(target, reference).to.be.an("object");
  }
}

function referencesIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === "$ref" && typeof value === "string" ? [value] : referencesIn(value),
  );
}
