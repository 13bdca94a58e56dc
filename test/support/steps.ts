/**
 * The order of things in a simulation. Whatever takes time waits here for its turn, and the test says whose turn it is,
 * so that one list of numbers is one interleaving and repeats for ever.
 */
export class Steps {
  readonly #ready: { readonly label: string; go(): void }[] = [];
  readonly #taken: string[] = [];

  /** Resolves when it is this one's turn. */
  next(label: string): Promise<void> {
    return new Promise((go) => this.#ready.push({ label, go }));
  }

  get ready(): number {
    return this.#ready.length;
  }

  /** Gives the turn to one of those that are ready. */
  take(pick: number): void {
    const [step] = this.#ready.splice(pick % this.#ready.length, 1);
    if (!step) return;
    this.#taken.push(step.label);
    step.go();
  }

  /** What happened, in order: the first thing to read when a seed fails. */
  get history(): string {
    return this.#taken.join('; ');
  }
}
