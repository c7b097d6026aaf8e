// The names of figures, with their units: tables and goals find them by these.

export const MESSAGES = "messages";
export const ACKS = "acks";
export const DELIVERIES = "deliveries";

export const CPU_PER_DELIVERY = "CPU µs/delivery";
export const USER_PER_DELIVERY = "user µs/delivery";
export const WRITES_PER_DELIVERY = "writes/delivery";
export const BYTES_PER_DELIVERY = "bytes/delivery";
export const DELIVERIES_PER_SEC = "deliveries/s";

export const CPU_PER_MESSAGE = "CPU µs/message";
export const REDIS_CPU_PER_MESSAGE = "Redis CPU µs/message";
export const REDIS_PER_MESSAGE = "Redis commands/message";
export const JSON_PARSED_PER_MESSAGE = "JSON parsed/message";
export const JSON_STRINGIFIED_PER_MESSAGE = "JSON stringified/message";
export const JSON_PER_MESSAGE = "JSON operations/message";
export const ABSENT_CPU_PER_MESSAGE = "absent worker's CPU µs/message";

export const CPU_PER_ACK = "CPU µs/ack";
export const USER_PER_ACK = "user µs/ack";
export const ACKS_PER_SEC = "acks/s";
export const ACK_P50 = "ack p50 ms";
export const ACK_P99 = "ack p99 ms";

/** One way, from when a message was due to be sent. */
export const P50 = "p50 ms";
export const P99 = "p99 ms";
export const P999 = "p99.9 ms";
export const MAX = "max ms";

export const RSS_PER_CONNECTION = "RSS KB/connection";
export const rssAt = (connections: number): string => `RSS MB at ${connections}`;
export const CPU_PER_CONNECT = "CPU ms/connect";
export const CONNECTS_PER_SEC = "connects/s";
export const READY_P99 = "p99 ms until ready";
/** A token's check by itself. */
export const CPU_PER_CHECK = "CPU ms/token check";
export const CPU_PER_RECOVERY = "CPU ms/recovery";
/** Connecting with it. */
export const CPU_PER_RETURN = "CPU ms/return";
export const RETURNS_PER_SEC = "returns/s";
/** Deliveries in another order than others had them. */
export const SWAPPED = "out of order";

/** Of the load generator's core: above three quarters a run does not count. */
export const CLIENT_BUSY = "client busy";
