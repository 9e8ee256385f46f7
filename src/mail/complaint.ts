import type { Material } from './material.ts';
export function readComplaint(_material: Material): { recipients: string[]; feedbackType: string; originalMessageId: string | null; rule: string; part: string; span: string } | null {
  return null;
}
