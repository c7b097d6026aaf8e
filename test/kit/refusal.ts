import { expect } from "chai";
import { CarillonError } from "../../src/protocol/errors.ts";

/** What some work is refused with; fails where it is not, or with anything but a code of the table. */
export async function refusalOf(work: Promise<unknown>): Promise<CarillonError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).to.be.instanceOf(CarillonError);
  return outcome as CarillonError;
}
