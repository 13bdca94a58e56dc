/** Other Vireo hosts that somebody has moved guests to, remembered by this app: drop targets, and the choice in the dialog. */
import { createStore } from 'zustand/vanilla';
import { z } from 'zod';
import type { Client } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';

const key = 'vireo:other-hosts';
const maximumKept = 16;

/** What was found when it was last asked; nobody is asked by himself. */
export type Reach = { readonly state: 'not asked' | 'asking' } | { readonly state: 'reachable'; readonly hostName: string } | { readonly state: 'unreachable'; readonly why: string };

export interface OtherHost {
  readonly uri: string;
  readonly reach: Reach;
}

export const otherHosts = createStore<{ readonly hosts: readonly OtherHost[] }>(() => ({ hosts: restored() }));

function restored(): readonly OtherHost[] {
  try {
    const parsed = z.array(z.string().max(4096)).max(maximumKept).safeParse(JSON.parse(localStorage.getItem(key) ?? '[]'));
    return (parsed.data ?? []).map((uri) => ({ uri, reach: { state: 'not asked' } }));
  } catch {
    return []; // it was written by hand, or by a version to come
  }
}

function keep(hosts: readonly OtherHost[]): void {
  localStorage.setItem(key, JSON.stringify(hosts.map(({ uri }) => uri)));
  otherHosts.setState({ hosts });
}

/** The one used last comes first. */
export function rememberHost(uri: string): void {
  const { hosts } = otherHosts.getState();
  const known = hosts.find((host) => host.uri === uri) ?? { uri, reach: { state: 'not asked' } };
  keep([known, ...hosts.filter((host) => host.uri !== uri)].slice(0, maximumKept));
}

export function forgetHost(uri: string): void {
  keep(otherHosts.getState().hosts.filter((host) => host.uri !== uri));
}

const probeMs = 30_000;

/** Asks whether it answers, and says so; a host that is not among those remembered is asked all the same. */
export async function probeHost(client: Client, uri: string): Promise<Reach> {
  const note = (reach: Reach): Reach => {
    otherHosts.setState(({ hosts }) => ({ hosts: hosts.map((host) => (host.uri === uri ? { uri, reach } : host)) }));
    return reach;
  };
  note({ state: 'asking' });
  try {
    const { hostName } = await client.call('connectProbeHost', { uri }, { timeoutMs: probeMs });
    return note({ state: 'reachable', hostName });
  } catch (error) {
    return note({ state: 'unreachable', why: asVireoError(error).message });
  }
}

/** As people call it: `ann@rack-2`, `~/second` of this computer. */
export function hostLabel(uri: string): string {
  const [, scheme, rest = ''] = /^vireo\+(ssh|unix):\/\/(.*)$/.exec(uri) ?? [];
  if (scheme === undefined) return uri;
  const text = decodeURIComponent(rest.replaceAll(/%(?![0-9a-f]{2})/gi, '%25'));
  if (scheme === 'unix') return `${text.split('/').findLast(Boolean) ?? text} (this computer)`;
  return text.replace(/\/$/, '');
}
