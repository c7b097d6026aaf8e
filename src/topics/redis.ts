import type { RedisLink } from "../redis/link.ts";
import type { Topics } from "./index.ts";

/** So many subscribers are read at a time: a topic that all follow must not hold Redis up for everybody else. */
const PAGE = 5_000;

/**
 * Subscriptions in Redis: a topic's subscribers in the topic's slot, a user's topics in the user's, each in a sorted set of one score,
 * whose order is the names' own.
 *
 * The user's side is written first where somebody subscribes, and last where somebody unsubscribes: whoever gets a topic's notifications
 * sees the topic among his own, and can leave it. After a failure in the middle the topic may be listed without its notifications coming,
 * and doing the same again mends it. Subscriptions stay. `of` takes one round trip, `subscribers` one for each 5,000, the others two.
 */
export function redisTopics({ link }: { readonly link: RedisLink }): Topics {
  const subscribersKey = (topic: string) => link.keys(topic)("subscribers", topic);
  const topicsKey = (user: string) => link.keys(user)("topics-of", user);

  return {
    async subscribe(topic, user) {
      await link.run((client) => client.zadd(topicsKey(user), 0, topic));
      await link.run((client) => client.zadd(subscribersKey(topic), 0, user));
    },
    async unsubscribe(topic, user) {
      await link.run((client) => client.zrem(subscribersKey(topic), user));
      await link.run((client) => client.zrem(topicsKey(user), topic));
    },
    of: (user) => link.run((client) => client.zrange(topicsKey(user), 0, "-1")),
    async subscribers(topic) {
      const key = subscribersKey(topic);
      const users: string[] = [];
      for (let from = "-"; ; from = `(${users.at(-1) ?? ""}`) {
        const page = await link.run((client) => client.zrange(key, from, "+", "BYLEX", "LIMIT", 0, PAGE));
        users.push(...page);
        if (page.length < PAGE) return users;
      }
    },
  };
}
