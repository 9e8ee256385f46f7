// Security gateways, and mail servers of Windows and of small vendors, after their notification templates.
import type { Family } from './family.ts';

export const GATEWAYS: readonly Family[] = [
  {
    name: 'imail',
    failed: [
      'delivery failed',
      'undeliverable to',
      'unknown user',
      'invalid final delivery userid',
      'user mailbox exceeds allowed size',
      'unknown host',
    ],
    proof: ['rcpt to generated following response'],
  },
  {
    name: 'mdaemon',
    marks: ['mdaemon'],
    failed: [
      'the following addresses did not receive a copy of your message',
      'failed address',
      'the following recipients did not receive',
      'your message was not delivered to the following',
    ],
    after: ['no such user here', 'user unknown!'],
    proof: ['had permanent fatal delivery errors', 'had non-fatal delivery errors'],
    delayed: ['the following addresses have not yet received'],
  },
  {
    name: 'mailmarshal',
    failed: ['the following recipients were affected'],
    proof: ['could not be delivered because of'],
  },
  {
    name: 'mimesweeper',
    failed: ['a message that you sent was blocked and not delivered to'],
    marks: ['mimesweeper'],
    names: ['the following recipients'],
  },
  {
    name: 'interscan',
    marks: ['message from interscan', 'interscan messaging security suite'],
    failed: ['unable to deliver message to'],
  },
  { name: 'symantec', failed: ['could not be delivered to the following recipients'], proof: ['symantec'] },
  {
    name: 'messagelabs',
    marks: ['this is the mail delivery agent at messagelabs'],
    failed: ['deliver your message to the following addresses'],
  },
  {
    name: 'barracuda',
    proof: ['was blocked by our spam firewall', 'the email you sent with the following subject has not been delivered'],
  },
  {
    name: 'ironport',
    failed: ['the following message to'],
    proof: ['was undeliverable'],
    after: ['was undeliverable'],
  },
  { name: 'mcafee', failed: ['your message was not delivered to the following recipients'], marks: ['mcafee'] },
  {
    name: 'surfcontrol',
    failed: ['your message could not be delivered to the following address', 'your message could not be sent'],
    marks: ['surfcontrol'],
  },
  {
    name: 'mimecast',
    failed: [
      'an email you sent to the following recipient could not be delivered',
      'could not be delivered to the following recipients due to',
    ],
    proof: ['mimecast'],
  },
  { name: 'proofpoint', failed: ['the following recipients could not be delivered'] },
  { name: 'mxlogic', failed: ['this is a permanent error. the following address failed'], marks: ['mxl_mta'] },
  {
    name: 'mailfoundry',
    failed: ['unable to deliver message to'],
    proof: ['this has been a permanent failure. no further delivery attempts will be made'],
  },
  { name: 'fortimail', marks: ['fortimail', 'fortinet'] },
  { name: 'sophos', failed: ['the following message could not be delivered to'], marks: ['puremessage'] },
  {
    name: 'amavis',
    marks: ['amavisd-new', 'the message was not delivered to'],
    failed: ['delivery of the email was stopped'],
    names: ['the message was destined to'],
  },
  { name: 'hmailserver', marks: ['hmailserver'], failed: ['the following recipient(s) could not be reached'] },
  {
    name: 'mailenable',
    marks: ['mailenable'],
    failed: [
      'the following recipient(s) could not be reached',
      'message could not be delivered to some recipients',
      'failed recipient',
    ],
    proof: ['message could not be delivered to some recipients'],
  },
  {
    name: 'kerio',
    failed: [
      'your message was not delivered to following recipient',
      'message could not be delivered to following recipient',
      'your message has not been delivered to',
    ],
    marks: ['kerio'],
  },
  {
    name: 'communigate',
    failed: ['failed to deliver to'],
    delayed: ['delayed delivery to', 'delivery delayed to'],
    marks: ['communigate pro'],
  },
  { name: 'surgemail', failed: ['your message was not delivered to', 'bounced message to'], marks: ['surgemail'] },
  {
    name: 'smartermail',
    failed: ['could not deliver message to the following recipient', 'failed recipient'],
    delayed: ['delivery delayed recipient'],
  },
  { name: 'merak', failed: ['could not deliver the message to'], proof: ['your message was not delivered because'] },
  {
    name: 'netscape',
    failed: ['this message was undeliverable due to the following reason', 'your message could not be delivered to'],
    proof: ['this message was undeliverable due to', 'the user(s) account is'],
    names: ['please reply to'],
  },
  {
    name: 'intermail',
    failed: [
      'the following recipients did not receive this message',
      'the following destination addresses were unknown',
      'the following destination addresses',
    ],
    proof: ['this message was undeliverable due to the following reason'],
  },
  { name: 'xmail', failed: ['[<00>] xmail bounce: rcpt=', 'xmail bounce: rcpt'], marks: ['xmail bounce'] },
  { name: 'activehunter', marks: ['activehunter'], failed: ['the following addresses had permanent fatal errors'] },
  { name: 'demon', failed: ['the following message, addressed to'] },
  { name: 'llnl', failed: ['the address to which your message was addressed,'] },
  { name: 'hotpop', failed: ['undeliverable address'] },
  { name: 'oracle', failed: ['unable to deliver to recipient', 'recipient not found'], marks: ['oracle email server'] },
  {
    name: 'mercury',
    failed: [
      'one or more addresses in your message have failed with the following',
      'your message could not be delivered to the following addresses',
    ],
    marks: ['mercury'],
  },
  { name: 'argosoft', failed: ['delivery to following address', 'delivery to the following address'] },
  { name: 'bounce-notification', names: ['target mail address'], marks: ['automatic bounce notification'] },
];
