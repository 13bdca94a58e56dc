/** A console's history written to a file that the user named: read from the host page by page, whatever its size. */
import type { Client } from '../core/api/client.ts';
import { consolePieces } from '../core/api/console-pieces.ts';
import type { ConsoleEncoding } from '../core/console/history/encodings.ts';
import { type ExportFormat, exportConsole } from '../core/console/history/export-console.ts';
import type { ChosenFiles } from './chosen-files.ts';

export interface ConsoleExport {
  readonly uuid: string;
  readonly device: string | null;
  /** With the newest run's first byte, or the first that is kept at all. */
  readonly from: 'run' | 'beginning';
  readonly format: ExportFormat;
  readonly encoding: ConsoleEncoding;
  readonly timestamps: boolean;
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
}

/** Writes what is kept at this moment, and answers with how much that is. @throws SYSTEM_ERROR, DEVICE_MISSING. */
export async function writeConsole(client: Client, files: ChosenFiles, path: string, request: ConsoleExport, signal: AbortSignal): Promise<{ path: string; sizeBytes: number }> {
  const file = await files.create(path);
  let sizeBytes = 0;
  try {
    const pieces = consolePieces(client, { domain: request.uuid, device: request.device, from: request.from, signal });
    for await (const bytes of exportConsole(pieces, { ...request, moment: (atMs) => new Date(atMs).toISOString() })) sizeBytes = await files.append(file, bytes);
  } finally {
    await files.close(file);
  }
  return { path, sizeBytes };
}
