/** What is asked of a guest, in the words that every door uses; windows read this too, so it needs nothing of the host. */

/** What a guest can tell of itself (virDomainGetGuestInfo). */
export const guestFacts = ['users', 'os', 'timezone', 'hostname', 'filesystems', 'disks', 'interfaces', 'load'] as const;
export type GuestFact = (typeof guestFacts)[number];

/** libvirt's words for how a guest sleeps: in memory, on its disk, or both. */
export const sleepTargets = ['mem', 'disk', 'hybrid'] as const;
export type SleepTarget = (typeof sleepTargets)[number];

/** Seconds since 1970; beyond this the agent's 64 bits of nanoseconds overflow. */
export const maximumTimeSeconds = 9_223_372_035;
