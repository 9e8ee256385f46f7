import type { Action, Category, Scope } from '../model.ts';
import type { Finding } from './finding.ts';
export function explain(finding: Finding): { status: string | null; replyCode: number | null; category: Category; scope: Scope; hard: boolean; action: Action } {
  return { status: finding.status, replyCode: null, category: 'unknown', scope: 'unknown', hard: false, action: finding.action ?? 'failed' };
}
