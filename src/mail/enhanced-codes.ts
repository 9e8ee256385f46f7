// The enhanced status codes as a table: IANA's registry "SMTP Enhanced Status Codes" (RFC 5248), and the codes that Microsoft adds to it.
// The category is what the code means when the words beside it say nothing better: text goes over code (explain.ts). `null` where servers
// use the code for anything. Codes are found in words by status-codes.ts.

import type { Category } from '../model-reading.ts';

interface EnhancedCode {
  /** Subject and detail: `1.1` stands for 4.1.1 and 5.1.1. */
  readonly code: string;
  readonly name: string;
  /** Where it is defined: the number of an RFC, or a vendor. */
  readonly source: number | 'microsoft';
  readonly category: Category | null;
}

type Row = readonly [code: string, name: string, source: number | 'microsoft', category: Category | null];

const ROWS: readonly Row[] = [
  ['0.0', 'Other undefined status', 3463, null],
  ['1.0', 'Other address status', 3463, 'address-unknown'],
  ['1.1', 'Bad destination mailbox address', 3463, 'address-unknown'],
  ['1.2', 'Bad destination system address', 3463, 'domain-unknown'],
  ['1.3', 'Bad destination mailbox address syntax', 3463, 'address-unknown'],
  ['1.4', 'Destination mailbox address ambiguous', 3463, 'address-unknown'],
  // 2.1.5 is the success of a RCPT; as a failure it is not defined.
  ['1.5', 'Destination address valid', 3463, null],
  ['1.6', 'Destination mailbox has moved, no forwarding address', 3463, 'address-moved'],
  ['1.7', "Bad sender's mailbox address syntax", 3463, 'policy'],
  ['1.8', "Bad sender's system address", 3463, 'policy'],
  ['1.9', 'Message relayed to non-compliant mailer', 3886, 'network'],
  // Exchange Online says 5.1.10 for a recipient that is not found; both are an address that takes no mail.
  ['1.10', 'Recipient address has null MX', 7505, 'address-unknown'],
  ['2.0', 'Other or undefined mailbox status', 3463, 'recipient-refused'],
  ['2.1', 'Mailbox disabled, not accepting messages', 3463, 'mailbox-disabled'],
  ['2.2', 'Mailbox full', 3463, 'mailbox-full'],
  ['2.3', 'Message length exceeds administrative limit', 3463, 'message-too-large'],
  ['2.4', 'Mailing list expansion problem', 3463, 'remote-system'],
  ['3.0', 'Other or undefined mail system status', 3463, 'remote-system'],
  ['3.1', 'Mail system full', 3463, 'remote-system'],
  ['3.2', 'System not accepting network messages', 3463, 'remote-system'],
  ['3.3', 'System not capable of selected features', 3463, 'remote-system'],
  ['3.4', 'Message too big for system', 3463, 'message-too-large'],
  ['3.5', 'System incorrectly configured', 3463, 'remote-system'],
  ['3.6', 'Requested priority was changed', 6710, null],
  ['4.0', 'Other or undefined network or routing status', 3463, 'network'],
  ['4.1', 'No answer from host', 3463, 'network'],
  ['4.2', 'Bad connection', 3463, 'network'],
  ['4.3', 'Directory server failure', 3463, 'network'],
  ['4.4', 'Unable to route', 3463, 'domain-unknown'],
  ['4.5', 'Mail system congestion', 3463, 'rate-limited'],
  ['4.6', 'Routing loop detected', 3463, 'network'],
  ['4.7', 'Delivery time expired', 3463, 'network'],
  // What sendmail and qmail write where the other server gave no code.
  ['5.0', 'Other or undefined protocol status', 3463, null],
  ['5.1', 'Invalid command', 3463, 'remote-system'],
  ['5.2', 'Syntax error', 3463, 'remote-system'],
  ['5.3', 'Too many recipients', 3463, 'rate-limited'],
  ['5.4', 'Invalid command arguments', 3463, 'remote-system'],
  ['5.5', 'Wrong protocol version', 3463, 'remote-system'],
  ['5.6', 'Authentication Exchange line is too long', 4954, 'remote-system'],
  ['6.0', 'Other or undefined media error', 3463, 'content-rejected'],
  ['6.1', 'Media not supported', 3463, 'content-rejected'],
  ['6.2', 'Conversion required and prohibited', 3463, 'content-rejected'],
  ['6.3', 'Conversion required but not supported', 3463, 'content-rejected'],
  ['6.4', 'Conversion with loss performed', 3463, 'content-rejected'],
  ['6.5', 'Conversion failed', 3463, 'content-rejected'],
  ['6.6', 'Message content not available', 4468, 'content-rejected'],
  ['6.7', 'Non-ASCII addresses not permitted for that sender or recipient', 6531, 'content-rejected'],
  ['6.8', 'UTF-8 string reply is required, but not permitted by the SMTP client', 6531, 'content-rejected'],
  ['6.9', 'UTF-8 header message cannot be transferred', 6531, 'content-rejected'],
  ['6.10', 'Duplicate of x.6.8, deprecated', 6531, 'content-rejected'],
  ['7.0', 'Other or undefined security status', 3463, 'policy'],
  ['7.1', 'Delivery not authorized, message refused', 3463, 'policy'],
  ['7.2', 'Mailing list expansion prohibited', 3463, 'policy'],
  ['7.3', 'Security conversion required but not possible', 3463, 'policy'],
  ['7.4', 'Security features not supported', 3463, 'auth-failure'],
  ['7.5', 'Cryptographic failure', 3463, 'auth-failure'],
  ['7.6', 'Cryptographic algorithm not supported', 3463, 'policy'],
  ['7.7', 'Message integrity failure', 3463, 'policy'],
  ['7.8', 'Authentication credentials invalid', 4954, 'policy'],
  ['7.9', 'Authentication mechanism is too weak', 4954, 'auth-failure'],
  ['7.10', 'Encryption needed', 5248, 'auth-failure'],
  ['7.11', 'Encryption required for requested authentication mechanism', 4954, 'auth-failure'],
  ['7.12', 'A password transition is needed', 4954, 'policy'],
  ['7.13', 'User account disabled', 5248, 'mailbox-disabled'],
  ['7.14', 'Trust relationship required', 5248, 'policy'],
  ['7.15', 'Priority level is too low', 6710, 'policy'],
  ['7.16', 'Message is too big for the specified priority', 6710, 'message-too-large'],
  ['7.17', 'Mailbox owner has changed', 7293, 'address-moved'],
  ['7.18', 'Domain owner has changed', 7293, 'address-moved'],
  ['7.19', 'RRVS test cannot be completed', 7293, 'policy'],
  ['7.20', 'No passing DKIM signature found', 7372, 'auth-failure'],
  ['7.21', 'No acceptable DKIM signature found', 7372, 'auth-failure'],
  ['7.22', 'No valid author-matched DKIM signature found', 7372, 'auth-failure'],
  ['7.23', 'SPF validation failed', 7372, 'auth-failure'],
  ['7.24', 'SPF validation error', 7372, 'auth-failure'],
  ['7.25', 'Reverse DNS validation failed', 7372, 'sender-reputation'],
  ['7.26', 'Multiple authentication checks failed', 7372, 'auth-failure'],
  ['7.27', 'Sender address has null MX', 7505, 'policy'],
  ['7.28', 'Mail flood detected', 5248, 'rate-limited'],
  ['7.29', 'ARC validation failure', 8617, 'auth-failure'],
  ['7.30', 'REQUIRETLS support required', 8689, 'auth-failure'],

  // Exchange Online, "Email non-delivery reports and SMTP errors in Exchange Online".
  ['1.20', 'Multiple From addresses without Sender', 'microsoft', 'content-rejected'],
  ['1.90', "Sender's daily recipient limit", 'microsoft', 'rate-limited'],
  ['1.350', 'Remote server returned an address error', 'microsoft', 'address-unknown'],
  ['1.351', 'Remote server returned unknown recipient or mailbox unavailable', 'microsoft', 'address-unknown'],
  ['2.14', 'Misconfigured forwarding address', 'microsoft', 'address-moved'],
  ['2.121', "Recipient's per-hour receive limit from this sender", 'microsoft', 'rate-limited'],
  ['2.122', "Recipient's per-hour receive limit", 'microsoft', 'rate-limited'],
  ['3.190', 'Journaling to on-premises mailboxes not supported', 'microsoft', 'remote-system'],
  ['4.14', 'Hop count exceeded', 'microsoft', 'network'],
  ['4.300', 'Message expired', 'microsoft', 'network'],
  ['4.310', 'Domain does not exist', 'microsoft', 'domain-unknown'],
  ['4.312', 'Message expired, DNS query failed', 'microsoft', 'network'],
  ['4.316', 'Message expired, connection refused', 'microsoft', 'network'],
  ['4.317', 'Message expired, cannot connect to remote server', 'microsoft', 'network'],
  ['6.11', 'Invalid characters (bare line feeds)', 'microsoft', 'content-rejected'],
  ['6.211', 'Message content rejected as malformed', 'microsoft', 'content-rejected'],
  ['7.54', 'Unable to relay recipient in non-accepted domain', 'microsoft', 'policy'],
  ['7.57', 'Client was not authenticated', 'microsoft', 'policy'],
  ['7.60', 'Client does not have permission to send as this sender', 'microsoft', 'policy'],
  ['7.64', 'Tenant attribution, relay access denied', 'microsoft', 'policy'],
  ['7.124', 'Sender not in allowed-senders list', 'microsoft', 'policy'],
  ['7.129', 'Restricted to authenticated senders of a group', 'microsoft', 'policy'],
  ['7.133', 'Sender not authenticated for group', 'microsoft', 'policy'],
  ['7.134', 'Sender was not authenticated for mailbox', 'microsoft', 'policy'],
  ['7.135', 'Sender was not authenticated for public folder', 'microsoft', 'policy'],
  ['7.136', 'Sender was not authenticated for mail user', 'microsoft', 'policy'],
  ['7.193', 'Recipient blocks senders outside its organisation', 'microsoft', 'policy'],
  ['7.232', "Tenant's trial sending limit", 'microsoft', 'rate-limited'],
  ['7.233', "Tenant's daily sending limit", 'microsoft', 'rate-limited'],
  ['7.236', "Tenant's onmicrosoft.com sending limit", 'microsoft', 'rate-limited'],
  ['7.320', 'REQUIRETLS not possible', 'microsoft', 'auth-failure'],
  ['7.321', 'STARTTLS not offered, DANE or MTA-STS', 'microsoft', 'auth-failure'],
  ['7.322', "Destination's certificate has expired", 'microsoft', 'auth-failure'],
  ['7.323', 'TLSA record invalid', 'microsoft', 'auth-failure'],
  ['7.324', 'Destination domain returned invalid DNSSEC records', 'microsoft', 'auth-failure'],
  ['7.325', 'Certificate host mismatch', 'microsoft', 'auth-failure'],
  ['7.501', 'Spam abuse detected from this account', 'microsoft', 'sender-reputation'],
  ['7.502', 'Account banned from sending, spam', 'microsoft', 'sender-reputation'],
  ['7.503', 'Account banned from sending', 'microsoft', 'sender-reputation'],
  ['7.504', "Sender's reply is spam", 'microsoft', 'spam-content'],
  ['7.505', 'Access denied, banned recipient', 'microsoft', 'policy'],
  ['7.506', 'Access denied, bad HELO', 'microsoft', 'sender-reputation'],
  ['7.507', 'Access denied, rejected by recipient', 'microsoft', 'policy'],
  ['7.508', 'Access denied, recipient rate limit', 'microsoft', 'rate-limited'],
  ['7.509', 'Access denied, DMARC', 'microsoft', 'auth-failure'],
  ['7.510', 'Access denied, address accepts no mail', 'microsoft', 'recipient-refused'],
  ['7.511', 'Access denied, banned sender', 'microsoft', 'sender-reputation'],
  ['7.512', 'Message violates RFC 5322 (From)', 'microsoft', 'content-rejected'],
  ['7.513', "Service unavailable, client host blocked by recipient's list", 'microsoft', 'sender-reputation'],
  ['7.514', 'Access denied, malware', 'microsoft', 'content-rejected'],
  ['7.515', 'Access denied, required authentication level', 'microsoft', 'auth-failure'],
  ['7.606', 'Access denied, banned sending IP', 'microsoft', 'sender-reputation'],
  ['7.650', 'Temporarily rate limited for reputation of the address', 'microsoft', 'sender-reputation'],
  ['7.651', 'Temporarily rate limited for reputation of the address', 'microsoft', 'sender-reputation'],
  ['7.652', 'Too many connections or recipients', 'microsoft', 'rate-limited'],
  ['7.700', 'Suspicious sending of the tenant', 'microsoft', 'sender-reputation'],
  ['7.705', 'Tenant has exceeded its threshold', 'microsoft', 'rate-limited'],
  ['7.708', 'Traffic not accepted from this address', 'microsoft', 'sender-reputation'],
  ['7.750', 'Unregistered domain of the sender', 'microsoft', 'sender-reputation'],
];

/** Banned addresses are given numbers of their own: 5.7.606 to 5.7.649 is one row. */
const BANNED_FIRST = 606;
const BANNED_LAST = 649;

const CODES: ReadonlyMap<string, EnhancedCode> = new Map(
  ROWS.map(([code, name, source, category]) => [code, { code, name, source, category }]),
);

/** The row of a code such as `5.1.1`, or null where neither the registry nor Microsoft has one. */
export function findEnhancedCode(status: string): EnhancedCode | null {
  const code = status.slice(status.indexOf('.') + 1);
  const found = CODES.get(code);
  if (found !== undefined) return found;
  const [subject, detail] = code.split('.', 2).map(Number);
  if (subject === 7 && detail !== undefined && detail > BANNED_FIRST && detail <= BANNED_LAST) {
    return CODES.get(`7.${BANNED_FIRST}`) ?? null;
  }
  return null;
}

/** What the code alone says; null when it says nothing. A detail that is in no table falls back to its subject (RFC 3463 2). */
export function categoryOfCode(status: string): Category | null {
  const found = findEnhancedCode(status);
  if (found !== null) return found.category;
  const subject = status.split('.', 2)[1];
  return subject === undefined ? null : (CODES.get(`${subject}.0`)?.category ?? null);
}
