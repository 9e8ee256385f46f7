// What a program or the command line may ask of the reports that are stored. The work is in store/bounces.ts.

import { domainOf, identityOf, invalid } from './service-suppressions.ts';
import {
  isReportCursor,
  listReports,
  REPORT_GROUPS,
  type ReportConditions,
  type ReportFilter,
  type ReportStats,
  type ReportStatsFilter,
  reportStats,
  type StoredReport,
} from './store/bounces.ts';
import type { Database } from './store/pool.ts';

/** What mail has reported: bounces, complaints, automatic replies, notifications of reading. One report is about one recipient. */
export interface Bounces {
  /** Newest first; `cursor` of the last one of a page gives the next page. */
  list(filter: ReportFilter): Promise<StoredReport[]>;
  /** Counts by domain, category, day (UTC), mailbox, status or reporting server. */
  stats(filter: ReportStatsFilter): Promise<ReportStats[]>;
}

export function bouncesOf(ready: () => Promise<Database>): Bounces {
  return {
    list: async (filter) => {
      if (filter.cursor !== undefined && !isReportCursor(filter.cursor))
        throw invalid('`cursor` must be one that list() has given');
      return listReports((await ready()).sql, { ...filter, ...named(filter) });
    },
    stats: async (filter) => {
      if (!REPORT_GROUPS.includes(filter.by)) throw invalid(`\`by\` must be one of ${REPORT_GROUPS.join(', ')}`);
      return reportStats((await ready()).sql, { ...filter, ...named(filter) });
    },
  };
}

/** Address and domain as they stand in the rows. */
function named({ address, domain }: ReportConditions): Pick<ReportConditions, 'address' | 'domain'> {
  return {
    address: address === undefined ? undefined : identityOf(address),
    domain: domain === undefined ? undefined : domainOf(domain),
  };
}
