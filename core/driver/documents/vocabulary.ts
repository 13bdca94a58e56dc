/**
 * One part of the domain capabilities document: libvirt's name of it, the values that its enums may hold in libvirt's
 * order, and for each value domains that use it. Which values are printed is for a TrialDomain to say.
 */
import { createElement, type XmlElement } from '../../xml/xml-element.ts';
import type { TrialDomain, TrialParts } from './trial-domain.ts';

export interface EnumVocabulary {
  readonly name: string;
  readonly values: readonly string[];
  /** Domains with this value; one that is accepted is enough. */
  readonly variants: (value: string) => readonly TrialParts[];
}

export interface Section {
  readonly name: string;
  readonly enums: readonly EnumVocabulary[];
}

/** `<name supported='yes'>` with its enums where the trial accepts any value, else `<name supported='no'/>`. */
export async function sectionElement({ name, enums }: Section, trial: TrialDomain): Promise<XmlElement> {
  const found: { readonly element: XmlElement; readonly isEmpty: boolean }[] = [];
  for (const vocabulary of enums) {
    const element = await enumElement(vocabulary, trial);
    found.push({ element, isEmpty: element.children.length === 0 });
  }
  if (found.every(({ isEmpty }) => isEmpty)) return supportedElement(name, false);
  return createElement(name, { supported: 'yes' }, found.map(({ element }) => element));
}

/** `<enum name=…>` with the values that a domain may have; empty where it may have none. */
export async function enumElement({ name, values, variants }: EnumVocabulary, trial: TrialDomain): Promise<XmlElement> {
  const accepted: XmlElement[] = [];
  for (const value of values) {
    if (await trial.accepts(variants(value))) accepted.push(createElement('value', {}, [value]));
  }
  return createElement('enum', { name }, accepted);
}

export function supportedElement(name: string, supported: boolean): XmlElement {
  return createElement(name, { supported: supported ? 'yes' : 'no' });
}
