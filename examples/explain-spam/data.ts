/** The e-mails in `examples/data`, as words and as numbers of words. */
import {readFileSync} from 'node:fs';
import {Random} from 'glassbox';

export const SPAM = 1;

export interface Mails {
  readonly texts: string[];
  /** 1 for spam, 0 for ham. */
  readonly labels: number[];
}

/** Two thirds to train on, a third to test on, drawn by the seed. */
export function loadMails(seed: number): {train: Mails; test: Mails} {
  const file = readFileSync(new URL('../data/spam/emails.csv', import.meta.url), 'utf8');
  const rows = [...file.matchAll(/^(spam|ham),"((?:[^"]|"")*)"$/gm)];
  const order = Array.from(new Random(seed).permutation(rows.length), row => rows[row]!);
  const part = (from: number, to?: number): Mails => ({
    texts: order.slice(from, to).map(row => row[2]!.replaceAll('""', '"')),
    labels: order.slice(from, to).map(row => (row[1] === 'spam' ? SPAM : 0)),
  });
  const third = Math.round(rows.length / 3);
  return {train: part(third), test: part(0, third)};
}

/** Texts as rows of word numbers: 0 is padding, 1 a word that few mails have. */
export class Vocabulary {
  private readonly numbers: ReadonlyMap<string, number>;

  /** @param least how many of the texts must have a word */
  constructor(
    texts: readonly string[],
    readonly length: number,
    least = 2,
  ) {
    const counts = new Map<string, number>();
    for (const text of texts) {
      for (const word of new Set(this.words(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const known = [...counts].filter(([, count]) => count >= least).map(([word]) => word);
    this.numbers = new Map(known.sort().map((word, i) => [word, i + 2]));
  }

  get size(): number {
    return this.numbers.size + 2;
  }

  /** As they stand in the text, so that a plot can show them. */
  tokens(text: string): string[] {
    return (text.match(/https?:\/\/[^\s/]+|\$?[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*|[!?]+/gu) ?? []).slice(
      0,
      this.length,
    );
  }

  encode(texts: readonly string[]): number[][] {
    return texts.map(text => {
      const row = this.words(text).map(word => this.numbers.get(word) ?? 1);
      return [...row, ...Array<number>(this.length - row.length).fill(0)];
    });
  }

  private words(text: string): string[] {
    return this.tokens(text).map(token =>
      // Which number it is does not matter, that it is one does.
      token.toLowerCase().replace(/\d+([.,]\d+)*/g, '0'),
    );
  }
}
