// Gmail's system labels: their SPECIAL-USE attributes, the names X-GM-LABELS gives them, and how each language calls their folders.
// From published LIST replies (provider-quirks 1.4).

import type { GmailLocale } from './options.ts';

export interface SystemFolder {
  /** RFC 6154 attribute in LIST. */
  readonly attribute: string;
  /** The label of its messages; null for All Mail, Trash and Spam, which are places and not labels. */
  readonly label: string | null;
}

/** In the order of FOLDER_NAMES. */
export const SYSTEM_FOLDERS: readonly SystemFolder[] = [
  { attribute: '\\All', label: null },
  { attribute: '\\Drafts', label: '\\Draft' },
  { attribute: '\\Important', label: '\\Important' },
  { attribute: '\\Sent', label: '\\Sent' },
  { attribute: '\\Junk', label: null },
  { attribute: '\\Flagged', label: '\\Starred' },
  { attribute: '\\Trash', label: null },
];

export const FOLDER_NAMES: Readonly<Record<GmailLocale, readonly string[]>> = {
  en: ['All Mail', 'Drafts', 'Important', 'Sent Mail', 'Spam', 'Starred', 'Trash'],
  'en-GB': ['All Mail', 'Drafts', 'Important', 'Sent Mail', 'Spam', 'Starred', 'Bin'],
  es: ['Todos', 'Borradores', 'Importantes', 'Enviados', 'Spam', 'Destacados', 'Papelera'],
  de: ['Alle Nachrichten', 'Entwürfe', 'Wichtig', 'Gesendet', 'Spam', 'Markiert', 'Papierkorb'],
  fr: ['Tous les messages', 'Brouillons', 'Important', 'Messages envoyés', 'Spam', 'Suivis', 'Corbeille'],
  ru: ['Вся почта', 'Черновики', 'Важное', 'Отправленные', 'Спам', 'Помеченные', 'Корзина'],
  ja: ['すべてのメール', '下書き', '重要', '送信済みメール', '迷惑メール', 'スター付き', 'ゴミ箱'],
};
