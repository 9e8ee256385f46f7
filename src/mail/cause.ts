// The shape of the rows in the causes-*.ts tables: phrases and what they mean. The data says what servers write in general; weighing one
// phrase against another and against codes is for explain.ts, finding them for phrase-index.ts.
import type { Category } from '../model-reading.ts';

/**
 * How much a phrase says. 4: a provider's own code or the URL of its explanation, defined to mean this. 3: names the cause outright.
 * 2: what servers usually say of this cause. 1: vague, a better code beside it decides. 0: what a queue says that waits or has given up.
 */
type Weight = 0 | 1 | 2 | 3 | 4;

export interface Cause {
  readonly category: Category;
  readonly weight: Weight;
  /**
   * Words of an SMTP answer that say who does not exist. They are about the recipient in answer to RCPT, about the sender in answer to MAIL,
   * and a filter's pretence in answer to DATA; explain.ts asks for the command.
   */
  readonly who?: boolean;
  /** Phrases, one a line or separated by ` | `; ` * ` stands for up to MAX_GAP other characters. In any case, with or without accents. */
  readonly phrases: string;
}
