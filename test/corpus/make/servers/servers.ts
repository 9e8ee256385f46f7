// The servers, in the order in which they are run.

import type { MailServer } from '../server.ts';
import { dma } from './dma.ts';
import { exim } from './exim.ts';
import { nullmailer } from './nullmailer.ts';
import { opensmtpd } from './opensmtpd.ts';
import { postfix } from './postfix.ts';
import { sendmail } from './sendmail.ts';

export const SERVERS: readonly MailServer[] = [postfix, exim, sendmail, opensmtpd, dma, nullmailer];
