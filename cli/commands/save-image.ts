/** The definition inside a save image, the user's own or a domain's: shown, replaced, edited. */
import path from 'node:path';
import type { Client } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandFailure } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { editText } from '../edit-text.ts';
import { readTextFile } from '../read-text-file.ts';
import { restoresToOf } from './save.ts';

type RestoresTo = ReturnType<typeof restoresToOf>;

/** An image as these commands see it, whichever it is. */
interface NamedImage {
  readonly show: (secure: boolean) => Promise<{ xml: string }>;
  readonly define: (xml: string, restoresTo: RestoresTo) => Promise<{ changed: boolean }>;
}

const secure = { type: 'boolean', help: 'include security sensitive information in XML dump' } as const;
const xmlOption = { type: 'string', required: true, help: 'filename containing updated XML for the target' } as const;
const fileOption = (help: string): { readonly type: 'string'; readonly required: true; readonly help: string } => ({ type: 'string', required: true, help });
const stateOptions = (when: string): { readonly running: { readonly type: 'boolean'; readonly help: string }; readonly paused: { readonly type: 'boolean'; readonly help: string } } => ({
  running: { type: 'boolean', help: `set domain to be running on ${when}` },
  paused: { type: 'boolean', help: `set domain to be paused on ${when}` },
});

export const saveImageDumpxml: Command = command({
  name: 'save-image-dumpxml',
  group: 'domain',
  summary: 'saved state domain information in XML',
  description: 'Dump XML of domain information for a saved state file to stdout.',
  options: { file: fileOption('saved state file to read'), 'security-info': secure },
  run: async (context, values) => await dump(context, (await fileImage(context, values.file)), values['security-info']),
});

export const saveImageDefine: Command = command({
  name: 'save-image-define',
  group: 'domain',
  summary: "redefine the XML for a domain's saved state file",
  description: 'Replace the domain XML associated with a saved state file',
  options: { file: fileOption('saved state file to modify'), xml: xmlOption, ...stateOptions('restore') },
  run: async (context, values) => await redefine(context, await fileImage(context, values.file), values.xml, restoresToOf(values), { failed: `Failed to update ${values.file}`, done: `State file ${values.file} updated.` }),
});

export const saveImageEdit: Command = command({
  name: 'save-image-edit',
  group: 'domain',
  summary: "edit XML for a domain's saved state file",
  description: 'Edit the domain XML associated with a saved state file',
  options: { file: fileOption('saved state file to edit'), ...stateOptions('restore') },
  run: async (context, values) =>
    await edit(context, await fileImage(context, values.file), restoresToOf(values), { failed: `Failed to update ${values.file}`, done: `State file ${values.file} edited.`, same: `Saved image ${values.file} XML configuration not changed.` }),
});

export const managedsaveDumpxml: Command = command({
  name: 'managedsave-dumpxml',
  group: 'domain',
  summary: 'Domain information of managed save state file in XML',
  description: 'Dump XML of domain information for a managed save state file to stdout.',
  options: { domain: domainOption, 'security-info': secure },
  run: async (context, values) => await dump(context, (await managedImage(context, values.domain)).image, values['security-info']),
});

export const managedsaveDefine: Command = command({
  name: 'managedsave-define',
  group: 'domain',
  summary: "redefine the XML for a domain's managed save state file",
  description: 'Replace the domain XML associated with a managed save state file',
  options: { domain: domainOption, xml: xmlOption, ...stateOptions('start') },
  async run(context, values) {
    const { image, name } = await managedImage(context, values.domain);
    await redefine(context, image, values.xml, restoresToOf(values), { failed: `Failed to update ${name} XML configuration`, done: `Managed save state file of domain '${name}' updated.` });
  },
});

export const managedsaveEdit: Command = command({
  name: 'managedsave-edit',
  group: 'domain',
  summary: "edit XML for a domain's managed save state file",
  description: 'Edit the domain XML associated with the managed save state file',
  options: { domain: domainOption, ...stateOptions('start') },
  async run(context, values) {
    const { image, name } = await managedImage(context, values.domain);
    await edit(context, image, restoresToOf(values), {
      failed: `Failed to update ${name} XML configuration`,
      done: `Managed save image of Domain '${name}' XML configuration edited.`,
      same: `Managed save image of domain '${name}' XML configuration not changed.`,
    });
  },
});

async function fileImage({ client, folder, interrupted }: CommandContext, named: string): Promise<NamedImage> {
  const host: Client = await client();
  const file = path.resolve(folder, named);
  return {
    show: (isSecure) => host.call('domainSaveImageGetXMLDesc', { file, secure: isSecure }, { signal: interrupted }),
    define: (xml, restoresTo) => host.call('domainSaveImageDefineXML', { file, xml, restoresTo }, { signal: interrupted }),
  };
}

async function managedImage({ client, interrupted }: CommandContext, named: string): Promise<{ readonly image: NamedImage; readonly name: string }> {
  const host: Client = await client();
  const { uuid: domain, name } = await lookUp(host, named, interrupted);
  const image: NamedImage = {
    show: (isSecure) => host.call('domainManagedSaveGetXMLDesc', { domain, secure: isSecure }, { signal: interrupted }),
    define: (xml, restoresTo) => host.call('domainManagedSaveDefineXML', { domain, xml, restoresTo }, { signal: interrupted }),
  };
  return { image, name };
}

async function dump({ output }: CommandContext, image: NamedImage, isSecure: boolean): Promise<void> {
  const answer = await image.show(isSecure);
  output.result(answer, () => [answer.xml.trimEnd()]);
}

interface Words {
  readonly failed: string;
  readonly done: string;
}

async function redefine(context: CommandContext, image: NamedImage, xmlFile: string, restoresTo: RestoresTo, { failed, done }: Words): Promise<void> {
  const xml = await readTextFile(context, xmlFile);
  const answer = await image.define(xml, restoresTo).catch((thrown: unknown) => {
    throw new CommandFailure(failed, asVireoError(thrown));
  });
  context.output.done(answer, done);
}

async function edit(context: CommandContext, image: NamedImage, restoresTo: RestoresTo, { failed, done, same }: Words & { readonly same: string }): Promise<void> {
  const { xml } = await image.show(true); // what is left out would be gone from the image
  const isChanged = await editText(context, xml, async (changed) => {
    await image.define(changed, restoresTo).catch((thrown: unknown) => {
      throw new CommandFailure(failed, asVireoError(thrown));
    });
  });
  context.output.done({ changed: isChanged }, isChanged ? done : same);
}
