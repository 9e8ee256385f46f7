// Cleaning, cutting, and the words of HTML.
import { describe, expect, it } from 'vitest';
import { htmlToText } from '../../src/mail/html.ts';
import { cleanText, cut } from '../../src/mail/text.ts';

describe('cleanText', () => {
  it.each([
    ['plain text', 'a\tb\r\nc', 'a\tb\r\nc'],
    ['U+0000', '\0a\0\0b\0', 'ab'],
    ['a lone high surrogate', 'a\ud800b', 'a\uFFFDb'],
    ['a lone low surrogate', 'a\udc00', 'a\uFFFD'],
    ['surrogates in the wrong order', '\udc00\ud800', '\uFFFD\uFFFD'],
    ['a surrogate pair', 'a😀b', 'a😀b'],
    ['a pair that U+0000 separates', '\ud83d\0\ude00', '😀'],
  ])('makes storable text of %s', (_why, text, expected) => {
    expect(cleanText(text)).toBe(expected);
  });
});

describe('cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['ab😀', 3, 'ab'],
    ['a😀b', 3, 'a😀'],
  ])('of %s at %i is %s', (text, limit, expected) => {
    expect(cut(text, limit)).toBe(expected);
  });
});

describe('htmlToText', () => {
  it.each([
    ['blocks', '<div>a</div><div>b<br>c</div>', 'a\nb\nc'],
    ['paragraphs', '<p>a</p>\n\n<p>b</p>', 'a\nb'],
    ['inline elements', 'a<b>b</b> <i>c</i>', 'ab c'],
    ['table cells', '<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['white space', ' a \r\n\t b  ', 'a b'],
    ['hidden content', '<title>t</title><STYLE>s</STYLE><script>if (a<b) x()</script>c', 'c'],
    ['comments', 'a<!-- <b>x</b> -->b<!--[if mso]>y<![endif]-->c', 'abc'],
    ['a comment that never ends', 'a<!-- b', 'a'],
    ['a style that never ends', 'a<style>b', 'a'],
    ['a tag that never ends', 'a<b', 'a'],
    ['an angle bracket that opens nothing', '1 < 2 <3', '1 < 2 <3'],
    ['named entities', '&lt;&eacute;&nbsp;&Eacute;&euro;&copy&bogus;', '<é É€©&bogus;'],
    ['numeric entities', '&#65;&#x42;&#128;&#0;&#xD800;&#x110000;', 'AB€\0\uFFFD\uFFFD'],
    ['preview fillers', 'a&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;b', 'a b'],
  ])('reads %s', (_why, html, text) => {
    expect(htmlToText(html, 1000)).toBe(text);
  });

  it('stops soon after the limit', () => {
    expect(htmlToText('<p>hello</p>'.repeat(1000), 20).length).toBeLessThan(40);
  });
});
