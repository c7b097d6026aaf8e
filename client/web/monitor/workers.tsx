import { useMemo, useState } from "preact/hooks";
import type { HostView } from "../../index.ts";
import { COLUMNS, GROUPS, type Order, order, type Row } from "./columns.ts";

/** All workers of all hosts that are there. */
export function Workers({ hosts }: { hosts: readonly HostView[] }) {
  const [by, setBy] = useState<Order>({ column: "host", descending: false });
  const rows = order(rowsOf(hosts), by);
  const sortBy = (column: Order["column"]) =>
    setBy({ column, descending: by.column === column ? !by.descending : column !== "host" && column !== "worker" });
  return (
    <section class="workers" aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      {/* Whoever has no pointer scrolls it by its focus. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div class="workers-scroll" role="region" aria-labelledby="workers" tabIndex={0}>
        <table>
          <thead>
            <tr class="workers-groups">
              {GROUPS.map(({ title, span }, index) => (
                <td key={index} colSpan={span}>
                  {title}
                </td>
              ))}
            </tr>
            <tr>
              {COLUMNS.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  class={column.isText ? "is-text" : undefined}
                  aria-sort={sortOf(by, column.id)}
                >
                  <button type="button" aria-label={column.name} onClick={() => sortBy(column.id)}>
                    {column.title}
                    <span class="workers-arrow" aria-hidden="true">
                      {by.column === column.id ? (by.descending ? "↓" : "↑") : ""}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <WorkerRow key={`${row.host} ${row.worker.id}`} host={row.host} worker={row.worker} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Drawn again only with another sample of its own host. */
function WorkerRow({ host, worker }: Row) {
  return useMemo(
    () => (
      <tr>
        {COLUMNS.map(({ id, isText, show }) =>
          id === "host" ? (
            <th key={id} scope="row" class="is-text">
              <bdi>{show({ host, worker })}</bdi>
            </th>
          ) : (
            <td key={id} class={isText ? "is-text" : undefined}>
              {show({ host, worker })}
            </td>
          ),
        )}
      </tr>
    ),
    [host, worker],
  );
}

function rowsOf(hosts: readonly HostView[]): Row[] {
  return hosts.flatMap(({ host, hasLeft, samples }) =>
    hasLeft ? [] : (samples.at(-1)?.workers ?? []).map((worker) => ({ host, worker })),
  );
}

function sortOf({ column, descending }: Order, id: Order["column"]): "ascending" | "descending" | "none" {
  if (column !== id) return "none";
  return descending ? "descending" : "ascending";
}
