// What a report looks like from outside: who sends it, from which envelope, under which subject. Nearly all mail is told from a report
// here, by its header alone and before a body is decoded. None of these signs proves a report; the words of the text have to.

import { parseAddresses } from './address.ts';
import { decodeOctal } from './found-address.ts';
import { displayText, fieldText, findField } from './header.ts';
import type { Material } from './material.ts';
import { SUBJECTS } from './report-subjects.ts';
import { isSentByMachine } from './sender.ts';

export interface Signs {
  /** A mail system wrote it, by its From. */
  readonly isDaemon: boolean;
  /** Only mail systems use this name: nobody writes as MAILER-DAEMON, people do write as postmaster. */
  readonly isOnlyDaemon: boolean;
  /** A person or a service with a name of its own. */
  readonly isNamed: boolean;
  /** Sent from `<>` (RFC 5321 4.5.5), as reports are, and automatic replies too. */
  readonly isNullPath: boolean;
  /** The subject speaks of a delivery that failed or waits. */
  readonly hasSubject: boolean;
  /** Exim, Google and Mail.Ru name the addresses there; nobody else writes the field. */
  readonly failedRecipients: readonly string[];
  /** A report type or a delivery status part. */
  readonly isReportType: boolean;
  /** It answers another message, as people do. */
  readonly isAnswer: boolean;
  /** A list or a mass mailing (RFC 2369, RFC 2919). */
  readonly isBulk: boolean;
  /** Lower case, decoded. */
  readonly subject: string;
  /** Addresses of From and To, lower case: those are talked to, not of. */
  readonly parties: ReadonlySet<string>;
  readonly date: string | null;
}

/** Local parts that mail systems use, lower case, without `-`, `_` and `.`. */
const DAEMONS: ReadonlySet<string> = new Set([
  'mailerdaemon',
  'maildaemon',
  'mailerd',
  'mailer',
  'mailerror',
  'mailerrors',
  'mdaemon',
  'postmaster',
  'postmast',
  'maildeliverysystem',
  'maildeliverysubsystem',
  'mailsystem',
  'ndr',
  'ndrpostmaster',
  'dsn',
  'bounces',
  'bounce',
  'bouncehandler',
  'autonotify',
  'deliveryfailure',
  'deliveryreport',
  'microsoftexchange',
  'systemadministrator',
  'mailadministrator',
  'sysadmin',
  'smtpd',
  'smtp',
]);

/** Of these, such as people and mass mailings write as well. */
const SHARED: ReadonlySet<string> = new Set([
  'postmaster',
  'postmast',
  'bounce',
  'bounces',
  'mailer',
  'mailadministrator',
  'sysadmin',
  'systemadministrator',
  'smtp',
]);

/** Display names that make a shared name a mail system's. */
const DAEMON_ALONE = /mailer[- ]daemon|mail deliver|delivery (?:s|agent)|internet mail|microsoft (?:outlook|exchange)/i;

/** Exchange 2007 and later: `MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@`. */
const EXCHANGE = 'microsoftexchange';

/** Display names, lower case. */
const DAEMON_NAMES: readonly string[] = [
  'mailer-daemon',
  'mailer daemon',
  'mail delivery s',
  'mail deliver system',
  'mail delivery a',
  'mail delivery service',
  'mail administrator',
  'mail system',
  'mail transport system',
  'mail router',
  'internet mail delivery',
  'system administrator',
  'systemadministrator',
  'administrateur système',
  'administrador del sistema',
  'administrador do sistema',
  'amministratore di sistema',
  'postmaster',
  'microsoft outlook',
  'microsoft exchange',
  'mail delivery',
  'delivery subsystem',
  'email delivery',
  'message delivery',
  'ndr administrator',
  'delivery notification',
  'antivirus_for_smtp',
];

/** Subjects that say what else it is. A challenge or an absence is judged elsewhere (auto-reply.ts). */
const OTHER_SUBJECTS =
  /^(?:automatic reply|auto(?:matic|mated)?[ -]?re(?:ply|sponse)|out of (?:the )?office|vacation|abwesenheit|r\u00e9ponse automatique|fwd?:|wg:|tr:|doorst:)/;

/** Several judges ask of the same message. */
const KNOWN = new WeakMap<Material, Signs | null>();

/** Null: nothing about it looks like a report. */
export function readSigns(material: Material): Signs | null {
  const known = KNOWN.get(material);
  if (known !== undefined) return known;
  const signs = signsOf(material);
  KNOWN.set(material, signs);
  return signs;
}

function signsOf(material: Material): Signs | null {
  if (material.reportType === 'feedback-report' || material.feedback.length > 0) return null;
  if (
    (material.reportType === 'disposition-notification' || material.dispositions.length > 0) &&
    !isRejection(material)
  )
    return null;
  const { fields } = material;
  const from = parseAddresses(fieldValue(material, 'from'));
  const returnPath = findField(fields, 'return-path');
  const path =
    returnPath === null
      ? null
      : fieldText(returnPath)
          .replace(/[\s<>]/g, '')
          .toLowerCase();
  const isNullPath = path === '' || (path !== null && /^mailer-daemon(?:@|$)/.test(path));
  // Anybody can call himself Mail Delivery; a report with an envelope sender of its own comes from a daemon's address.
  const isDaemonAuthor = (one: Author): boolean =>
    isDaemonAddress(one) || ((path === null || isNullPath) && isDaemonName(one));
  const isDaemon = from.length === 0 ? findField(fields, 'from') !== null : from.some(isDaemonAuthor);
  const isOnlyDaemon = isDaemon && !from.some(isShared);
  const subject = (displayText(findField(fields, 'subject')) ?? '').toLowerCase().slice(0, MAX_SUBJECT);
  const hasSubject = SUBJECTS.some((words) => subject.includes(words));
  const failedRecipients = parseAddresses(fieldValue(material, 'x-failed-recipients'))
    .map((one) => decodeOctal(one.address))
    .filter((address) => address !== '');
  const isReport = isReportType(material);
  if (!isDaemon && !isNullPath && !hasSubject && failedRecipients.length === 0 && !isReport) return null;
  if (!isDaemon && !isReport) {
    if (OTHER_SUBJECTS.test(subject) || (!hasSubject && isAutoReply(material))) return null;
    // A person's answer to a report carries its subject, and says what it answers (RFC 5322 3.6.4).
    if (!isNullPath && findField(fields, 'in-reply-to') !== null) return null;
    if (!isNullPath && /^(?:re|aw|sv|antw|odp) ?:/.test(subject) && findField(fields, 'references') !== null)
      return null;
  }
  const parties = new Set(
    [...from, ...parseAddresses(fieldValue(material, 'to'))].map((one) => one.address.toLowerCase()),
  );
  const date = findField(fields, 'date');
  return {
    isDaemon,
    isOnlyDaemon,
    isNamed: !isDaemon && from.some(({ name }) => name !== ''),
    isNullPath,
    hasSubject,
    failedRecipients,
    isReportType: isReport,
    // A postmaster is a person too, and answers.
    isAnswer:
      !isNullPath &&
      !isReport &&
      /^(?:re|aw|sv|antw|odp) ?:/.test(subject) &&
      findField(fields, 'in-reply-to') !== null,
    isBulk: findField(fields, 'list-unsubscribe') !== null || findField(fields, 'list-id') !== null,
    subject,
    parties,
    date: date === null ? null : fieldText(date),
  };
}

/** RFC 3834 5. Some systems send their reports with it, under a subject that says so. */
function isAutoReply(material: Material): boolean {
  return /^auto-replied/i.test(fieldValue(material, 'auto-submitted'));
}

/** RFC 5429 2.1.2 lets a server refuse a message by a disposition notification: nobody has read it. */
function isRejection(material: Material): boolean {
  return /\b(?:automatically|was) rejected\b/i.test((material.texts[0]?.text ?? '').slice(0, 1000));
}

/** Characters of a subject that are searched. */
const MAX_SUBJECT = 300;

function isReportType(material: Material): boolean {
  return (
    material.reportType === 'delivery-status' || (material.statuses.length > 0 && isSentByMachine(material.fields))
  );
}

function fieldValue(material: Material, key: string): string {
  const field = findField(material.fields, key);
  return field === null ? '' : fieldText(field);
}

interface Author {
  readonly name: string;
  readonly address: string;
}

function isDaemonAddress(one: Author): boolean {
  const local = localPart(one);
  return DAEMONS.has(local) || local.startsWith(EXCHANGE);
}

function isDaemonName(one: Author): boolean {
  const name = one.name.toLowerCase();
  return (one.address === '' && name === '') || DAEMON_NAMES.some((words) => name.includes(words));
}

function isShared(one: Author): boolean {
  return SHARED.has(localPart(one)) && !DAEMON_ALONE.test(one.name);
}

function localPart({ address }: Author): string {
  return (address.split('@', 1)[0] ?? '').toLowerCase().replace(/[-_."\\ ]/g, '');
}
