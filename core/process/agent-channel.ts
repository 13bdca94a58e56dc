/** The guest agent's channel in a running domain: which it is, and whether the guest has it open. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { isAgentChannel } from '../devices/channel/channel.ts';

/** The alias of the channel that the agent in the guest opens, null where the domain has none. */
export function agentPort(definition: DomainDefinition): string | null {
  return devicesOf(definition.devices, 'channel').find(isAgentChannel)?.alias ?? null;
}

/** The definition with `<target state=...>` of the channel `alias` as the guest has it now; output only. */
export function withChannelState(definition: DomainDefinition, alias: string, open: boolean): DomainDefinition {
  const devices = definition.devices.map((device) =>
    device.kind === 'channel' && device.alias === alias ? { ...device, target: { ...device.target, state: open ? ('connected' as const) : ('disconnected' as const) } } : device,
  );
  return { ...definition, devices };
}
