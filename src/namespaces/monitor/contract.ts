import { z } from "zod";
import { defineContract } from "../../protocol/contract.ts";
import { At } from "../../protocol/fields.ts";

const Host = z.string().min(1).max(255);
const Bytes = z.int().min(0);
const Percent = z.number().min(0);

export const Worker = z
  .object({
    id: z.string(),
    pid: z.int(),
    uptimeSec: z.number(),
    rssBytes: Bytes,
    heapUsedBytes: Bytes,
    cpuPercent: Percent,
    eventLoopLagMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
    sockets: z.object({ chat: z.int(), monitor: z.int(), notify: z.int() }),
    rooms: z.int(),
    eventsPerSec: z.object({ in: z.number(), out: z.number() }),
  })
  .meta({ id: "Worker" });

export const Sample = z
  .object({
    host: Host,
    at: At,
    cpu: z.object({ percent: Percent, load1: z.number(), cores: z.int() }),
    memory: z.object({
      totalBytes: Bytes,
      usedBytes: Bytes,
      usedPercent: Percent,
      scope: z.enum(["host", "container"]),
    }),
    disk: z.object({ totalBytes: Bytes, usedBytes: Bytes, usedPercent: Percent }).optional(),
    network: z.object({ rxBytesPerSec: z.number(), txBytesPerSec: z.number() }).optional(),
    workers: z.array(Worker),
  })
  .meta({ id: "Sample", description: "What one host looked like at one moment." });

export const Alert = z
  .object({
    id: z.string(),
    host: Host,
    metric: z.string(),
    level: z.enum(["warning", "critical"]),
    value: z.number(),
    threshold: z.number(),
    at: At,
  })
  .meta({ id: "Alert" });

/** The hosts and workers that serve: sampled each second while somebody watches, and not at all while nobody does. */
export const monitor = defineContract({
  name: "/monitor",
  docs: "The hosts and workers that serve: sampled each second while somebody watches, and not at all while nobody does.",
  role: "monitor",
  requests: {
    "metrics:watch": {
      docs: "The recent samples at once, then live ones as `metrics:sampled`.",
      input: z.object({ hosts: z.array(Host).min(1).max(100).optional() }),
      reply: z.object({
        intervalMs: z.int(),
        hosts: z.array(
          z.object({ host: Host, os: z.string(), cores: z.int(), memoryBytes: Bytes, samples: z.array(Sample) }),
        ),
      }),
      socket: true,
    },
    "metrics:unwatch": {
      docs: "No more samples on this socket.",
      input: z.object({}),
      reply: z.object({}),
      socket: true,
    },
    "alert:list": {
      docs: "The alerts that stand now.",
      input: z.object({}),
      reply: z.object({ alerts: z.array(Alert) }),
    },
  },
  events: {
    "metrics:sampled": { docs: "A sample of a watched host.", payload: Sample },
    "alert:raised": { docs: "A metric is over its threshold.", payload: Alert },
    "alert:cleared": { docs: "It is no longer.", payload: Alert },
    "host:joined": { docs: "A host is sampled now.", payload: z.object({ host: Host }) },
    "host:left": { docs: "A host is sampled no longer.", payload: z.object({ host: Host }) },
  },
});
