/** Says what defining a text would say, without defining it: for editors and `define --validate`. */
import { asVireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain, unknownNodes } from '../devices/domain-xml.ts';
import { warningOf } from '../devices/graphics/display-access.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { childElements } from '../xml/xml-element.ts';
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
  /** What would run and should not be left so. */
  readonly warnings: { message: string; line: number }[];
}

/** Never throws for what is wrong with the text. */
export async function checkDefinition(context: DriverContext, xml: string): Promise<CheckedDefinition> {
  let notUnderstood: CheckedDefinition['notUnderstood'] = [];
  try {
    const definition = parseDomain(xml);
    notUnderstood = unknownNodes(definition).map(({ path, line }) => ({ path, line }));
    const completed = await complete(context, withUuid(definition));
    return { problem: null, notUnderstood, warnings: displayWarnings(context, completed, xml) };
  } catch (error) {
    return { problem: problemOf(error), notUnderstood, warnings: [] };
  }
}

/** Displays that more people can reach than somebody may have thought of. None is implied, so they stand in the text one by one. */
function displayWarnings({ settings }: DriverContext, { devices }: DomainDefinition, xml: string): CheckedDefinition['warnings'] {
  const written = childElements(parseXml(xml, { source: 'the definition' })).filter(({ name }) => name === 'devices').flatMap(childElements).filter(({ name }) => name === 'graphics');
  return devicesOf(devices, 'graphics').flatMap(({ backend }, index) => {
    const message = warningOf(backend, settings);
    return message === null ? [] : [{ message, line: written[index]?.line ?? 1 }];
  });
}

function problemOf(thrown: unknown): DefinitionProblem {
  const { code, message, details } = asVireoError(thrown);
  const number = (name: string): number | null => (typeof details[name] === 'number' && details[name] > 0 ? details[name] : null);
  const word = (name: string): string | null => (typeof details[name] === 'string' ? details[name] : null);
  return { code, message, line: number('line'), column: number('column'), element: word('element'), attribute: word('attribute') };
}
