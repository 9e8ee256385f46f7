// The command that the refusing server answered, as reports name it. Who `unknown` means depends on it (explain.ts).

export type Stage = 'connect' | 'mail' | 'rcpt' | 'data';

/** How Postfix, sendmail, Exim, qmail, DragonFly, Courier, Yahoo, 1&1 and others name the command, lower-case. */
const MARKS: readonly (readonly [mark: string, stage: Stage])[] = [
  // Exim names the command of another server; where none is named below its opening words, its own routers did not know the recipient.
  // OpenSMTPD and nullmailer name none at all, so their words are all there is.
  ['address(es) failed', 'rcpt'],
  ['this is the nullmailer delivery system', 'rcpt'],
  ['an error has occurred while attempting to deliver a message', 'rcpt'],
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

/** Postfix and Exim put off the refusal of a name or a sender until RCPT; the words tell what they mean. */
const MEANT: readonly (readonly [words: string, stage: Stage])[] = [
  ['helo command rejected', 'connect'],
  ['sender address rejected', 'mail'],
  ['domain of sender', 'mail'],
  ['sender verify failed', 'mail'],
  ['sender domain', 'mail'],
];

/** Blanks of a fold: a line break and an indent. */
const FOLD = '[ \\t\\n]{1,20}';

/** All of them in one expression of literals: Postfix folds `(in reply to RCPT\n    TO command)`, so a blank is a few of any kind. */
const ANY = new RegExp([...MEANT, ...MARKS].map(([words]) => literal(words)).join('|'), 'gi');

const STAGES: ReadonlyMap<string, Stage> = new Map([...MARKS, ...MEANT]);
const OUTRIGHT: ReadonlySet<string> = new Set(MEANT.map(([words]) => words));

/** The last that is named: a transcript goes on until something fails. Null where none is. */
export function stageOf(text: string): Stage | null {
  let stage: Stage | null = null;
  for (const [found] of text.matchAll(ANY)) {
    const words = found.toLowerCase().replace(/[ \t\n]+/g, ' ');
    stage = STAGES.get(words) ?? stage;
    if (OUTRIGHT.has(words)) break;
  }
  return stage;
}

function literal(words: string): string {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', FOLD);
}
