// Hands the message of a case to the server under test, with the DSN parameters of RFC 3461.

import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { type Case, messageIdOf, senderOf } from './case.ts';
import { CLIENT, SERVER } from './names.ts';

const LINE = 'This is one line of the text that the report may bring back.\r\n';

/** The message of a case. Small, so that the corpus is. */
export function messageOf(one: Case, server: string): string {
  const to = one.to.map((recipient) => `<${recipient.to}>`).join(',\r\n ');
  return [
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'From: News <news@news.example.org>',
    `To: ${to}`,
    `Subject: ${one.name}`,
    one.messageId ?? `Message-ID: <${messageIdOf(one, server)}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    LINE.repeat(Math.max(1, Math.round(((one.kilobytes ?? 0) * 1024) / LINE.length))),
  ].join('\r\n');
}

/** Throws what the server said when it does not take the message. */
export async function submit(one: Case, server: string): Promise<void> {
  const socket = createConnection({ host: SERVER.address, port: 25, localAddress: CLIENT.address });
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (): Promise<string> => {
    const text: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) return `${text.join('\n')} (connection closed)`;
      text.push(String(value));
      if (!/^\d{3}-/.test(String(value))) return text.join('\n');
    }
  };
  const ask = async (line: string, code: string): Promise<string> => {
    if (line !== '') socket.write(`${line}\r\n`, 'utf8');
    const answer = await reply();
    if (!answer.startsWith(code)) throw new Error(`${server} ${one.name}: ${line} -> ${answer}`);
    return answer;
  };
  try {
    await ask('', '220');
    const offers = await ask(`EHLO ${CLIENT.name}`, '250');
    const hasDsn = /^250[- ]DSN/m.test(offers);
    const mail = [
      one.utf8 === true ? 'SMTPUTF8' : '',
      hasDsn && one.ret !== undefined ? `RET=${one.ret}` : '',
      hasDsn && one.envid !== undefined ? `ENVID=${xtext(one.envid)}` : '',
    ];
    await ask([`MAIL FROM:<${senderOf(one.name)}>`, ...mail].filter((word) => word !== '').join(' '), '250');
    for (const { to, notify, original } of one.to) {
      const options = [
        hasDsn && notify !== undefined ? `NOTIFY=${notify}` : '',
        hasDsn && original !== undefined ? `ORCPT=rfc822;${xtext(original)}` : '',
      ];
      await ask([`RCPT TO:<${to}>`, ...options].filter((word) => word !== '').join(' '), '25');
    }
    await ask('DATA', '354');
    await ask(`${messageOf(one, server)}.`, '250');
    await ask('QUIT', '');
  } finally {
    socket.destroy();
  }
}

/** RFC 3461 4. */
function xtext(text: string): string {
  return text.replace(
    /[^!-~]|[+=]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
