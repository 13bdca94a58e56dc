/** How QEMU finds out which pages a guest has written, by its own words; the latter two need a newer QEMU, the last KVM with a ring. */
export const dirtyRateModes = ['page-sampling', 'dirty-bitmap', 'dirty-ring'] as const;
export type DirtyRateMode = (typeof dirtyRateModes)[number];
