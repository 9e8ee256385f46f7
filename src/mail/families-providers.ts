// Mailbox providers and sending services, after the reports they send and document: Google, Yahoo, United Internet, Mail.Ru, Amazon and others.
import type { Family } from './family.ts';

export const PROVIDERS: readonly Family[] = [
  {
    name: 'gmail',
    marks: [
      'google tried to deliver your message',
      'technical details of permanent failure',
      'technical details of temporary failure',
      'gmail will retry for',
    ],
    failed: [
      'delivery to the following recipient failed permanently',
      'delivery to the following recipients failed permanently',
      'delivery to these recipients failed permanently',
      "your message wasn't delivered to",
      'there was a problem delivering your message to',
      'your message has been blocked',
    ],
    delayed: [
      'delivery to the following recipient has been delayed',
      'delivery to the following recipients has been delayed',
      'delivery to these recipients has been delayed',
      'there was a temporary problem delivering your message to',
    ],
    proof: ['the response from the remote server was', 'the error that the other server returned was'],
    after: ["because the address couldn't be found", 'because the domain'],
  },
  {
    name: 'gmail',
    failed: [
      'die nachricht wurde nicht zugestellt an',
      'ihre nachricht wurde nicht an',
      "votre message n'a pas \u00e9t\u00e9 distribu\u00e9 \u00e0",
      "votre message n'a pas pu \u00eatre remis \u00e0",
      'no se ha entregado tu mensaje a',
      'tu mensaje no se ha entregado a',
      'sua mensagem n\u00e3o foi entregue para',
      'il messaggio non \u00e8 stato recapitato a',
      'il tuo messaggio non \u00e8 stato recapitato a',
      'je bericht is niet bezorgd aan',
      'uw bericht is niet bezorgd bij',
      '\u0441\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435 \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
      '\u90ae\u4ef6\u672a\u9001\u8fbe',
    ],
    delayed: [
      'beim zustellen ihrer nachricht an',
      'probl\u00e8me temporaire lors de la distribution de votre message \u00e0',
      'se ha producido un problema temporal al entregar tu mensaje a',
    ],
    after: [
      '\u306b\u30e1\u30fc\u30eb\u304c\u914d\u4fe1\u3055\u308c\u307e\u305b\u3093\u3067\u3057\u305f',
      '\u3078\u306e\u30e1\u30fc\u30eb\u306e\u914d\u4fe1\u4e2d\u306b\u4e00\u6642\u7684\u306a\u554f\u984c',
    ],
  },
  {
    name: 'googlegroups',
    marks: [
      "we're writing to let you know that the group you tried to contact",
      'you may not have permission to post messages to the group',
      'groups.google.com/support',
    ],
  },
  {
    name: 'yahoo',
    failed: [
      'sorry, we were unable to deliver your message to the following address',
      'we were unable to deliver your message to',
      'unable to deliver message to the following address',
      'sorry your message to',
      'sorry, your message to',
    ],
    delayed: ['the following message has not been delivered yet to'],
    proof: ["this user doesn't have a", 'this account has been disabled or discontinued'],
  },
  {
    name: 'aol',
    failed: ['your mail to the following recipients could not be delivered because'],
    after: ['is not accepting mail from you'],
  },
  {
    name: 'gmx',
    marks: [
      'the header of the original message is following',
      'der header der urspr\u00fcnglichen nachricht',
      'smtp error from remote server after',
      'smtp error from remote server for',
      'postmaster.1and1.com',
      'postmaster.gmx.',
      'postmaster.web.de',
    ],
    failed: [
      'folgende adresse konnte nicht',
      'die folgende adresse ist fehlgeschlagen',
      'folgende adresse ist fehlgeschlagen',
      'konnte nicht an die folgenden empf\u00e4nger',
    ],
  },
  {
    name: 'mail.ru',
    failed: [
      '\u0432\u0430\u0448\u0435 \u043f\u0438\u0441\u044c\u043c\u043e \u043d\u0435 \u043c\u043e\u0436\u0435\u0442 \u0431\u044b\u0442\u044c \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e \u043e\u0434\u043d\u043e\u043c\u0443 \u0438\u043b\u0438 \u043d\u0435\u0441\u043a\u043e\u043b\u044c\u043a\u0438\u043c \u043f\u043e\u043b\u0443\u0447\u0430\u0442\u0435\u043b\u044f\u043c',
      '\u0432\u0430\u0448\u0435 \u0441\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435 \u043d\u0435 \u043c\u043e\u0436\u0435\u0442 \u0431\u044b\u0442\u044c \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
      '\u043d\u0435\u0432\u043e\u0437\u043c\u043e\u0436\u043d\u043e \u0434\u043e\u0441\u0442\u0430\u0432\u0438\u0442\u044c \u0441\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435',
      '\u043d\u0435 \u0443\u0434\u0430\u043b\u043e\u0441\u044c \u0434\u043e\u0441\u0442\u0430\u0432\u0438\u0442\u044c',
      '\u043f\u0438\u0441\u044c\u043c\u043e \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
    ],
    delayed: [
      '\u0435\u0449\u0451 \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
      '\u0435\u0449\u0435 \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
    ],
  },
  {
    name: 'yandex',
    failed: [
      '\u043f\u043e\u0447\u0442\u043e\u0432\u044b\u0439 \u0441\u0435\u0440\u0432\u0435\u0440 \u044f\u043d\u0434\u0435\u043a\u0441\u0430 \u043d\u0435 \u0441\u043c\u043e\u0433 \u0434\u043e\u0441\u0442\u0430\u0432\u0438\u0442\u044c',
      '\u0432\u0430\u0448\u0435 \u043f\u0438\u0441\u044c\u043c\u043e \u043d\u0435 \u043c\u043e\u0436\u0435\u0442 \u0431\u044b\u0442\u044c \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e',
      '\u043a \u0441\u043e\u0436\u0430\u043b\u0435\u043d\u0438\u044e, \u0432\u0430\u0448\u0435 \u043f\u0438\u0441\u044c\u043c\u043e',
    ],
    marks: ['this is the mail system at host yandex.ru', 'yandex.ru'],
  },
  {
    name: 'zoho',
    delayed: ['could not be delivered at the first attempt', 'this message will be retried'],
    marks: ['error_code :'],
    after: ['invalid address, error_code'],
  },
  {
    name: 'amazonworkmail',
    failed: [
      'an error occurred while trying to deliver the mail to the following recipients',
      'an error occurred while trying to deliver the mail to',
    ],
  },
  {
    name: 'sendgrid',
    failed: ['hello, this is the mail server on'],
    marks: ['unable to deliver message to the following recipients, because the message was forwarded more than'],
  },
  { name: 'mailgun', failed: ['delivery has failed permanently to the following recipients'] },
  {
    name: 'facebook',
    failed: ['delivery to the following facebook'],
    marks: ['this message was created automatically by facebook'],
    proof: ['facebook.com/postmaster'],
  },
  {
    name: 'hotmail',
    failed: [
      'this is an automatically generated delivery status notification. delivery to the following recipients failed',
    ],
    delayed: [
      'this is an automatically generated delivery status notification. delivery to the following recipients has been delayed',
    ],
  },
  {
    name: 'verizon',
    proof: ['message could not be delivered to mobile', 'no valid recipients for this mm'],
    failed: ['error: unable to deliver to'],
  },
  { name: 'icloud', failed: ['we were unable to deliver the message to'] },
  { name: 'fastmail', failed: ['your message could not be delivered to the following address'] },
  { name: 'proton', failed: ['your message could not be delivered to the following'] },
];
