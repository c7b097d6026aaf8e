/** A guest's stay in one room. */
import { createOutbox, followRoom } from "./room.js";
import * as view from "./view.js";

const { byId } = view;
const TYPING_MS = 10_000;

async function askForToken(name) {
  const headers = { "content-type": "application/json" };
  const response = await fetch("api/guests", { method: "POST", headers, body: JSON.stringify({ name }) });
  const answer = await response.json();
  if (!answer.ok) throw new Error(answer.error.message);
  sessionStorage.setItem("guest", JSON.stringify({ name, token: answer.data.token }));
  return answer.data.token;
}

async function enter(name, room) {
  // A tab that is loaded anew comes back as the guest that it was.
  const known = JSON.parse(sessionStorage.getItem("guest") ?? "{}");
  let token = known.name === name ? known.token : await askForToken(name);
  const socket = window.io("/chat", { auth: (give) => give({ token }) });
  const outbox = createOutbox(socket, room);
  let me;

  view.showChat(room);
  view.showState("connecting …");
  watchConnection(socket, async () => {
    token = await askForToken(name);
  });
  socket.on("session:opened", ({ user }) => (me = user.id));
  const setPeople = followPeople(socket, room, () => me);
  followRoom(socket, {
    room,
    isOwn: ({ from }) => from.id === me,
    joined(presence) {
      view.showState("connected", true);
      setPeople(presence);
      outbox.flush();
    },
  });
  composeInto(socket, room, outbox);
  // Without it, one would be counted as present for a while longer.
  byId("leave").addEventListener("click", () =>
    socket.timeout(1000).emit("room:leave", { room }, () => location.reload()),
  );
}

function watchConnection(socket, renewToken) {
  let renewed = false;
  socket.on("session:opened", () => (renewed = false));
  socket.on("connect_error", async ({ message, data }) => {
    if (socket.active) return view.showState("not connected; trying again …");
    view.showState(data?.message ?? message);
    // The token is too old, or from before a restart: one comes in as a new guest, and tries that once.
    if (renewed || !["unauthorized", "token_expired"].includes(data?.code)) return;
    renewed = true;
    await renewToken().then(
      () => socket.connect(),
      (error) => view.showState(error.message),
    );
  });
  socket.on("session:closing", ({ message }) => view.showState(message));
  socket.on("disconnect", (reason) => {
    view.showTyping([]);
    if (reason !== "io server disconnect") view.showState("not connected; trying again …");
  });
}

/** Who is here and who types; returns how to begin with what a join tells. */
function followPeople(socket, room, me) {
  const members = new Map();
  const typing = new Set();
  let version = 0;

  const show = (count) => {
    if (count !== undefined) view.showMembers([...members.values()], count);
    view.showTyping([...typing].map((id) => members.get(id)?.name ?? id));
  };
  socket.on("presence:changed", (change) => {
    if (change.room !== room || change.version <= version) return;
    version = change.version;
    for (const member of change.joined) members.set(member.id, member);
    for (const { id } of change.left) members.delete(id);
    show(change.memberCount);
  });
  socket.on("typing:changed", (change) => {
    if (change.room !== room || change.user === me()) return;
    typing[change.typing ? "add" : "delete"](change.user);
    show();
  });
  return (presence) => {
    version = presence.version;
    members.clear();
    typing.clear();
    for (const member of presence.members) members.set(member.id, member);
    show(presence.memberCount);
  };
}

function composeInto(socket, room, outbox) {
  const text = byId("text");
  let toldAt = 0;

  const tellTyping = (typing) => {
    if (!socket.connected || (typing ? Date.now() - toldAt < TYPING_MS : toldAt === 0)) return;
    toldAt = typing ? Date.now() : 0;
    socket.emit("typing:set", { room, typing });
  };
  const send = (event) => {
    event.preventDefault();
    if (text.value.trim() !== "") outbox.add(text.value);
    text.value = "";
    text.focus();
    tellTyping(false);
  };
  text.addEventListener("input", () => tellTyping(text.value !== ""));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  });
  byId("composer").addEventListener("submit", send);
}

byId("name").value = localStorage.getItem("name") ?? "";
byId("room").value = decodeURIComponent(location.hash.slice(1)) || "lobby";
byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const [name, room] = [byId("name").value.trim(), byId("room").value];
  localStorage.setItem("name", name);
  location.hash = room;
  enter(name, room).catch((error) => view.showWelcome(`You cannot come in: ${error.message}`));
});
