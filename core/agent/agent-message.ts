/**
 * One line of the guest agent as a value. It comes from inside the guest, where anybody may have written it: nesting is
 * judged before it is parsed, text is clipped and cleaned before it reaches a message.
 */
import { clippedText } from './guest-text.ts';

export type AgentMessage =
  | { readonly kind: 'answer'; readonly result: unknown }
  | { readonly kind: 'refusal'; readonly agentClass: string; readonly text: string }
  /** `why` completes the sentence "the guest sent ...". */
  | { readonly kind: 'malformed'; readonly why: string };

/** The agent's own answers nest five deep; what nests deeper breaks whoever walks it recursively, JSON.stringify first. */
const maximumDepth = 64;

/** Never throws: a line that makes no sense is a message of its own kind. */
export function parseAgentMessage(line: Buffer): AgentMessage {
  if (nestsTooDeep(line)) return { kind: 'malformed', why: `JSON nested more than ${maximumDepth} deep` };
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return { kind: 'malformed', why: `malformed JSON: ${clippedText(line.toString('utf8', 0, 80), 80)}` };
  }
  if (!isObject(value)) return { kind: 'malformed', why: 'JSON that is no object' };
  const { error } = value;
  if (isObject(error) && typeof error['class'] === 'string' && typeof error['desc'] === 'string') {
    return { kind: 'refusal', agentClass: clippedText(error['class'], 100), text: clippedText(error['desc'], 1_000) };
  }
  if (error === undefined && Object.hasOwn(value, 'return')) return { kind: 'answer', result: value['return'] };
  return { kind: 'malformed', why: 'a message of no known kind' };
}

const quote = 0x22;
const backslash = 0x5c;

function nestsTooDeep(line: Buffer): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (inText) {
      if (byte === backslash) at++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth++;
      if (depth > maximumDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
