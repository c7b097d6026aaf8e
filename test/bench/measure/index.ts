export {
  cpuBetween,
  exceptRedis,
  onlyRedis,
  redisCommandsBetween,
  residentBytes,
  secondsBetween,
  stealBetween,
  type Which,
  writesBetween,
} from "./between.ts";
export { disturbanceBetween, type Gate, LIMITS, voidReason } from "./gates.ts";
export { readUsage } from "./usage.ts";
