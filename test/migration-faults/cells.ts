/** The table of issue 7: at which phase which part has which fault, and where the guest may be afterwards. */

/** In their order; `disks`, `memory` and `post-copy` are in the middle of what they name, the others at the phase's beginning, written down. */
export const phases = ['begin3', 'prepare', 'perform3', 'disks', 'memory', 'perform3_done', 'finish2', 'finish3', 'ran', 'confirm3', 'post-copy'] as const;
export type Phase = (typeof phases)[number];

export const parts = ['source driver', 'destination driver', 'source QEMU', 'destination QEMU', 'memory link', 'peer link', 'client', 'leading client'] as const;
export type Part = (typeof parts)[number];

/** `hang` is over after a moment, `long hang` after every patience of a host but that for an answer to Finish. */
export const faults = ['kill', 'hang', 'long hang', 'error', 'cancel'] as const;
export type Fault = (typeof faults)[number];

/** Where the guest is: it runs or stands still on the source (`here`) or on the destination (`there`). */
export type Outcome = 'here' | 'there' | 'paused here' | 'there, paused here' | 'both paused' | 'nowhere';

export interface Cell {
  readonly phase: Phase;
  readonly part: Part;
  readonly fault: Fault;
  readonly disk: boolean;
}

/** What the host's process stops at. */
export const gateOf: Readonly<Partial<Record<Phase, readonly ['source' | 'destination', string]>>> = {
  begin3: ['source', 'migration-out begin3'],
  prepare: ['destination', 'migration-in prepare'],
  perform3: ['source', 'migration-out perform3'],
  perform3_done: ['source', 'migration-out perform3_done'],
  finish2: ['destination', 'migration-in finish2'],
  finish3: ['destination', 'migration-in finish3'],
  ran: ['destination', 'migration-in ran'],
  confirm3: ['source', 'migration-out confirm3'],
};

const at = (phase: Phase): number => phases.indexOf(phase);

export function nameOf({ phase, part, fault, disk }: Cell): string {
  return `${phase}, ${part}, ${fault}${disk ? ', with a disk' : ''}`;
}

export function allCells({ disk }: { readonly disk: boolean }): readonly Cell[] {
  return phases.flatMap((phase) => parts.flatMap((part) => faults.map((fault): Cell => ({ phase, part, fault, disk })))).filter(isPossible);
}

function isPossible({ phase, part, fault, disk }: Cell): boolean {
  if (phase === 'disks' && !disk) return false;
  if (phase === 'post-copy' && disk) return false; // the disks are over by then
  switch (part) {
    case 'source driver':
      return fault === 'error' ? gateOf[phase]?.[0] === 'source' && phase !== 'confirm3' : fault === 'kill' || fault === 'hang';
    case 'destination driver':
      // After `ran` nothing can fail by itself. To cancel there is to destroy the guest that comes.
      if (fault === 'error') return gateOf[phase]?.[0] === 'destination' && phase !== 'ran';
      return fault === 'cancel' ? at(phase) > at('prepare') && phase !== 'ran' && phase !== 'finish2' && phase !== 'finish3' : true;
    case 'source QEMU':
      return fault === 'kill' || fault === 'hang' || fault === 'long hang';
    case 'destination QEMU':
      return at(phase) > at('prepare') && (fault === 'kill' || fault === 'hang' || fault === 'long hang');
    case 'memory link':
      return fault !== 'cancel' && ['perform3', 'disks', 'memory', 'post-copy'].includes(phase) && !(phase === 'post-copy' && fault === 'error');
    case 'peer link':
      return fault === 'kill' || fault === 'hang' || fault === 'long hang';
    case 'client':
      return fault === 'kill' || fault === 'cancel';
    case 'leading client':
      return phase !== 'post-copy' && (fault === 'kill' || fault === 'hang');
  }
}

/** The guest has run on the destination: it is that host's, whatever becomes of it. */
export function isHandedOver({ phase }: Cell): boolean {
  return at(phase) >= at('ran');
}

/** Every outcome that is right. The oracles that hold for every cell are in judge-cell.ts. */
export function rightOutcomes(cell: Cell): readonly Outcome[] {
  const { phase, part, fault } = cell;
  if (phase === 'post-copy') return inPostcopy(cell);
  if (fault === 'hang') return ['there'];
  // Who waits out a hang may give up or go on; nobody loses the guest.
  if (fault === 'long hang') return ['there', 'here', 'paused here', 'there, paused here'];
  const isFinishing = at(phase) >= at('finish2');
  switch (part) {
    case 'source driver':
      if (phase === 'confirm3') return ['there'];
      if (isFinishing) return ['there, paused here'];
      return phase === 'perform3_done' && fault === 'kill' ? ['paused here', 'there, paused here'] : ['here'];
    case 'destination driver':
      if (fault === 'cancel') return isHandedOver(cell) ? ['nowhere'] : ['here'];
      if (fault === 'error') return ['here'];
      return isHandedOver(cell) || phase === 'finish2' ? ['there'] : ['here'];
    case 'source QEMU':
      if (isFinishing) return ['there'];
      return phase === 'perform3_done' ? ['there', 'nowhere'] : ['nowhere'];
    case 'destination QEMU':
      return isHandedOver(cell) ? ['nowhere'] : ['here'];
    case 'memory link':
      return ['here'];
    case 'peer link':
      return isFinishing ? ['there'] : ['here'];
    case 'client':
      return fault === 'kill' || isFinishing ? ['there'] : phase === 'perform3_done' ? ['here', 'there'] : ['here'];
    case 'leading client':
      if (phase === 'confirm3') return ['there'];
      if (isFinishing) return ['there, paused here'];
      return phase === 'perform3_done' ? ['paused here'] : ['here'];
  }
}

/** Neither host has the whole guest: nobody cancels, and what dies on either side is lost. */
function inPostcopy({ part, fault }: Cell): readonly Outcome[] {
  if (part === 'source QEMU' || part === 'destination QEMU') return fault === 'kill' ? ['nowhere', 'both paused'] : ['there', 'both paused'];
  if (part === 'memory link' && fault === 'kill') return ['both paused'];
  if (part === 'destination driver' && fault === 'cancel') return ['nowhere', 'both paused'];
  // The QEMUs go on by themselves, and whoever comes back to the source finds that all has gone over, but nobody who was told.
  if (part === 'source driver' && fault === 'kill') return ['there', 'there, paused here', 'both paused'];
  return ['there', 'both paused'];
}
