/** The definition inside a save image, to be read and changed while nobody restores it (J2). */
import { VireoError } from '../base/errors.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import { aboutImage } from './image-error.ts';
import { changedText, definitionIn } from './image-definition.ts';
import type { SaveContext } from './save-context.ts';
import { readSaveImage, rewriteHead } from './save-image.ts';

/** @throws OPERATION_FAILED for what is no whole image, XML_ERROR. */
export async function saveImageXml(file: string, { secure }: { readonly secure: boolean }): Promise<string> {
  const { xml } = await readSaveImage(file);
  try {
    return formatDomain(parseDomain(xml, { source: file }), { form: 'inactive', secure });
  } catch (error) {
    throw aboutImage(file, `the save image '${file}' cannot be used`, error);
  }
}

export interface ImageChange {
  /** Null leaves the definition as it is. */
  readonly xml: string | null;
  readonly restoresTo: 'as it is' | 'running' | 'paused';
}

/** @returns whether anything was changed. @throws CONFIG_UNSUPPORTED for what the guest would notice, OPERATION_FAILED where the text is too long. */
export async function defineSaveImage(context: SaveContext, file: string, { xml, restoresTo }: ImageChange): Promise<boolean> {
  const image = await readSaveImage(file);
  const wasRunning = restoresTo === 'as it is' ? image.header.wasRunning : restoresTo === 'running';
  const changed = xml === null ? image.xml : await changedText(context, await definitionIn(context, image), xml, image.cookie);
  if (changed === image.xml && wasRunning === image.header.wasRunning) return false;
  await rewriteHead(image, { xml: changed, wasRunning });
  return true;
}

/** @throws OPERATION_INVALID where a domain has none of its own. */
export function noManagedSave(): VireoError {
  return new VireoError('OPERATION_INVALID', 'domain does not have managed save image');
}
