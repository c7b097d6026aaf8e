/** What is on the page. It knows nothing of the connection; what others wrote goes in as text, never as markup. */

export const byId = (id) => document.getElementById(id);

const GROUP_MS = 5 * 60_000;
const log = byId("log");
const messages = byId("messages");
/** By `seq`: what edits and deletions point at. */
const shown = new Map();
/** One's own that are not in the room yet, by their id. */
const pending = new Map();

export function showChat(room) {
  byId("welcome").hidden = true;
  byId("chat").hidden = false;
  byId("title").textContent = room;
  document.title = `${room} · Carillon`;
  byId("text").focus();
}

export function showWelcome(problem) {
  byId("welcome").hidden = false;
  byId("chat").hidden = true;
  byId("problem").textContent = problem;
}

export function showState(text, connected = false) {
  byId("state").textContent = text;
  byId("state").className = connected ? "connected" : "";
}

export function showMembers(members, count) {
  const names = members.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b));
  byId("names").replaceChildren(...names.map((name) => element("li", "", name)));
  byId("count").textContent = byId("show-members").textContent = `${count} here`;
}

export function showTyping(names) {
  const said = names.length > 3 ? "Several people are" : `${names.join(" and ")} ${names.length > 1 ? "are" : "is"}`;
  byId("typing").textContent = names.length === 0 ? "" : `${said} typing …`;
}

/** Begins the list anew. */
export function clear(note) {
  shown.clear();
  messages.replaceChildren(...(note ? [element("li", "note", note)] : []));
}

/** Applies an entry: a message is a line of its own, an edit or a deletion changes one. */
export function apply(entry, own) {
  if (entry.kind === "sent") return append(entry, own);
  const item = shown.get(entry.target);
  if (item) fill(item, { text: entry.text, editedAt: entry.kind === "edited", deletedAt: entry.kind === "deleted" });
}

export function showPending(id, text) {
  const item = element("li", "message own");
  item.append(element("span", "text", text), element("span", "fate", "sending …"));
  pending.set(id, item);
  byId("pending").append(item);
  log.scrollTop = log.scrollHeight;
}

/** It is in the room, or refused for a reason. */
export function settlePending(id, reason) {
  const item = pending.get(id);
  if (reason) {
    item?.classList.add("failed");
    item?.querySelector(".fate").replaceChildren(`not sent: ${reason}`);
  } else item?.remove();
  pending.delete(id);
}

function append({ seq, id, from, at, text, editedAt, deletedAt }, own) {
  if (own) settlePending(id);
  const item = element("li", `message${own ? " own" : ""}`);
  const name = element("span", "from", own ? "You" : from.name);
  name.style.setProperty("--hue", hueOf(from.id));
  const time = element("time", "", new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.title = new Date(at).toLocaleString();
  item.append(name, element("span", "text"), time);
  fill(item, { text, editedAt, deletedAt });
  Object.assign(item.dataset, { from: from.id, at });
  const before = messages.lastElementChild?.dataset;
  item.classList.toggle("follows", before?.from === from.id && at - before.at < GROUP_MS);
  const following = isAtEnd();
  messages.append(item);
  shown.set(seq, item);
  if (following) log.scrollTop = log.scrollHeight;
  else byId("newer").hidden = false;
}

function fill(item, { text, editedAt, deletedAt }) {
  item.classList.toggle("deleted", Boolean(deletedAt));
  item.querySelector(".text").textContent = deletedAt ? "deleted" : editedAt ? `${text} (edited)` : text;
}

/** Whoever has scrolled back is reading: new messages do not pull the page away. */
const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60;

log.addEventListener("scroll", () => isAtEnd() && (byId("newer").hidden = true));
byId("newer").addEventListener("click", () => (log.scrollTop = log.scrollHeight));
byId("show-members").addEventListener("click", ({ currentTarget }) => {
  currentTarget.ariaExpanded = String(byId("members").classList.toggle("open"));
});

function element(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** The same colour for a user everywhere. */
function hueOf(id) {
  return [...id].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) % 360, 0);
}
