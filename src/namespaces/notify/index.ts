import { implement } from "../../runtime/implement.ts";
import type { NotifyContext } from "./context.ts";
import { notify } from "./contract.ts";
import { createDelivery } from "./delivery.ts";
import { createListening } from "./listening.ts";
import { openingHandlers } from "./opening.ts";
import { readingHandlers } from "./reading.ts";
import { topicHandlers } from "./topics.ts";

/** Each user's inbox: a log of notifications, and of what was read of them. */
export const notifyNamespace = implement(notify, (context: NotifyContext) => {
  const delivery = createDelivery(context);
  const { feeds } = delivery;
  const listening = createListening(context, feeds);

  return {
    handlers: { ...openingHandlers(context, delivery), ...readingHandlers(context), ...topicHandlers(context) },

    connecting: listening.prepare,
    connected: listening.begin,
    disconnected: listening.end,
    close: () => feeds.close(),
  };
});
