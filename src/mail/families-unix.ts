// Mail servers of the Unix tradition, after their sources and bounce templates: sendmail, qmail, Exim, Postfix, Courier and their kin.
import type { Family } from './family.ts';

export const UNIX: readonly Family[] = [
  {
    name: 'sendmail',
    failed: [
      'the following addresses had permanent fatal errors',
      'the following addresses had permanent delivery errors',
      'the following addresses had permanent errors',
      'the following addresses had fatal errors',
      'the following addresses had delivery errors',
      'the following addresses were not reached',
    ],
    delayed: ['the following addresses had transient non-fatal errors', 'the following addresses had temporary errors'],
    delivered: [
      'the following addresses had successful delivery notifications',
      'the following addresses have delivery notifications',
    ],
    names: ['the following addresses had delivery problems', 'the following addresses had'],
    proof: ['transcript of session follows', 'transcript of the session follows', 'session transcript follows'],
    marks: ['warning: message still undelivered after', 'will keep trying until message is'],
  },
  {
    name: 'qmail',
    marks: [
      'this is the qmail-send program',
      "this is a permanent error; i've given up",
      'this is the netqmail',
      "i'm not going to try again; this message has been in the queue too long",
    ],
    failed: [
      'able to deliver your message to the following address',
      "wasn't able to deliver your message to",
      'unable to deliver your message to the following address',
      'was not able to deliver your message to',
      'were not able to deliver your message to',
      'your mail message to the following address',
    ],
  },
  {
    name: 'exim',
    failed: [
      'the following address(es) failed',
      'the following address failed',
      'the following addresses failed',
      'address(es) failed',
      'the address to which the message could not be delivered',
      'one or more recipient addresses that were incorrectly constructed',
      'the following text was generated during the delivery attempt for',
    ],
    delayed: [
      'the address to which the message has not yet been delivered is',
      'the addresses to which the message has not yet been delivered are',
      'the message has not yet been delivered to the following address',
      'address to which the message has not yet been delivered',
      'addresses to which the message has not yet been delivered',
    ],
    names: ['one or more of its recipients', 'all of its recipients', 'the following text was generated'],
    // Others have taken over Exim's sentences, so that they prove a report and not the server.
    proof: [
      'a message that you sent could not be delivered to',
      'a message that you have sent could not be delivered to',
      'a message that you sent using the -t command line option',
      'a message that you sent contained one or more recipient addresses that were incorrectly constructed',
      'has not yet been delivered to one or more of its recipients',
    ],
  },
  {
    name: 'postfix',
    marks: ['this is the postfix program at host', 'this is the mail system at host', 'the postfix program'],
    proof: [
      "i'm sorry to have to inform you that",
      'could not be delivered to one or more recipients',
      'could not be delivered to one or more destinations',
      'could not be delivered for more than',
      'could not be delivered for 0.',
      'your message was successfully delivered to the destination(s) listed below',
      'postfix smtp server: errors from',
    ],
  },
  {
    name: 'courier',
    marks: ['this is a delivery status notification from', 'running the courier mail server'],
    failed: ['unable to deliver to the following', 'the original message was not delivered to'],
    names: ['undelivered-address', 'mail delivery to'],
  },
  {
    name: 'opensmtpd',
    marks: ['hi! this is the mailer-daemon, please', 'this is the mailer-daemon, please'],
    failed: [
      'below is a list of recipients and the reason for failure',
      'an error has occurred while attempting to deliver a message for the following list of recipients',
    ],
    delayed: [
      'a message is delayed for more than',
      'your message is delayed for more than',
      'could not be delivered yet to the following recipients',
    ],
    delivered: ['your message was successfully delivered to these recipients'],
    names: ['for the following list of recipients'],
  },
  // Sieve rejections (RFC 5429) of Dovecot, which come as disposition notifications.
  { name: 'dovecot', after: ['was automatically rejected'], proof: ['was automatically rejected'] },
  {
    name: 'dragonfly',
    marks: ['this is the dragonfly mail agent'],
    failed: ['there was an error delivering your mail to'],
    delayed: ['there was a temporary error delivering your mail to'],
  },
  {
    name: 'smail',
    failed: ['failed addresses follow', 'addresses that failed follow', 'failed address follow'],
    marks: ['|------------------------- failed addresses follow'],
  },
  {
    name: 'zmailer',
    marks: ['this is a collection of reports about email delivery', 'this is a collection of reports'],
    failed: ['is a failed recipient report for'],
  },
  {
    name: 'pp',
    failed: ['your report on delivery to', 'your message was not delivered to'],
    marks: ['this report relates to a message you sent with the following header fields'],
  },
  {
    name: 'messagingserver',
    failed: [
      'your message cannot be delivered to the following recipients',
      'your message could not be delivered to the following recipients',
      'this report relates to your message; it could not be delivered to',
    ],
    delayed: [
      'your message has been enqueued and undeliverable for',
      'your message is being retried for the following recipients',
      'the message will be retried for the following recipients',
    ],
    delivered: [
      'your message was successfully delivered to',
      'your message has been delivered to the following recipients',
    ],
    names: ['recipient address', 'to the following recipients'],
    marks: ['the mail system will continue to try to deliver your message for an additional'],
  },
  {
    name: 'powermta',
    marks: ['hello, this is the mail server on'],
    failed: [
      'i am sending you this message to inform you on the delivery status of a message you previously sent',
      'immediately below you will find a list of the affected recipients',
    ],
  },
  {
    name: 'haraka',
    failed: ['sorry, we were unable to deliver your message to the following'],
    marks: ['outbound bounce message generated by haraka'],
  },
  {
    name: 'james',
    marks: ['hi. this is the james mail server', 'this is the apache james'],
    proof: ['error: invalid user address', 'error message below'],
    names: ['rcpt to'],
  },
  { name: 'fml', failed: ['you are not a member of this mailing list', 'your post to'], proof: ['are not member'] },
  {
    name: 'vms',
    failed: ['error sending mail to', 'could not be sent to user'],
    marks: ['%mail-e-', '-mail delivery failure'],
  },
  {
    name: 'phquery',
    failed: ['message not delivered to the following', 'message not delivered to these'],
    marks: ['nameserver error report'],
  },
  {
    name: 'lsmtp',
    marks: ['this list is in a special format that allows software like listserv'],
    failed: ['error-for'],
  },
];
