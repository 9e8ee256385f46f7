// All cases, in the order in which they are sent.

import type { Case } from './case.ts';
import { refusals } from './cases-refused.ts';
import { routes } from './cases-routes.ts';

export const CASES: readonly Case[] = [...refusals, ...routes];
