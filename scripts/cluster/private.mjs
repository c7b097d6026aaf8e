import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { Failure } from "./failure.mjs";

/** Makes a folder that nobody else may look into, and gives its path back. One that is there has to be ours. @throws Failure */
export function makePrivate(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  // Among the temporary files, anybody can have made it before us, or put a link there.
  const ours = found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
  if (!ours) throw new Failure(`${folder} is somebody else's.`);
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return folder;
}

/** Removes folders, with all that is in them. */
export function removeFolders(folders) {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
