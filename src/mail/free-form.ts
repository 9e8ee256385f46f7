import type { Finding } from './finding.ts';
import type { Material } from './material.ts';
export function readFreeForm(_material: Material): { findings: Finding[]; rule: string; originalMessageId: string | null } | null {
  return null;
}
