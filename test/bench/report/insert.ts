/**
 * Puts texts between their markers, `<!-- name -->` and `<!-- /name -->`.
 *
 * @throws {Error} where a pair of them is missing
 */
export function insert(page: string, between: Readonly<Record<string, string>>): string {
  let inserted = page;
  for (const [name, text] of Object.entries(between)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [from, to] = [inserted.indexOf(begin), inserted.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`The page has no place for the ${name}.`);
    inserted = `${inserted.slice(0, from + begin.length)}\n\n${text}\n\n${inserted.slice(to)}`;
  }
  return inserted;
}
