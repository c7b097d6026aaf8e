/** What a server says of itself that takes everything. */
export const NO_LIMITS = {
  ratePerSec: 0,
  rateBurst: 0,
  maxRooms: 0,
  maxFrameBytes: 0,
  maxBufferBytes: 0,
  historySize: 0,
  inboxSize: 0,
} as const;
