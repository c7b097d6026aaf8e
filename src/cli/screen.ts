import { createInterface, clearScreenDown, moveCursor } from "node:readline";

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/** Lines in and lines out; in a terminal, what is being typed stays below what is printed. */
export interface Screen {
  print(line: string): void;
  close(): void;
}

export interface ScreenListener {
  line(line: string): void;
  /** There is no more input. */
  end(): void;
}

const PROMPT = "> ";

export function openScreen({ input, output }: Terminal, listener: ScreenListener): Screen {
  const interactive = input.isTTY === true && output.isTTY === true;
  const lines = createInterface({ input, prompt: PROMPT, ...(interactive && { output, terminal: true }) });
  let open = true;

  lines.on("line", (line) => {
    // The message comes back from the room, with its time and in its place.
    if (interactive) eraseTyped(output, line);
    listener.line(line);
    if (interactive && open) lines.prompt();
  });
  lines.on("close", () => {
    if (!open) return;
    open = false;
    listener.end();
  });

  return {
    print(line) {
      if (interactive) output.write("\r\u001b[K");
      output.write(`${line}\n`);
      if (interactive && open) lines.prompt(true);
    },
    close() {
      open = false;
      lines.close();
    },
  };
}

function eraseTyped(output: Terminal["output"], line: string): void {
  moveCursor(output, 0, -Math.ceil((PROMPT.length + line.length) / (output.columns ?? 80)));
  clearScreenDown(output);
}

/** What somebody else wrote must neither steer this terminal nor look like a line of somebody else. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is to be kept out
  return text.replaceAll(/\r?\n/g, "\n      ").replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\u{fffd}");
}
