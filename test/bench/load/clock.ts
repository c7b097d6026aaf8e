/** Both are CLOCK_MONOTONIC; a number of microseconds costs less than a bigint of nanoseconds, and is asked for at every read. */
const originNs = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6));

/** Microseconds since this process began. */
export const nowUs = (): number => performance.now() * 1000;

/** A time of `nowUs` as `process.hrtime.bigint()` has it, which all processes of this host share. */
export const toNs = (us: number): bigint => originNs + BigInt(Math.round(us * 1000));

/** The other way round; a number is exact for the first hundred days a host is up, and within nanoseconds after. */
export const fromNs = (ns: number): number => (ns - Number(originNs)) / 1000;
