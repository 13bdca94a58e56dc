/**
 * One look at the disk for all who ask the same at the same moment: a thousand definitions in a row ask where QEMU is and
 * whether it has changed. Nobody gets an answer that was begun before they asked and has ended: nothing is remembered.
 */
export class SharedLookup<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  get(key: string, look: () => Promise<T>): Promise<T> {
    const known = this.#underWay.get(key);
    if (known) return known;
    const looking = look().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, looking);
    return looking;
  }
}
