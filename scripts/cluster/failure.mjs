/** Why a command of the cluster came to nothing, in words for people: it is printed without a stack, and the exit code is 1. */
export class Failure extends Error {}
