/** The methods about a guest that is saved into a file, and about the file. */
import { z } from 'zod';
import { saveFormats } from '../save/save-format-names.ts';

const domain = z.string().min(1).max(1024);
const file = z.string().min(1).max(4096);
const xml = z.string().max(4 << 20).nullable().default(null);
/** Whether the guest runs once it is restored; `as it is` leaves that to how it was when it was saved. */
const restoresTo = z.enum(['as it is', 'running', 'paused']).default('as it is');
const bypassCache = z.boolean().default(false);
const none = z.null();
const nothing = z.object({ domain });
const definition = z.object({ xml: z.string() });

export const saveMethods = {
  /**
   * Saves a guest into a file of the host, as libvirt does, and ends it; a file that is there is replaced once the image is
   * complete. `format` null takes the one in the host's settings. `xml` is what it will be restored as.
   */
  domainSave: { access: 'write', params: z.object({ domain, to: file, format: z.enum(saveFormats).nullable().default(null), xml, restoresTo, bypassCache }), result: none },
  /** Starts the domain of a save image where it was saved; the file stays. */
  domainRestore: { access: 'write', params: z.object({ from: file, xml, restoresTo, resetNvram: z.boolean().default(false), bypassCache }), result: z.object({ domain: z.object({ uuid: z.string(), name: z.string() }) }) },
  domainSaveImageGetXMLDesc: { access: 'read', params: z.object({ file, secure: z.boolean().default(false) }), result: definition },
  /** Changes the definition in a save image to one that its guest cannot tell from it; `xml` null changes only how it is restored. */
  domainSaveImageDefineXML: { access: 'write', params: z.object({ file, xml, restoresTo }), result: z.object({ changed: z.boolean() }) },
  /** The same into an image of the domain's own, which its next start takes. */
  domainManagedSave: { access: 'write', params: z.object({ domain, restoresTo, bypassCache }), result: none },
  domainManagedSaveRemove: { access: 'write', params: nothing, result: z.object({ removed: z.boolean() }) },
  domainManagedSaveGetXMLDesc: { access: 'read', params: z.object({ domain, secure: z.boolean().default(false) }), result: definition },
  domainManagedSaveDefineXML: { access: 'write', params: z.object({ domain, xml, restoresTo }), result: z.object({ changed: z.boolean() }) },
} as const;
