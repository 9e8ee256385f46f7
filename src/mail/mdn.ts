import type { Material } from './material.ts';
export function readMdn(_material: Material): { finalRecipient: string | null; originalMessageId: string | null; disposition: string; rule: string; part: string; span: string } | null {
  return null;
}
