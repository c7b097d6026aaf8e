/** Makes `act` run once at a time: whoever calls it while it runs gets what that run gives. */
export function single<Given extends unknown[], T>(
  act: (...given: Given) => Promise<T>,
): (...given: Given) => Promise<T> {
  let running: Promise<T> | undefined;
  return (...given) => (running ??= act(...given).finally(() => (running = undefined)));
}
