// `verp sign|verify`: the address to send from so that a bounce proves whom it is about, and what such an address proves. Needs no database.

import { type Command, InvalidArgumentError } from 'commander';
import type { BouncesConfig } from '../config.ts';
import { asMaildrainError, printable } from '../errors.ts';
import { tagIn } from '../mail/correlation.ts';
import { signSender, type TagFor, verifyTag } from '../mail/verp.ts';
import type { VerpPattern } from '../model-pipeline.ts';
import { resolveSecret } from '../secrets.ts';
import { readAddresses } from './addresses.ts';
import { configOf, type GlobalOptions, type Terminal } from './context.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import type { Output } from './output.ts';
import { cut } from './words.ts';

/** What is said of addresses that cannot be signed for. */
const MAX_SHOWN = 20;
const MAX_WIDTH = 80;

interface SignArguments extends GlobalOptions {
  readonly id?: string;
}

export function addVerp(program: Command, terminal: Terminal): void {
  const verp = program
    .command('verp')
    .description('Signed envelope senders: made for those you write to, and checked.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ maildrain verp sign ann@example.org\n  $ maildrain verp verify "$(maildrain verp sign ann@example.org)"',
    );
  verp
    .command('sign')
    .argument('<addresses...>', 'whom you write to, or - for one a line on stdin')
    .description(
      'The envelope sender (MAIL FROM) to write to each address with, by the first {token} pattern of the configuration.',
    )
    .option('--id <id>', 'an identifier of your own in place of the address, for one address', parseId)
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain verp sign ann@example.org
  $ maildrain verp sign ann@example.org --id c42.1007
  $ maildrain verp sign - --json < list.txt`,
    )
    .action(async (words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<SignArguments>();
      const { addresses } = await readAddresses(words);
      if (options.id !== undefined && addresses.length !== 1)
        throw new UsageError('--id stands for one address: give one');
      terminal.exitCode = await sign(addresses, options, terminal.out);
    });
  verp
    .command('verify')
    .argument('<sender>', 'the address that a bounce came back to')
    .argument('[addresses...]', 'whom it may be about; needed where the tag holds an id')
    .description('Which address a tag proves. Exit code 1: none.')
    .addHelpText(
      'after',
      `
Examples:
  $ maildrain verp verify bounces+ann=example.org-k5ybq7hcf3ztw2md@example.com
  $ maildrain verp verify bounces+c42.1007-k5ybq7hcf3ztw2md@example.com ann@example.org`,
    )
    .action(async (sender: string, words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { addresses } = words.length === 0 ? { addresses: [] } : await readAddresses(words);
      terminal.exitCode = await verify(sender, addresses, options, terminal.out);
    });
}

function parseId(text: string): string {
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(text))
    throw new InvalidArgumentError('An id is made of lower-case letters, digits, "_", "-" and single dots in between.');
  return text;
}

/** @throws UsageError where the configuration has no pattern for signed tags */
async function signing({ patterns, secrets }: BouncesConfig): Promise<{ tokens: VerpPattern[]; keys: string[] }> {
  const tokens = patterns.filter(({ holds }) => holds === 'token');
  if (tokens.length === 0 || secrets.length === 0)
    throw new UsageError(
      'the configuration signs nothing: add `bounces:` with verp, such as ["bounces+{token}@example.com"], and a secret',
    );
  return { tokens, keys: await Promise.all(secrets.map((secret) => resolveSecret(secret))) };
}

async function sign(addresses: readonly string[], options: SignArguments, out: Output): Promise<ExitCode> {
  const { tokens, keys } = await signing(configOf(options).bounces);
  const [pattern] = tokens;
  if (pattern === undefined) return EXIT.usage;
  // All are made before one is written: an address that is too long for a tag must not leave half a list behind.
  const wrong: string[] = [];
  const signed = addresses.flatMap((address) => {
    const whom: TagFor = { address, id: options.id };
    try {
      return [{ address, sender: signSender(pattern, keys, whom) }];
    } catch (error) {
      wrong.push(`  ${cut(address, MAX_WIDTH)}: ${asMaildrainError(error).message}`);
      return [];
    }
  });
  if (wrong.length > 0) throw new UsageError(['nothing was signed', ...wrong.slice(0, MAX_SHOWN)].join('\n'));
  for (const each of signed) {
    if (options.json === true) await out.json(each);
    else await out.line(each.sender);
  }
  return EXIT.done;
}

async function verify(
  sender: string,
  candidates: readonly string[],
  options: GlobalOptions,
  out: Output,
): Promise<ExitCode> {
  const { tokens, keys } = await signing(configOf(options).bounces);
  const tags = tokens.flatMap((pattern) => tagIn(sender, pattern) ?? []);
  const proven = tags.map((tag) => verifyTag(keys, tag, candidates)).find((found) => found !== null) ?? null;
  if (options.json === true) await out.json({ sender, signed: proven !== null, address: proven?.address ?? null });
  else if (proven !== null) await out.line(`signed for ${printable(proven.address)}`);
  else
    await out.line(
      tags.length === 0
        ? 'not signed: this is no address of a {token} pattern of the configuration'
        : `not signed: the tag proves nothing${candidates.length === 0 ? '; one with an id is verified for the addresses given after it' : ''}`,
    );
  return proven === null ? EXIT.failed : EXIT.done;
}
