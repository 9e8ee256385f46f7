import type { AutoReply } from '../model.ts';
import type { Material } from './material.ts';
export function readAutoReply(_material: Material): { autoReply: AutoReply; sender: string | null; originalMessageId: string | null; rule: string; part: string; span: string } | null {
  return null;
}
