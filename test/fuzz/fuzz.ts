/**
 * Feeds damaged definitions to everything that reads them. Whatever comes in, a refusal is one of the driver's own errors
 * that names a line, or the definition is kept, written and read back without a change; in bounded time.
 */
import type { ExaminedDocument } from '../../conformance/examine-document.ts';
import { mutateText } from './mutate-text.ts';
import { mutateTree } from './mutate-tree.ts';
import { Random } from './random.ts';

export interface FuzzFinding {
  readonly run: number;
  readonly what: string;
  readonly xml: string;
}

export interface FuzzResult {
  readonly runs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly FuzzFinding[];
  readonly slowestMs: number;
}

export interface FuzzOptions {
  readonly documents: readonly string[];
  readonly runs: number;
  readonly seed: number;
  readonly examine: (xml: string) => Promise<{ readonly found: ExaminedDocument; readonly milliseconds: number }>;
  readonly progress?: (run: number) => void;
}

/** The time in which any document has to be answered; a shared machine may be slow, an endless loop is slower. */
const limitMs = 3_000;
const maximumFindings = 50;

export async function fuzz({ documents, runs, seed, examine, progress }: FuzzOptions): Promise<FuzzResult> {
  const random = new Random(seed);
  const findings: FuzzFinding[] = [];
  let [accepted, refused, slowestMs] = [0, 0, 0];
  for (let run = 0; run < runs && findings.length < maximumFindings; run += 1) {
    const xml = mutated(documents, random);
    const { found, milliseconds } = await examine(xml);
    slowestMs = Math.max(slowestMs, milliseconds);
    if (found.refused) refused += 1;
    else accepted += 1;
    const what = complaint(found, milliseconds);
    if (what !== null) findings.push({ run, what, xml });
    progress?.(run);
  }
  return { runs, accepted, refused, findings, slowestMs };
}

/** Mostly one change, of the text or of the tree; those of the tree get further in. */
function mutated(documents: readonly string[], random: Random): string {
  let xml = random.pick(documents);
  for (let changes = random.next() < 0.6 ? 1 : 1 + random.below(4); changes > 0; changes -= 1) {
    xml = random.next() < 0.8 ? (mutateTree(xml, random.pick(documents), random) ?? xml) : mutateText(xml, random);
  }
  return xml;
}

function complaint({ crash, refused }: ExaminedDocument, milliseconds: number): string | null {
  if (crash !== null) return crash;
  if (milliseconds > limitMs) return `took ${Math.round(milliseconds)} ms`;
  if (refused?.step === 'parse' && refused.line === null) return `a refusal without a line: ${refused.message}`;
  if (refused && refused.message.length > 20_000) return `a refusal of ${refused.message.length} characters`;
  return null;
}
