// The command that the refusing server answered, as reports name it. Who `unknown` means depends on it (explain.ts).

export type Stage = 'connect' | 'mail' | 'rcpt' | 'data';

/** How Postfix, sendmail, Exim, qmail, DragonFly, Courier, Yahoo, 1&1 and others name the command, lower-case. */
const MARKS: readonly (readonly [mark: string, stage: Stage])[] = [
  ['>>> rcpt to', 'rcpt'],
  ['in reply to rcpt to', 'rcpt'],
  ['after rcpt', 'rcpt'],
  ['our rcpt to', 'rcpt'],
  ['rcpt to response', 'rcpt'],
  ['rcpt to command', 'rcpt'],
  ['rcpt command', 'rcpt'],
  ['rcpt to generated', 'rcpt'],
  ['[rcpt_to]', 'rcpt'],
  ['smtp:rcpt', 'rcpt'],
  ['sent: rcpt to', 'rcpt'],
  ['does not like recipient', 'rcpt'],
  ['>>> mail from', 'mail'],
  ['in reply to mail from', 'mail'],
  ['after mail from', 'mail'],
  ['our mail from', 'mail'],
  ['mail from command', 'mail'],
  ['mail command', 'mail'],
  ['[mail_from]', 'mail'],
  ['smtp:mail', 'mail'],
  ['sent: mail from', 'mail'],
  ['but sender was rejected', 'mail'],
  ['>>> data', 'data'],
  ['end of data', 'data'],
  ['data command', 'data'],
  ['final data', 'data'],
  ['our data', 'data'],
  ['after data', 'data'],
  ['text command', 'data'],
  ['smtp:data', 'data'],
  ['[data]', 'data'],
  ['failed after i sent the message', 'data'],
  ['failed on data command', 'data'],
  ['end of message', 'data'],
  ['smtp command data', 'data'],
  ['smtp command rcpt', 'rcpt'],
  ['smtp command mail', 'mail'],
  ['initial connection', 'connect'],
  ['refused to talk to me', 'connect'],
  ['but my name was rejected', 'connect'],
  ['but greeting failed', 'connect'],
  ['in reply to ehlo', 'connect'],
  ['in reply to helo', 'connect'],
  ['after ehlo', 'connect'],
  ['after helo', 'connect'],
  ['>>> ehlo', 'connect'],
  ['>>> helo', 'connect'],
];

/** Line breaks and runs of blanks within a mark: Postfix folds `(in reply to RCPT\n    TO command)`. */
const BLANKS = /[ \t\n]+/g;

/** The last that is named: a transcript goes on until something fails. Null where none is. */
export function stageOf(text: string): Stage | null {
  const low = text.toLowerCase().replace(BLANKS, ' ');
  let last = -1;
  let stage: Stage | null = null;
  for (const [mark, means] of MARKS) {
    const at = low.lastIndexOf(mark);
    if (at > last) {
      last = at;
      stage = means;
    }
  }
  return stage;
}
