import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";

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
    if (interactive) eraseRows(output, Math.ceil((PROMPT.length + line.length) / (output.columns ?? 80)));
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
      const { rows } = interactive && open ? lines.getCursorPos() : { rows: 0 };
      if (interactive) eraseRows(output, rows);
      // What is typed over several rows is drawn again that many rows up: over empty ones, not over this line.
      output.write(`${line}\n${"\n".repeat(rows)}`);
      if (interactive && open) lines.prompt(true);
    },
    close() {
      if (interactive && open) eraseRows(output, lines.getCursorPos().rows);
      open = false;
      lines.close();
    },
  };
}

function eraseRows(output: Terminal["output"], above: number): void {
  moveCursor(output, 0, -above);
  cursorTo(output, 0);
  clearScreenDown(output);
}

/** What somebody else wrote must neither steer this terminal nor look like a line of somebody else. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is to be kept out
  return text.replaceAll(/\r?\n/g, "\n      ").replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\u{fffd}");
}
