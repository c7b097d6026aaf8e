import { pause } from "../../clock.ts";
import type { Position } from "../../log/index.ts";
import type { User } from "../../runtime/caller.ts";
import type { Attendance, Feeds } from "../../runtime/feed.ts";
import type { NotifyContext, NotifySocket } from "./context.ts";

/** Between two attempts to listen to an inbox while the log is out. */
const RETRY_MS = 500;

/** A socket's listening to its user's inbox: from its connection on, without being asked. */
export interface Listening {
  /**
   * To be awaited before CONNECT is answered: what is written from then on is heard, by whichever worker. Never rejects: while the log is
   * out people are let in all the same.
   */
  prepare(socket: NotifySocket, user: User): Promise<void>;
  /** The socket is connected. */
  begin(socket: NotifySocket, user: User): void;
  end(socket: NotifySocket, user: User): void;
}

interface Prepared {
  readonly attendance: Attendance;
  /** Where the log stood before the client could know that it is connected. */
  readonly position: Position;
  /** The connection broke before the socket was let in: nobody tells of its end. */
  readonly abandon: () => void;
}

export function createListening(
  { clock, logger, inboxLog }: Pick<NotifyContext, "clock" | "logger" | "inboxLog">,
  feeds: Feeds<NotifySocket>,
): Listening {
  const prepared = new WeakMap<NotifySocket, Prepared>();

  async function attendLater(socket: NotifySocket, user: string, connectedAt: number): Promise<void> {
    while (socket.connected) {
      // It has opened the inbox meanwhile, and listens from there.
      if (feeds.attends(user, socket)) return;
      try {
        return await attendFrom(socket, user, connectedAt);
      } catch (error) {
        logger.debug({ err: error }, "an inbox cannot be listened to; it is tried again");
      }
      await pause(clock, RETRY_MS);
    }
  }

  async function attendFrom(socket: NotifySocket, user: string, connectedAt: number): Promise<void> {
    const attendance = await feeds.attend(user, socket);
    try {
      attendance.follow(await positionAt(user, attendance.cursor, connectedAt));
    } catch (error) {
      attendance.cancel();
      throw error;
    }
  }

  /** Where the log stood when the socket connected, as nearly as two clocks tell it. */
  async function positionAt(user: string, cursor: Position, connectedAt: number): Promise<Position> {
    const { epoch, entries } = await inboxLog.read(user, { after: 0, upTo: cursor.seq, limit: Infinity });
    const first = entries.find(({ at }) => at >= connectedAt);
    return first && epoch === cursor.epoch ? { epoch, seq: first.seq - 1 } : cursor;
  }

  return {
    async prepare(socket, user) {
      const abandon = () => feeds.leave(user.id, socket);
      try {
        const attendance = await feeds.attend(user.id, socket);
        if (socket.conn.readyState !== "open") return abandon();
        socket.conn.once("close", abandon);
        prepared.set(socket, { attendance, position: attendance.cursor, abandon });
      } catch (error) {
        logger.debug({ err: error }, "an inbox cannot be listened to yet");
      }
    },
    begin(socket, user) {
      const ready = prepared.get(socket);
      if (!ready) return void attendLater(socket, user.id, clock.now());
      socket.conn.off("close", ready.abandon);
      prepared.delete(socket);
      ready.attendance.follow(ready.position);
    },
    end: (socket, user) => feeds.leave(user.id, socket),
  };
}
