import { expect } from "chai";
import type { Topics } from "../../src/topics/index.ts";

export interface OpenedTopics {
  /** Without any subscriptions yet. */
  readonly topics: Topics;
  close(): Promise<void>;
}

/** What every keeping of subscriptions has to do, wherever it is. To be called within a `describe`. */
export function topicsSuite(open: () => Promise<OpenedTopics>): void {
  let topics: Topics;
  let close: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const opened = await open();
    topics = opened.topics;
    close = () => opened.close();
  });
  afterEach(() => close?.());

  it("has the topics of a user, each once and by name", async () => {
    for (const topic of ["news", "alerts", "news", "B", "10", "9"]) await topics.subscribe(topic, "ann");
    await topics.subscribe("other", "bob");
    expect(await topics.of("ann")).to.deep.equal(["10", "9", "B", "alerts", "news"]);
    expect(await topics.of("bob")).to.deep.equal(["other"]);
    expect(await topics.of("nobody")).to.deep.equal([]);
  });

  it("has the subscribers of a topic, each once", async () => {
    for (const user of ["ann", "bob", "ann"]) await topics.subscribe("news", user);
    await topics.subscribe("other", "cat");
    expect(await topics.subscribers("news")).to.have.members(["ann", "bob"]);
    expect(await topics.subscribers("nothing")).to.deep.equal([]);
  });

  it("has them no more once they have unsubscribed, and again once they subscribe anew", async () => {
    await topics.subscribe("news", "ann");
    await topics.subscribe("news", "bob");
    await topics.subscribe("alerts", "ann");
    await topics.unsubscribe("news", "ann");
    await topics.unsubscribe("news", "ann");
    await topics.unsubscribe("nothing", "nobody");
    expect(await topics.of("ann")).to.deep.equal(["alerts"]);
    expect(await topics.subscribers("news")).to.deep.equal(["bob"]);
    await topics.subscribe("news", "ann");
    expect(await topics.of("ann")).to.deep.equal(["alerts", "news"]);
  });

  it("takes any name and any user", async () => {
    const names = ["__proto__", "constructor", "toString", "a.b-c_d"];
    const users = [...names, "auth0|x", "ann+1@example.org"];
    for (const topic of names) for (const user of users) await topics.subscribe(topic, user);
    for (const topic of names) expect(await topics.subscribers(topic)).to.have.members(users);
    for (const user of users) expect(await topics.of(user)).to.deep.equal(names.toSorted());
  });

  it("loses no subscription of many at a time", async () => {
    const users = Array.from({ length: 100 }, (_, n) => `user-${n}`);
    await Promise.all(users.map((user) => topics.subscribe("news", user)));
    await Promise.all(users.filter((_, n) => n % 2).map((user) => topics.unsubscribe("news", user)));
    expect(await topics.subscribers("news")).to.have.members(users.filter((_, n) => n % 2 === 0));
  });
}
