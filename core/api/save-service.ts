/** The contract of saving and restoring, implemented by the modules that know. */
import type { Domain } from '../domain/domain.ts';
import type { Driver } from '../driver/driver.ts';
import type { Call } from '../job/call.ts';
import { defineSaveImage, noManagedSave, saveImageXml } from '../save/image-xml.ts';
import { managedSaveDomain, managedSaveFile, removeManagedSave } from '../save/managed-save.ts';
import { restoreDomain } from '../save/restore-domain.ts';
import { saveDomain } from '../save/save-domain.ts';
import type { saveMethods } from './save-contract.ts';
import type { Implementation } from './server.ts';

export function saveService(driver: Driver): Implementation<typeof saveMethods> {
  const { context, save } = driver;
  const { saveImageFormat } = context.settings;
  /** The domain's own image, held still: a start would take it away. */
  const onManaged = <T>(call: Call, reference: string, work: (file: string) => Promise<T>): Promise<T> =>
    driver.on(reference, async (found: Domain) => {
      await using job = await found.jobs.begin(call, 'modify');
      job.assertHeld();
      if (!found.hasManagedSave) throw noManagedSave();
      return await work(managedSaveFile(context, found.uuid));
    });
  return {
    domainSave: (call, { domain, to, format, ...options }) => driver.on(domain, (found) => saveDomain(save, call, found, { file: to, format: format ?? saveImageFormat, managed: false, ...options })).then(() => null),
    domainRestore: async (call, { from, ...options }) => {
      const { uuid, name } = await driver.track(() => restoreDomain(save, call, from, options));
      return { domain: { uuid, name } };
    },
    domainSaveImageGetXMLDesc: async (_call, { file, secure }) => ({ xml: await saveImageXml(file, { secure }) }),
    domainSaveImageDefineXML: async (_call, { file, ...change }) => ({ changed: await driver.track(() => defineSaveImage(save, file, change)) }),
    domainManagedSave: (call, { domain, ...options }) => driver.on(domain, (found) => managedSaveDomain(save, call, found, { format: saveImageFormat, ...options })).then(() => null),
    domainManagedSaveRemove: async (call, { domain }) => ({ removed: await driver.on(domain, (found) => removeManagedSave(context, call, found)) }),
    domainManagedSaveGetXMLDesc: async (call, { domain, secure }) => ({ xml: await onManaged(call, domain, (file) => saveImageXml(file, { secure })) }),
    domainManagedSaveDefineXML: async (call, { domain, ...change }) => ({ changed: await onManaged(call, domain, (file) => defineSaveImage(save, file, change)) }),
  };
}
