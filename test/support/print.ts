/** For numbers that a test measures and does not judge: they are read in the run's output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
