/**
 * Capabilities of a QEMU that is not here, out of a text: as this driver keeps them, or a recorded QMP conversation (JSON
 * documents one after the other, each command followed by its reply), which answers the probe's questions in that QEMU's
 * place. Command lines can be rendered for it, and nothing else.
 */
import { VireoError } from '../base/errors.ts';
import { askCapabilities, type CapabilitySource } from './probe.ts';
import type { QemuCapabilities } from './qemu-capabilities.ts';
import { parseCapabilities } from './stored-capabilities.ts';

/** `name` is what the text is, for messages. Throws INVALID_ARG for one that is neither. */
export async function parseRecordedCapabilities(text: string, name: string): Promise<QemuCapabilities> {
  const documents = splitDocuments(text).map((document) => parseDocument(document, name));
  const [only] = documents;
  if (documents.length === 1 && typeof only?.['key'] === 'string') {
    const stored = parseCapabilities(text, only['key']);
    if (stored) return stored;
  }
  const probed = await askCapabilities(recordedConversation(documents, name), new AbortController().signal);
  return { key: `recorded-${name}`, binary: `/usr/bin/qemu-system-${probed.arch}`, ...probed };
}

type Document = Readonly<Record<string, unknown>>;

function parseDocument(text: string, name: string): Document {
  try {
    return JSON.parse(text) as Document;
  } catch (error) {
    throw new VireoError('INVALID_ARG', `${name} holds no JSON documents`, { cause: error });
  }
}

/** A recording may list all types without their parents; then each could be anything, and answers for every interface. */
function recordedConversation(documents: readonly Document[], name: string): CapabilitySource {
  const answer = (command: string, args: Document | undefined): unknown => {
    const asked = documents.findIndex((document) => document['execute'] === command && !contradicts(document['arguments'], args));
    const reply = asked < 0 ? undefined : documents.slice(asked + 1).find((document) => 'return' in document || 'error' in document);
    if (reply && 'return' in reply) return reply['return'];
    throw new VireoError('INVALID_ARG', `${name} holds no reply to ${command}`);
  };
  return { execute: async (command, ...[args]) => answer(command, args as Document | undefined) as never };
}

function contradicts(recorded: unknown, asked: Document | undefined): boolean {
  if (typeof recorded !== 'object' || recorded === null) return false;
  return Object.entries(recorded).some(([name, value]) => asked?.[name] !== value);
}

/** Where the brackets of one document close, it ends. */
function splitDocuments(text: string): readonly string[] {
  const documents: string[] = [];
  let [depth, start, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) {
        documents.push(text.slice(start, at + 1));
        start = at + 1;
      }
    }
  }
  return documents;
}
