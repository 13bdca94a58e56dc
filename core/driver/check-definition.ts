/** Says what defining a text would say, without defining it: for editors and `define --validate`. */
import { asVireoError } from '../base/errors.ts';
import { parseDomain, unknownNodes } from '../devices/domain-xml.ts';
import { complete, withUuid } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';

export interface DefinitionProblem {
  readonly code: string;
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly element: string | null;
  readonly attribute: string | null;
}

export interface CheckedDefinition {
  readonly problem: DefinitionProblem | null;
  readonly notUnderstood: { path: string; line: number }[];
}

/** Never throws for what is wrong with the text. */
export async function checkDefinition(context: DriverContext, xml: string): Promise<CheckedDefinition> {
  let notUnderstood: CheckedDefinition['notUnderstood'] = [];
  try {
    const definition = parseDomain(xml);
    notUnderstood = unknownNodes(definition).map(({ path, line }) => ({ path, line }));
    await complete(context, withUuid(definition));
    return { problem: null, notUnderstood };
  } catch (error) {
    return { problem: problemOf(error), notUnderstood };
  }
}

function problemOf(thrown: unknown): DefinitionProblem {
  const { code, message, details } = asVireoError(thrown);
  const number = (name: string): number | null => (typeof details[name] === 'number' && details[name] > 0 ? details[name] : null);
  const word = (name: string): string | null => (typeof details[name] === 'string' ? details[name] : null);
  return { code, message, line: number('line'), column: number('column'), element: word('element'), attribute: word('attribute') };
}
