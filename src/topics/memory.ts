import type { Topics } from "./index.ts";

type Sets = Map<string, Set<string>>;

function add(sets: Sets, key: string, member: string): void {
  const set = sets.get(key);
  if (set) set.add(member);
  else sets.set(key, new Set([member]));
}

/** The last one takes its set along: whoever subscribes and thinks better of it leaves nothing behind. */
function remove(sets: Sets, key: string, member: string): void {
  const set = sets.get(key);
  set?.delete(member);
  if (set?.size === 0) sets.delete(key);
}

/** Subscriptions in this process's memory. They are lost with it. */
export function memoryTopics(): Topics {
  const subscribers: Sets = new Map();
  const subscribed: Sets = new Map();

  return {
    async subscribe(topic, user) {
      add(subscribers, topic, user);
      add(subscribed, user, topic);
    },
    async unsubscribe(topic, user) {
      remove(subscribers, topic, user);
      remove(subscribed, user, topic);
    },
    of: async (user) => [...(subscribed.get(user) ?? [])].toSorted(),
    subscribers: async (topic) => [...(subscribers.get(topic) ?? [])],
  };
}
