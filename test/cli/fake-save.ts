/** The methods of saving on a host without guests: nothing is written, and what was asked for can be looked at. */
import { VireoError } from '../../core/base/errors.ts';
import type { saveMethods } from '../../core/api/save-contract.ts';
import type { Implementation } from '../../core/api/server.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

const xml = '<domain>\n  <name>test</name>\n</domain>\n';

export function fakeSave(find: (reference: string) => DomainSummary, change: (reference: string, changes: Partial<DomainSummary>) => void): Implementation<typeof saveMethods> {
  const stop = (domain: string, changes: Partial<DomainSummary>): null => {
    if (find(domain).id === null) throw new VireoError('OPERATION_INVALID', 'domain is not running');
    change(domain, { id: null, state: 'shut off', reason: 'saved', ...changes });
    return null;
  };
  return {
    domainSave: async (_call, { domain }) => stop(domain, {}),
    domainRestore: async () => ({ domain: { uuid: '00000000-0000-4000-8000-000000000001', name: 'test' } }),
    domainSaveImageGetXMLDesc: async (_call, { secure }) => ({ xml: secure ? xml.replace('</domain>', '  <!-- secret -->\n</domain>') : xml }),
    domainSaveImageDefineXML: async (_call, { xml: given }) => ({ changed: given !== xml }),
    domainManagedSave: async (_call, { domain }) => stop(domain, { hasManagedSave: true }),
    domainManagedSaveRemove: async (_call, { domain }) => {
      const { hasManagedSave } = find(domain);
      change(domain, { hasManagedSave: false });
      return { removed: hasManagedSave };
    },
    domainManagedSaveGetXMLDesc: async (_call, { domain }) => {
      if (!find(domain).hasManagedSave) throw new VireoError('OPERATION_INVALID', 'domain does not have managed save image');
      return { xml };
    },
    domainManagedSaveDefineXML: async (_call, { xml: given }) => ({ changed: given !== xml }),
  };
}
