// Carriers, providers and gateways of Japan, China and Korea, with words in their languages.
import type { Family } from './families.ts';

export const ASIA: readonly Family[] = [
  {
    name: 'kddi',
    marks: ['au one net\u306e\u30e1\u30fc\u30eb\u30b7\u30b9\u30c6\u30e0', 'as their mailbox is full'],
    failed: [
      'could not be delivered to',
      '\u6b21\u306e\u30a2\u30c9\u30ec\u30b9\u306b\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f',
    ],
  },
  {
    name: 'ezweb',
    marks: [
      'each of the following recipients was rejected by a remote mail server',
      'the user(s) account is disabled',
      'the user(s) account is temporarily limited',
    ],
    failed: ['the following recipients did not receive this message', 'each of the following'],
  },
  { name: 'biglobe', proof: ['non-delivered information'] },
  {
    name: 'docomo',
    failed: [
      'the following addresses had delivery errors---',
      '\u6b21\u306e\u3042\u3066\u5148\u3078\u306e\u30e1\u30c3\u30bb\u30fc\u30b8\u306f\u30a8\u30e9\u30fc\u306e\u305f\u3081\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f',
    ],
  },
  {
    name: 'softbank',
    failed: ['\u4ee5\u4e0b\u306e\u5b9b\u5148\u306b\u306f\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f'],
  },
  {
    name: 'm-filter',
    marks: ['m-filter'],
    failed: [
      '\u4ee5\u4e0b\u306e\u30e1\u30fc\u30eb\u30a2\u30c9\u30ec\u30b9\u3078\u306e\u9001\u4fe1\u306b\u5931\u6557\u3057\u307e\u3057\u305f',
    ],
    proof: ['server message'],
  },
  {
    name: 'japanese',
    failed: [
      '\u4ee5\u4e0b\u306e\u5b9b\u5148\u3078\u306e\u30e1\u30fc\u30eb',
      '\u4ee5\u4e0b\u306e\u5b9b\u5148\u306b\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093',
      '\u4ee5\u4e0b\u306e\u5b9b\u5148\u306b\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093',
      '\u4ee5\u4e0b\u306e\u30a2\u30c9\u30ec\u30b9\u306b\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093',
      '\u4e0b\u8a18\u306e\u5b9b\u5148\u306b\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093',
      '\u4e0b\u8a18\u306e\u30e1\u30fc\u30eb\u30a2\u30c9\u30ec\u30b9\u306b',
      '\u4e0b\u8a18\u5b9b\u5148\u3078\u306e\u914d\u4fe1\u306b\u5931\u6557',
      '\u6b21\u306e\u5b9b\u5148\u3078\u306e\u914d\u4fe1\u306b\u5931\u6557',
      '\u6b21\u306e\u5b9b\u5148\u306b\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093',
      '\u6b21\u306e\u53d7\u4fe1\u8005\u306b\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093',
    ],
    names: [
      '\u5b9b\u5148\u30a2\u30c9\u30ec\u30b9',
      '\u9001\u4fe1\u5148\u30a2\u30c9\u30ec\u30b9',
      '\u53d7\u4fe1\u8005\u30a2\u30c9\u30ec\u30b9',
    ],
    proof: [
      '\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f',
      '\u914d\u4fe1\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f',
      '\u914d\u9001\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f',
      '\u914d\u4fe1\u306b\u5931\u6557\u3057\u307e\u3057\u305f',
    ],
  },
  {
    name: 'chinese',
    failed: [
      '\u65e0\u6cd5\u53d1\u9001\u5230',
      '\u65e0\u6cd5\u6295\u9012\u5230',
      '\u60a8\u53d1\u5f80\u4ee5\u4e0b\u5730\u5740\u7684\u90ae\u4ef6',
      '\u4ee5\u4e0b\u6536\u4ef6\u4eba',
      '\u7121\u6cd5\u6295\u905e\u81f3',
      '\u7121\u6cd5\u50b3\u9001\u5230',
    ],
    names: ['\u6536\u4ef6\u4eba\u5730\u5740', '\u6536\u4fe1\u4eba', '\u6536\u4ef6\u4eba', '\u6536\u4ef6\u8005'],
    proof: [
      '\u9000\u4fe1\u539f\u56e0',
      '\u9000\u4fe1\u901a\u77e5',
      '\u5f88\u62b1\u6b49\u60a8\u53d1\u9001\u7684\u90ae\u4ef6\u88ab\u9000\u56de',
      '\u62b1\u6b49\uff0c\u60a8\u7684\u90ae\u4ef6\u88ab\u9000\u56de\u6765\u4e86',
      '\u88ab\u9000\u56de',
      '\u6295\u9012\u5931\u8d25',
      '\u53d1\u9001\u5931\u8d25',
    ],
  },
  {
    name: 'korean',
    failed: ['\ub2e4\uc74c \uc218\uc2e0\uc790\uc5d0\uac8c', '\uc544\ub798 \uc218\uc2e0\uc790\uc5d0\uac8c'],
    names: ['\ubc1b\ub294 \uc0ac\ub78c', '\uc218\uc2e0\uc790'],
    proof: [
      '\uc804\uc1a1\uc5d0 \uc2e4\ud328',
      '\ubc1c\uc1a1\uc5d0 \uc2e4\ud328',
      '\uba54\uc77c\uc774 \uc804\uc1a1\ub418\uc9c0',
    ],
  },
];
