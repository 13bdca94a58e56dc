/**
 * How results and failures are told: as virsh tells them, or as JSON for scripts. Results go to standard output, errors
 * to standard error; with --json both are one document a line on standard output.
 */
import { z } from 'zod';
import { type VireoError, asVireoError } from '../core/base/errors.ts';
import { CommandError, CommandFailure } from './command-error.ts';

export interface TextSink {
  readonly isTTY?: boolean;
  write(chunk: string | Uint8Array, callback?: (error?: Error | null) => void): boolean;
}

export interface OutputOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly json: boolean;
  /** Leaves out what only confirms, the heads of tables, and the empty line after each command. */
  readonly quiet: boolean;
}

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #stdout: TextSink;
  readonly #stderr: TextSink;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.quiet = options.quiet;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
  }

  /** What the command was asked for: `value` as JSON, or the lines for people. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(value ?? null)}\n`);
    else for (const line of lines()) this.#stdout.write(`${line}\n`);
  }

  /** A sentence that only confirms what was done. */
  done(value: unknown, sentence: string): void {
    this.result(value, () => (this.quiet ? [] : [sentence]));
  }

  /** A line for people on the way to a result; scripts do not see it. */
  line(text: string): void {
    if (!this.json) this.#stdout.write(`${text}\n`);
  }

  /** Something to know that is no error; on a line of its own also in the middle of what a guest prints. */
  notice(text: string, options: { readonly betweenLines?: boolean } = {}): void {
    this.#stderr.write(options.betweenLines ? `\r\nvireo: ${text}\r\n` : `vireo: ${text}\n`);
  }

  /** virsh ends every command that was begun with an empty line, a failed one too. */
  endOfCommand(): void {
    if (!this.json && !this.quiet) this.#stdout.write('\n');
  }

  error(thrown: unknown): void {
    const error = thrown instanceof CommandError ? thrown : asVireoError(thrown);
    if (this.json) this.#stdout.write(`${JSON.stringify({ error: errorForScripts(error) })}\n`);
    else for (const line of errorLines(error)) this.#stderr.write(`error: ${line}\n`);
  }
}

/** For scripts the reason counts, with the code and the fields it carries; what was being done stands beside it. */
function errorForScripts(error: CommandError | VireoError): object {
  if (error instanceof CommandFailure) return { ...error.reason.toRecord(), what: error.message };
  const { code, message, domain, details } = error;
  return { code, message, domain, details };
}

function errorLines(error: CommandError | VireoError): readonly string[] {
  if (error instanceof CommandFailure) return [error.message, ...errorLines(error.reason)];
  return [error.message, ...explanation(error.details)];
}

/** What the fields of an error say beyond its message: who stands in the way, since when, and what to do about it. */
function explanation(details: Readonly<Record<string, unknown>>): readonly string[] {
  const { holder, sinceMs, holders, remedy } = details;
  const lines: string[] = [];
  if (typeof holder === 'string') lines.push(`held by ${holder}${typeof sinceMs === 'number' ? ` since ${new Date(sinceMs).toISOString()}` : ''}`);
  const jobs = jobHolders.safeParse(holders);
  for (const { client, owner, ageMs } of jobs.data ?? []) lines.push(`held by ${client} (${owner}) for ${Math.round(ageMs / 1000)} s`);
  if (typeof remedy === 'string') lines.push(remedy);
  return lines;
}

/** Who holds the domain's jobs, as the refusal of a job tells it. */
const jobHolders = z.array(z.object({ client: z.string(), owner: z.string(), ageMs: z.number() }));
