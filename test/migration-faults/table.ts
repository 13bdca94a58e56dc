/** Runs cells one after the other on pairs of hosts, a few pairs at once, and tells of each. */
import type { Cell } from './cells.ts';
import { nameOf } from './cells.ts';
import { Pair } from './pair.ts';
import { type CellResult, runCell } from './run-cell.ts';

export async function runCells(program: string, cells: readonly Cell[], { atOnce, onResult, signal }: { readonly atOnce: number; readonly signal?: AbortSignal; readonly onResult?: (result: CellResult, log: readonly string[]) => void }): Promise<readonly CellResult[]> {
  const waiting = [...cells];
  const results: CellResult[] = [];
  const lane = async (): Promise<void> => {
    let pair: Pair | null = null;
    const leave = (): void => void pair?.[Symbol.asyncDispose](); // the cell under way fails, and is the last
    signal?.addEventListener('abort', leave);
    try {
      for (let cell = waiting.shift(); cell && !signal?.aborted; cell = waiting.shift()) {
        pair ??= await Pair.open(program);
        const result = await runCell(pair, cell);
        if (signal?.aborted) break;
        results.push(result);
        onResult?.(result, result.wrong.length === 0 ? [] : await pair.logs());
        if (result.wrong.length === 0) continue;
        await pair[Symbol.asyncDispose](); // what is wrong in one cell is not to be found in the next
        pair = null;
      }
    } finally {
      signal?.removeEventListener('abort', leave);
      await pair?.[Symbol.asyncDispose]();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

export function lineOf({ cell, outcome, told, wrong, tookMs }: CellResult): string {
  const head = `${wrong.length === 0 ? 'ok   ' : 'WRONG'} ${nameOf(cell).padEnd(48)} ${outcome.padEnd(20)} ${(tookMs / 1000).toFixed(1).padStart(6)} s`;
  return [`${head}  ${told ?? ''}`.trimEnd(), ...wrong.map((each) => `      ${each}`)].join('\n');
}
