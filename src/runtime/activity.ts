/** What this worker is doing, counted as it happens: what `/monitor` shows of a worker. */
export interface Activity {
  /** Connected sockets of a namespace (`"/chat"`), now. */
  sockets(namespace: string): number;
  /** Rooms that somebody on this worker attends, now. */
  rooms(): number;
  /** Events since the start: requests in, packets out. */
  readonly events: { in: number; out: number };
}
