import { memoryControl } from "../../src/control/memory.ts";
import { fakeClock } from "../kit/clock.ts";
import { controlSuite } from "./suite.ts";

describe("control in memory", () => {
  controlSuite(async () => {
    const clock = fakeClock();
    return {
      control: memoryControl({ clock }),
      now: () => clock.now(),
      advance: (ms) => clock.advance(ms),
      close: async () => {},
    };
  });
});
