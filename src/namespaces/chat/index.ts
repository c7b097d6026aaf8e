import { implement } from "../../runtime/implement.ts";
import { createAccess } from "./access.ts";
import { Attendance } from "./attendance.ts";
import { createChangeNotice } from "./changes.ts";
import type { ChatContext, ChatSocket } from "./context.ts";
import { chat } from "./contract.ts";
import { directoryHandlers } from "./directory.ts";
import { markerHandlers } from "./markers.ts";
import { messageHandlers } from "./messages.ts";
import { carryOut, moderationHandlers } from "./moderation.ts";
import { tellPresence } from "./presence.ts";
import { createTyping } from "./typing.ts";

/** Chat rooms: each an ordered log with listeners. */
export const chatNamespace = implement(chat, (context: ChatContext, namespace) => {
  const access = createAccess(context);
  const changed = createChangeNotice(context, namespace);
  const attendance = new Attendance(context, access, namespace);
  const typing = createTyping(context, access, namespace);

  function leave(socket: ChatSocket, room: string): void {
    typing.stop(socket, room);
    attendance.leave(socket, room);
  }

  const release = [
    context.presence.listen(tellPresence(namespace)),
    context.control.listen(carryOut(namespace, leave)),
  ];

  return {
    handlers: {
      ...attendance.handlers,
      "room:leave"({ room }, { socket }) {
        leave(socket, room);
        return {};
      },
      ...directoryHandlers(context, access, changed),
      ...messageHandlers(context, access, changed),
      ...typing.handlers,
      ...markerHandlers(context, access, namespace),
      ...moderationHandlers(context, access),
    },
    disconnected(socket) {
      typing.stop(socket);
      attendance.drop(socket);
    },
    close() {
      for (const stop of release) stop();
      attendance.close();
    },
  };
});
