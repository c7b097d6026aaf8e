import { Failure } from "./failure.mjs";
import { askWorkers } from "./readiness.mjs";
import { until } from "./wait.mjs";

/**
 * Runs a command of PM2 that works on one worker after the other, as long as at least every `timeoutMs` another one is ready whose
 * pid is not in `before`. PM2 itself would go on with the next one.
 * @throws Failure where there is no progress; the command's signal is aborted before
 */
export async function withProgress(folder, before, { timeoutMs, signal }, command) {
  const impatient = new AbortController();
  let [ready, since, done] = [0, performance.now(), false];
  const look = async () => {
    const answers = await askWorkers(folder);
    const count = [...answers].filter(([pid, answer]) => answer === "ready" && !before.includes(pid)).length;
    if (count > ready) [ready, since] = [count, performance.now()];
    else if (performance.now() - since > timeoutMs) {
      impatient.abort(new Failure(`After ${ready}, no further worker got ready within ${timeoutMs / 1_000} s.`));
    }
    return done || impatient.signal.aborted;
  };
  const commanding = command(AbortSignal.any([signal, impatient.signal])).finally(() => (done = true));
  const [outcome] = await Promise.allSettled([commanding, until(look, { timeoutMs: Infinity })]);
  if (outcome.status === "rejected") throw outcome.reason;
}
