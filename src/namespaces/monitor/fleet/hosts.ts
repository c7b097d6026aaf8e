import type { Member, Report } from "./index.ts";

/** A host that is watched and of which nothing was heard in so many beats is gone. */
const GONE_BEATS = 6;

/** A host as one worker knows it. */
interface Known {
  /** It is being sampled, as far as was told. */
  live: boolean;
  /** Beats in which somebody watched it and nothing was heard of it. */
  silent: number;
  /** When it was last sampled, by its own clock. */
  lastAt: number | undefined;
}

const unheard = (): Known => ({ live: false, silent: 0, lastAt: undefined });

/** The hosts that one worker knows. It tells its member of each as it comes, is sampled, and goes. */
export interface Hosts {
  /** A host was sampled just now. */
  sampled(report: Report): void;
  /** It was sampled before; what is not newer than what was told of it is told no more. */
  recalled(report: Report): void;
  /** There is nothing new of it, but it is there. */
  alive(host: string): void;
  /** Those that nobody watches any more are left. */
  settle(): void;
  /** A beat has passed. @returns the beats for which nothing was heard of the member's own host, and whoever is gone now */
  age(): { readonly ownSilent: number; readonly gone: readonly string[] };
}

/** `want` says whether somebody watches a host. */
export function createHosts(member: Member, want: (host: string) => boolean): Hosts {
  const hosts = new Map<string, Known>([[member.host, unheard()]]);

  function know(host: string): Known {
    const known = hosts.get(host) ?? unheard();
    hosts.set(host, known);
    return known;
  }

  function take(report: Report, isNew: (lastAt: number) => boolean): void {
    const { host, at } = report.sample;
    const known = know(host);
    if (known.lastAt !== undefined && !isNew(known.lastAt)) return;
    known.lastAt = at;
    member.reported(report);
  }

  return {
    sampled(report) {
      const { host, at } = report.sample;
      const known = know(host);
      known.silent = 0;
      if (!known.live && want(host)) {
        known.live = true;
        member.joined(host);
      }
      // Any other time may be that of a clock which was set.
      take(report, (lastAt) => at !== lastAt);
    },
    recalled: (report) => take(report, (lastAt) => report.sample.at > lastAt),
    alive(host) {
      const known = hosts.get(host);
      if (known) known.silent = 0;
    },
    settle() {
      for (const [host, known] of hosts) {
        if (!known.live || want(host)) continue;
        known.live = false;
        member.left(host, false);
      }
    },
    age() {
      const watched = [...hosts].filter(([host]) => want(host));
      for (const [, known] of watched) known.silent++;
      const gone = watched.filter(([host, { silent }]) => host !== member.host && silent >= GONE_BEATS);
      for (const [host] of gone) {
        hosts.delete(host);
        member.left(host, true);
      }
      return { ownSilent: know(member.host).silent, gone: gone.map(([host]) => host) };
    },
  };
}
