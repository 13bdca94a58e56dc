/** A domain's devices, by what they are for. Controllers come last and folded: there are many, and few people look for them. */
import { BadgeAlert, Cable, CircuitBoard, Cpu, CreditCard, Dices, Filter, FolderOpen, HardDrive, Key, Keyboard, type LucideIcon, MemoryStick, MessageSquareText, Monitor, Network, Plug, Scale, ScrollText, Share2, ShieldCheck, Speaker, SquareTerminal, TimerReset, Usb, Volume2 } from 'lucide-react';
import type { ReactElement } from 'react';
import type { DeviceKind } from '../../core/conf/device-definition.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type CountedDevice, deviceTooltip, groupDevices } from '../words/devices.ts';
import { plural } from '../words/format.ts';

const icons: Readonly<Record<DeviceKind, LucideIcon>> = {
  disk: HardDrive,
  lease: Key,
  filesystem: FolderOpen,
  interface: Network,
  vsock: Share2,
  serial: SquareTerminal,
  parallel: Cable,
  console: SquareTerminal,
  channel: MessageSquareText,
  graphics: Monitor,
  video: CircuitBoard,
  sound: Speaker,
  audio: Volume2,
  input: Keyboard,
  hostdev: Plug,
  redirdev: Usb,
  redirfilter: Filter,
  smartcard: CreditCard,
  shmem: Share2,
  memory: MemoryStick,
  memballoon: Scale,
  tpm: ShieldCheck,
  rng: Dices,
  crypto: Key,
  iommu: Cpu,
  watchdog: TimerReset,
  panic: BadgeAlert,
  pstore: ScrollText,
  nvram: Cpu,
  hub: Usb,
  controller: Cpu,
};

export interface DeviceListProps {
  readonly devices: DomainSummary['devices'];
  /** Many devices get headings and columns; few are one list in the same order. */
  readonly crowded: boolean;
}

export function DeviceList({ devices, crowded }: DeviceListProps): ReactElement {
  if (devices.length === 0) return <p className="quiet">The definition names no devices.</p>;
  const { groups, controllers } = groupDevices(devices);
  return (
    <>
      {crowded ? (
        <div className="device-groups">
          {groups.map(({ title, devices: inside }) => (
            <section key={title} aria-label={title}>
              <h3>{title}</h3>
              <Rows devices={inside} />
            </section>
          ))}
        </div>
      ) : (
        <Rows devices={groups.flatMap((group) => group.devices)} />
      )}
      {controllers.length > 0 && (
        <details className="controllers">
          <summary className="quiet">{plural(controllers.reduce((sum, { count }) => sum + count, 0), 'controller')}</summary>
          <div className="device-groups"><Rows devices={controllers} /></div>
        </details>
      )}
    </>
  );
}

function Rows({ devices }: { readonly devices: readonly CountedDevice[] }): ReactElement {
  return (
    <ul className="devices">
      {devices.map(({ kind, label, alias, count }) => {
        const Icon = icons[kind as DeviceKind] ?? CircuitBoard; // a newer host may have a kind that this window does not know
        return (
          <li key={`${kind} ${label} ${alias}`} title={deviceTooltip(kind)}>
            <Icon size={16} aria-label={kind} />
            <span className="selectable">{label}{count > 1 && <span className="quiet"> × {count}</span>}</span>
            {alias && <code className="quiet ellipsis" title={alias}>{alias}</code>}
          </li>
        );
      })}
    </ul>
  );
}
