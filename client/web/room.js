/** One room over a stock Socket.IO client, over any number of connections. docs/reference.md tells what is said. */
import * as view from "./view.js";

const ACK_TIMEOUT_MS = 10_000;
const RETRY_MS = 1000;

/** Shows each entry once, in the order of `seq`. `joined` runs whenever the room is attended, or attended again. */
export function followRoom(socket, { room, isOwn, joined }) {
  let position;
  /** While a join is on its way: what is about the time after it. */
  let early;

  const join = () => {
    const kept = (early = []);
    const again = () => early === kept && socket.connected && join();
    socket.timeout(ACK_TIMEOUT_MS).emit("room:join", { room, ...(position && { since: position }) }, (error, ack) => {
      if (early !== kept) return;
      if (error) again();
      else if (ack.ok) applyJoined(ack.data);
      else if (ack.error.retryable) setTimeout(again, ack.error.retryAfterMs ?? RETRY_MS);
      else view.showState(ack.error.message);
    });
  };

  const applyJoined = ({ epoch, head, recovered, entries, ...presence }) => {
    const kept = early;
    early = undefined;
    if (recovered) entries.forEach(apply);
    else {
      view.clear(position && "Some messages are missing before these");
      for (const entry of entries) view.apply(entry, isOwn(entry));
      const last = entries.at(-1);
      position = { epoch, seq: head, ...(last?.seq === head && { id: last.id }) };
    }
    for (const act of kept) act();
    joined(presence);
  };

  const apply = (entry) => {
    if (entry.epoch === position.epoch && entry.seq <= position.seq) return;
    if (entry.epoch === position.epoch && entry.seq === position.seq + 1) {
      position = { epoch: entry.epoch, seq: entry.seq, id: entry.id };
      view.apply(entry, isOwn(entry));
    } else if (!early) join();
  };

  const inTurn = (act) => (event) => {
    if (event.room !== room) return;
    if (early) early.push(() => act(event));
    else act(event);
  };

  for (const name of ["message:sent", "message:edited", "message:deleted"]) socket.on(name, inTurn(apply));
  const reset = ({ epoch, head }) => {
    position = { epoch, seq: head };
    view.clear("The room begins anew");
  };
  socket.on("room:reset", inTurn(reset));
  socket.on("connect", join);
}

/** One after the other, each under its own id until the server has answered: sent in order, and stored once. */
export function createOutbox(socket, room) {
  const waiting = [];
  let busy = false;

  const flush = () => {
    const [next] = waiting;
    if (!next || busy || !socket.connected) return;
    busy = true;
    socket.timeout(ACK_TIMEOUT_MS).emit("message:send", { ...next, room }, (error, ack) => {
      if (!error && ack.error?.retryable) setTimeout(resume, ack.error.retryAfterMs ?? RETRY_MS);
      else {
        if (!error) view.settlePending(waiting.shift().id, ack.error?.message);
        resume();
      }
    });
  };
  const resume = () => {
    busy = false;
    flush();
  };
  const add = (text) => {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    waiting.push({ id, text });
    view.showPending(id, text);
    flush();
  };
  return { add, flush };
}
