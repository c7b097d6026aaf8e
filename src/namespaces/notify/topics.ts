import { CarillonError } from "../../protocol/errors.ts";
import type { Handlers } from "../../runtime/implement.ts";
import type { Notify, NotifyContext } from "./context.ts";

/** The one topic that not everybody may hear of: what `/monitor` raises. */
const ALERTS = "alerts";

/** How many topics one user may be subscribed to: names are free, and each is kept. */
const MAX_TOPICS = 1_000;

export function topicHandlers({
  topics,
}: NotifyContext): Pick<Handlers<Notify>, "topic:subscribe" | "topic:unsubscribe" | "topic:list"> {
  const listOf = async (user: string) => ({ topics: [...(await topics.of(user))] });
  return {
    "topic:subscribe": async ({ topic }, { user }) => {
      if (topic === ALERTS && !user.roles.includes("monitor")) throw new CarillonError("forbidden");
      const before = await topics.of(user.id);
      if (before.length >= MAX_TOPICS && !before.includes(topic)) throw new CarillonError("too_large");
      await topics.subscribe(topic, user.id);
      return listOf(user.id);
    },
    "topic:unsubscribe": async ({ topic }, { user }) => {
      await topics.unsubscribe(topic, user.id);
      return listOf(user.id);
    },
    "topic:list": (_, { user }) => listOf(user.id),
  };
}
