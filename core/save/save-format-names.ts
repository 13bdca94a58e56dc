/** The formats of a save image by name, for windows too, which reach nothing of Node. */

/** In the order of their numbers in the file. */
export const saveFormats = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd'] as const;
export type SaveFormat = (typeof saveFormats)[number];
