import { awaitedAcks } from "../../runtime/socket-io.ts";
import type { NotifyContext, NotifySocket } from "./context.ts";
import { Receipt } from "./contract.ts";
import type { WireNotification } from "./inbox.ts";

/** Receipts of one socket that are waited for: most clients never send one. */
const MAX_AWAITED = 1_000;

/** Sends notifications and counts what devices answer. A receipt is all that an answer can be: it changes nothing here. */
export function createReceipts({ counted }: Pick<NotifyContext, "counted">) {
  /** The same function for all, so that one awaited receipt costs no more than its place in Socket.IO's map. */
  const receive = (...answer: unknown[]) => {
    if (answer.length === 1 && Receipt.safeParse(answer[0]).success) counted.delivered();
    else counted.badReceipt();
  };

  /** Not Socket.IO's own timeout: its timers outlive the socket and keep the process alive. */
  function forgetOldest(socket: NotifySocket): void {
    const acks = awaitedAcks(socket);
    if (!acks || acks.size <= MAX_AWAITED) return;
    for (const [id, act] of acks) if (act === receive) return void acks.delete(id);
  }

  return (socket: NotifySocket, notification: WireNotification): void => {
    socket.emit("notification:sent", notification, receive);
    forgetOldest(socket);
  };
}
