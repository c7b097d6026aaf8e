/** What Carillon needs of a logger; pino's has this shape. It is never given tokens, session ids or message text. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** For embedders that want none. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
