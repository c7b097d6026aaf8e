/** What a stock `socket.io-client` waits with no options: 1 s at first, twice as long each time, up to 5 s, each 50 % more or less. */
const FIRST_MS = 1_000;
const LONGEST_MS = 5_000;
const FACTOR = 2;
const JITTER = 0.5;

/**
 * Milliseconds until a stock client tries again, after so many attempts that failed since it was connected last: line by line what
 * its `Backoff` does (socket.io-client 4.8, `contrib/backo2`), where one random number says how far and in which direction.
 */
export function backoffMs(attempts: number, random: number): number {
  const ms = FIRST_MS * FACTOR ** attempts;
  const deviation = Math.floor(random * JITTER * ms);
  const isShorter = (Math.floor(random * 10) & 1) === 0;
  return Math.trunc(Math.min(isShorter ? ms - deviation : ms + deviation, LONGEST_MS));
}
