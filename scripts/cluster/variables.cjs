"use strict";

const SECRETS = ["REDIS_URL", "JWT_SECRET", "API_KEYS", "CLUSTER_SECRET"];

const PLAIN = [
  "NODE_ENV",
  "PORT",
  "HOST",
  "WORKERS",
  "REDIS_PREFIX",
  "JWKS_URL",
  "JWT_ISSUER",
  "JWT_AUDIENCE",
  "GUESTS",
  "ROOM_ACCESS",
  "ALLOWED_ORIGINS",
  "HISTORY_SIZE",
  "HISTORY_TTL_SEC",
  "INBOX_SIZE",
  "RATE_PER_SEC",
  "RATE_BURST",
  "CONNECTS_PER_SEC",
  "CONNECTS_BURST",
  "MAX_ROOMS",
  "MAX_FRAME_BYTES",
  "MAX_BUFFER_BYTES",
  "ADVERTISE",
  "CARILLON_RUN_DIR",
  "DRAIN_MS",
  "FAN_OUT",
  "INTAKE",
  "WARM_UP_MS",
  "LOG_LEVEL",
  "TRUST_PROXY",
];

/**
 * Every variable that a worker reads: those of the service's own schema (a test compares), and the entry that
 * `scripts/worker.cjs` imports. PM2 reads its configuration without waiting, so the schema cannot be asked there.
 */
exports.VARIABLES = [...PLAIN, ...SECRETS.flatMap((name) => [name, `${name}_FILE`]), "CARILLON_ENTRY"];

/** Those that may come as a file. */
exports.SECRETS = SECRETS;
