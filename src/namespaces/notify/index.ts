import { CarillonError } from "../../protocol/errors.ts";
import { implement } from "../../runtime/implement.ts";
import type { NotifyContext } from "./context.ts";
import { notify } from "./contract.ts";
import { createDelivery } from "./delivery.ts";
import { openingHandlers } from "./opening.ts";
import { readingHandlers } from "./reading.ts";
import { topicHandlers } from "./topics.ts";

/** Each user's inbox: a log of notifications, and of what was read of them. */
export const notifyNamespace = implement(notify, (context: NotifyContext) => {
  const delivery = createDelivery(context);
  const { feeds } = delivery;

  return {
    handlers: { ...openingHandlers(context, delivery), ...readingHandlers(context), ...topicHandlers(context) },

    connected(socket, user) {
      feeds.attend(user.id, socket).then(
        (attendance) => attendance.follow(attendance.cursor),
        (error: unknown) => {
          context.logger.warn({ err: error }, "an inbox could not be opened");
          socket.data.session.close(CarillonError.from(error, "unavailable"));
        },
      );
    },
    disconnected: (socket, user) => feeds.leave(user.id, socket),
    close: () => feeds.close(),
  };
});
