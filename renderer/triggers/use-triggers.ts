/** A domain's triggers as the host has them: fetched when they are shown, after each change, and when one was told. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { ConsoleTrigger, NewConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import { useHost, useSession } from '../shared/session.ts';

export interface Triggers {
  /** Null until the host has said them. */
  readonly list: readonly ConsoleTrigger[] | null;
  /** Why the last question or change failed. */
  readonly error: VireoError | null;
  readonly isSaving: boolean;
  readonly reload: () => void;
  /** Whether it was done. Made of what the host has then: somebody else may have changed them meanwhile. */
  readonly change: (make: (now: readonly ConsoleTrigger[]) => readonly NewConsoleTrigger[]) => Promise<boolean>;
}

interface Known {
  readonly list: readonly ConsoleTrigger[] | null;
  readonly error: VireoError | null;
  readonly isSaving: boolean;
}

export function useTriggers(uuid: string): Triggers {
  const { host } = useSession();
  const [known, setKnown] = useState<Known>({ list: null, error: null, isSaving: false });
  const [turn, setTurn] = useState(0);
  const isSaving = useRef(false);
  const toldAtMs = useHost(({ lastEvents }) => (lastEvents.get(uuid)?.type === 'console-trigger' ? lastEvents.get(uuid)?.atMs : null));
  const isConnected = useHost(({ link }) => link.phase === 'connected');

  useEffect(() => {
    const left = new AbortController();
    const isWanted = (): boolean => !left.signal.aborted && !isSaving.current;
    if (isConnected) {
      host.client.call('domainGetConsoleTriggers', { domain: uuid }, { signal: left.signal }).then(
        ({ triggers }) => isWanted() && setKnown({ list: triggers, error: null, isSaving: false }),
        (thrown: unknown) => isWanted() && setKnown(({ list }) => ({ list, error: asVireoError(thrown), isSaving: false })),
      );
    }
    return () => left.abort();
  }, [host, uuid, turn, toldAtMs, isConnected]);

  const change = useCallback<Triggers['change']>(async (make) => {
    if (isSaving.current) return false;
    isSaving.current = true;
    setKnown((before) => ({ ...before, error: null, isSaving: true }));
    try {
      const { triggers: now } = await host.client.call('domainGetConsoleTriggers', { domain: uuid });
      const { triggers } = await host.client.call('domainSetConsoleTriggers', { domain: uuid, triggers: [...make(now)] });
      setKnown({ list: triggers, error: null, isSaving: false });
      return true;
    } catch (thrown) {
      setKnown(({ list }) => ({ list, error: asVireoError(thrown), isSaving: false }));
      return false;
    } finally {
      isSaving.current = false;
    }
  }, [host, uuid]);

  return { ...known, change, reload: useCallback(() => setTurn((before) => before + 1), []) };
}
