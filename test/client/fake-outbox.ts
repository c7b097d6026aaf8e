import type { Outbox } from "../../client/chat/outbox.ts";

/** Takes note of what was shown, and has nothing to send. */
export function fakeOutbox(): { outbox: Outbox; shown: Set<string>; epochs: string[] } {
  const shown = new Set<string>();
  const epochs: string[] = [];
  const outbox = {
    outgoing: () => [],
    told: (_room: string, epoch: string) => void epochs.push(epoch),
    shown: (id: string) => void shown.add(id),
  };
  return { outbox: outbox as unknown as Outbox, shown, epochs };
}
