import type { Topics } from "./index.ts";

/** Subscriptions in this process's memory. They are lost with it. */
export function memoryTopics(): Topics {
  const subscribers = new Map<string, Set<string>>();
  const subscribed = new Map<string, Set<string>>();

  return {
    async subscribe(topic, user) {
      subscribers.set(topic, (subscribers.get(topic) ?? new Set()).add(user));
      subscribed.set(user, (subscribed.get(user) ?? new Set()).add(topic));
    },
    async unsubscribe(topic, user) {
      subscribers.get(topic)?.delete(user);
      subscribed.get(user)?.delete(topic);
    },
    of: async (user) => [...(subscribed.get(user) ?? [])].toSorted(),
    subscribers: async (topic) => [...(subscribers.get(topic) ?? [])],
  };
}
