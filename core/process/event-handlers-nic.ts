/**
 * A guest that changed which frames one of its interfaces is to receive: its MAC address, its multicast groups, its
 * promiscuous mode. QEMU tells it once and is silent until somebody asks `query-rx-filter`.
 */
import type { QmpEvents } from '../monitor/commands.ts';
import type { EventScene } from './event-scene.ts';
import { onRxFilterChanged as followGuest } from './rx-filter.ts';

/** The query needs a job, and the commands on the host take their time: others' events do not wait for them. */
export function onRxFilterChanged({ context, domain, live, worker }: EventScene, data: QmpEvents['NIC_RX_FILTER_CHANGED']): void {
  worker.add(`receive filter ${data.name ?? data.path}`, () => followGuest(context, domain, live, data));
}
