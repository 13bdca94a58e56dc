/** The ways to a new domain: the sample guest, a definition written here, one from a file. */
import { useMemo } from 'react';
import type { HostStatus } from '../../core/api/contract.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { attempt } from '../shared/failure-toast.tsx';
import { type Session, useHost, useSession } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { show, type ViewStore } from '../store/view-store.ts';
import { definitionTemplate } from './definition-template.ts';
import { useViewStore } from './view-context.ts';

export const sampleName = 'sample';

/** It takes as long as the disk does. */
const longestRestoreMs = 24 * 3_600_000;

export type SampleStep = 'defining' | 'starting' | 'opening';

export interface Creation {
  /** Defines the sample guest where it is missing, starts it where it is off, and opens its console. */
  startSample(onStep: (step: SampleStep | null) => void): Promise<void>;
  /** Goes on with the draft that was put aside, or begins one from the template. */
  writeDefinition(): void;
  importDefinition(): Promise<void>;
  /** Asks for a folder of libvirt's and shows what importing it would do. */
  importFolder(): Promise<void>;
  /** Asks for a save image and starts its domain where it was saved. */
  restoreFromFile(): Promise<void>;
}

export function useCreation(): Creation {
  const session = useSession();
  const view = useViewStore();
  return useMemo(() => createCreation(session, view), [session, view]);
}

/** The domain called `sample`, if there is one. */
export function useSample(): DomainSummary | null {
  return useHost((state) => findByName(domainsOf(state), sampleName));
}

function findByName(domains: ReadonlyMap<string, DomainSummary>, name: string): DomainSummary | null {
  for (const summary of domains.values()) if (summary.name === name) return summary;
  return null;
}

function createCreation({ host }: Session, view: ViewStore): Creation {
  return {
    async startSample(onStep) {
      await attempt('The sample Linux was not started', async () => {
        try {
          let sample = findByName(domainsOf(host.store.getState()), sampleName);
          if (!sample) {
            onStep('defining');
            sample = (await host.client.call('sampleGuestDefine', { name: sampleName })).domain;
          }
          if (sample.state === 'shut off') {
            onStep('starting');
            await host.client.call('domainCreate', { domain: sample.uuid });
          }
          onStep('opening');
          show(view, sample.uuid);
          await host.client.call('desktopOpenConsole', { uuid: sample.uuid, device: null });
        } finally {
          onStep(null);
        }
      });
    },
    writeDefinition() {
      const { status } = host.store.getState();
      const names = new Set([...domainsOf(host.store.getState()).values()].map((summary) => summary.name));
      view.setState(({ draft, shelved }) => ({ draft: shelved ?? draft ?? { xml: definitionTemplate(freeName(names), domainType(status), { clipboard: hasClipboard(status) }), source: null, isChanged: false }, shelved: null, importing: null }));
    },
    async importDefinition() {
      const chosen = await attempt('The file was not read', () => host.client.call('desktopChooseDefinition', {}, { timeoutMs: 60 * 60_000 }));
      if (chosen) view.setState({ draft: { xml: chosen.xml, source: chosen.path, isChanged: false }, importing: null });
    },
    async importFolder() {
      await attempt('The folder was not read', async () => {
        const chosen = await host.client.call('desktopChooseImportFolder', {}, { timeoutMs: 60 * 60_000 });
        if (chosen) view.setState({ draft: null, importing: await host.client.call('connectImportFolder', { folder: chosen.path, dryRun: true }) });
      });
    },
    async restoreFromFile() {
      await attempt('No guest was restored', async () => {
        const chosen = await host.client.call('desktopChooseSaveImage', {}, { timeoutMs: 60 * 60_000 });
        if (!chosen) return;
        const { domain } = await host.client.call('domainRestore', { from: chosen.path }, { timeoutMs: longestRestoreMs });
        show(view, domain.uuid);
      });
    },
  };
}

/** `qemu-vdagent` came with QEMU 6.1. */
function hasClipboard(status: HostStatus | null): boolean {
  const [major = 0, minor = 0] = status?.qemu.found ? status.qemu.version.split('.').map(Number) : [];
  return major > 6 || (major === 6 && minor >= 1);
}

function domainType(status: HostStatus | null): 'kvm' | 'qemu' {
  return status?.accelerator?.name === 'kvm' ? 'kvm' : 'qemu';
}

function freeName(taken: ReadonlySet<string>): string {
  let name = 'new-guest';
  for (let number = 2; taken.has(name); number += 1) name = `new-guest-${number}`;
  return name;
}
