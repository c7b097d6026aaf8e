declare module "express4" {
  import type express from "express";

  /** As far as the tests use it, it is what Express 5 is. */
  const create: typeof express;
  export default create;
}
