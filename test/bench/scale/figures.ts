// The names of figures that only this program has, with their units: tables and the extrapolation find them by these.

export const CONNECTIONS = "connections";
export const CONNECT_SECONDS = "seconds until all are in their rooms";
export const CONNECT_CPU = "CPU ms/connect and joins";
export const REDIS_CONNECT_CPU = "Redis CPU ms/connect and joins";
export const RSS_AFTER = "RSS MB with all of them";
export const REDIS_KB_PER_CONNECTION = "Redis KB/connection";
export const KERNEL_PER_CONNECTION = "kernel KB/connection, both ends";
export const IDLE_CPU = "idle CPU µs/s/connection";
export const REDIS_IDLE_CPU = "idle Redis CPU µs/s/connection";
export const EXPECTED = "expected deliveries";

export const STORM_CLIENTS = "clients of the killed worker";
export const BACK = "back";
export const BACK_P50 = "back p50 s";
export const BACK_P99 = "back p99 s";
export const ALL_BACK = "all back s";
export const ATTEMPTS = "connections tried";
export const P50_BEFORE = "others' p50 ms before";
export const P99_BEFORE = "others' p99 ms before";
export const P50_DURING = "others' p50 ms during";
export const P99_DURING = "others' p99 ms during";
export const MAX_DURING = "others' max ms during";
export const RETURN_CPU = "CPU ms/return";
export const REDIS_RETURN_CPU = "Redis CPU ms/return";
export const MISSING = "missing";
export const DOUBLED = "doubled";
export const UNRECOVERED = "not recovered";
export const BEHIND = "behind at the end";
export const CLIENT_LATE = "storm clients' loop p99 ms late";

export const ROOMS = "rooms";
export const RSS_PER_ROOM = "RSS KB/room and worker";
export const REDIS_KB_PER_ROOM = "Redis KB/empty room";
export const REDIS_KB_PER_MESSAGE = "Redis KB/message";
export const REDIS_COMMANDS_PER_ROOM = "idle Redis commands/min/room and worker";
export const CPU_PER_ROOM = "idle CPU µs/s/room and worker";
export const REDIS_CPU_PER_ROOM = "idle Redis CPU µs/s/room and worker";
export const SENDING_CPU = "CPU µs/message, worker of the sender";
export const HEARING_CPU = "CPU µs/message, worker that hears it";

export const REDIS_CPU_PER_SUBSCRIBER = "Redis CPU µs/message and subscriber";

export const CPU_FEW_ROOMS = "CPU µs/delivery, 10 rooms";
export const CPU_MANY_ROOMS = "CPU µs/delivery, 10,000 rooms";
