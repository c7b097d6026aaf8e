#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from "commander";
import { systemClock } from "../clock.ts";
import { CarillonError } from "../protocol/errors.ts";
import { Role } from "../protocol/fields.ts";
import { runChat, type ChatOptions } from "./chat.ts";
import { makeToken, type TokenOptions } from "./token.ts";

const program = new Command("carillon").description("Talk to a Carillon server from the command line.");

program
  .command("chat")
  .description("Chat in a room: each line is a message, /quit or the end of the input leaves.")
  .argument("<url>", "the server: http://localhost:3000")
  .argument("<room>", "the room's id")
  .addOption(new Option("--name <name>", "your name as a guest").default(loginName(), "your login name"))
  .option("--token <token>", "a token; without it, you are a guest")
  .action(async (url: string, room: string, options: Pick<ChatOptions, "name" | "token">) => {
    const { stdin: input, stdout: output } = process;
    process.exitCode = await runChat({ url, room, ...options }, { input, output }, systemClock);
    // Nobody reads it any more; left open, it would keep the process.
    input.destroy();
  });

program
  .command("token")
  .description("Print a token, signed with JWT_SECRET (or JWT_SECRET_FILE) of the environment.")
  .requiredOption("--sub <user>", "the user's id")
  .option("--name <name>", "the user's name")
  .addOption(new Option("--role <role...>", "what the user may do").choices(Role.options))
  .option("--room <pattern...>", "the rooms that the user may enter: lobby, 'team-*', '*'")
  .option("--ttl <seconds>", "how long it holds", seconds, 3600)
  .action(async (options: TokenOptions) => {
    console.log(await makeToken(options, process.env, systemClock));
  });

try {
  await program.parseAsync();
} catch (error) {
  program.error(`carillon: ${explain(error)}`);
}

function loginName(): string {
  return process.env["USER"] || process.env["USERNAME"] || "guest";
}

function seconds(value: string): number {
  if (!/^[1-9]\d{0,9}$/.test(value)) throw new InvalidArgumentError("Expected a whole number of seconds.");
  return Number(value);
}

function explain(error: unknown): string {
  if (error instanceof CarillonError && error.details) return `${error.message} ${JSON.stringify(error.details)}`;
  return error instanceof Error ? error.message : String(error);
}
