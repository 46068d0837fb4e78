/**
 * Made `emails.csv` out of the e-mails as they were collected: `tsx examples/data/spam/clean.ts spam-apache.csv`, a file
 * of rows `"-1",text` for spam and `"1",text` for wanted mail.
 */
import {readFileSync, writeFileSync} from 'node:fs';

const LENGTH = 2000;
const ENTITIES: Readonly<Record<string, string>> = {nbsp: ' ', amp: '&', lt: '<', gt: '>', quot: '"'};
const HEADER =
  /^[\s|>]*(?:from|to|cc|date|sent|subject|sender|reply-to|return-path|received|delivered-to|message-id|in-reply-to|references|mime-version|content-[\w-]+|x-[\w-]+):.*$/gim;

function clean(mail: string): string {
  const text = mail
    .replace(/<!--.*?-->/gs, '')
    .replace(/<(style|script|head|title)\b.*?<\/\1\s*>/gis, ' ')
    .replace(/<\/?[a-z!][^<>]*>/gi, tag => (/^<\/?(?:b|i|u|em|strong|font|span|a)\b/i.test(tag) ? '' : ' '))
    .replace(/&(nbsp|amp|lt|gt|quot);/gi, (_, name: string) => ENTITIES[name.toLowerCase()]!)
    .replace(/&#(\d{2,3});/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(HEADER, ' ')
    // Of a web address the host; what follows may name the reader.
    .replace(/((?:https?:\/\/|www\.)[^\s/<>"'?]+)[^\s<>"']*/gi, '$1')
    .replace(/[^\s<>"'(:;,[]+@[^\s<>"'),;\]]+/g, 'address')
    .replace(/(?<![\w./])\+?\(?\d(?:[\s().-]{0,3}\d){6,}/g, 'number')
    // Rules and the marks of quoted lines.
    .replace(/[-_=*~#+|>.]{3,}/g, ' ')
    .replace(/^[\s|>]+/gm, ' ')
    .replace(/[\p{Cc}\p{Cf}\uFFFD]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length <= LENGTH ? text : text.slice(0, text.lastIndexOf(' ', LENGTH));
}

/** Mails that say nearly the same: with one in training and one in the test, the test would be too easy. */
function isRepeat(words: ReadonlySet<string>, others: readonly ReadonlySet<string>[]): boolean {
  return others.some(other => {
    const shared = [...words].filter(word => other.has(word)).length;
    return shared > 0.6 * (words.size + other.size - shared);
  });
}

const kept: ReadonlySet<string>[] = [];
const lines = ['label,text'];
const source = readFileSync(process.argv[2]!, 'utf8');
for (const [, label, quoted] of source.matchAll(/"(-?1)","((?:[^"]|"")*)"/g)) {
  const text = clean(quoted!.replaceAll('""', '"'));
  const words = new Set(text.toLowerCase().match(/[\p{L}\p{N}']+/gu));
  if (words.size < 5 || isRepeat(words, kept)) continue;
  kept.push(words);
  lines.push(`${label === '-1' ? 'spam' : 'ham'},"${text.replaceAll('"', '""')}"`);
}
writeFileSync(new URL('emails.csv', import.meta.url), `${lines.join('\n')}\n`);
