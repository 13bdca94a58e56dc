import { expect, test } from 'vitest';
import { parseStartOptions } from './start-options.ts';

test.each([
  [['/app'], null],
  [['--no-sandbox', '/app', '--home', '/srv/vireo'], '/srv/vireo'],
  [['/app', '--home=/srv/a b', '--inspect=0'], '/srv/a b'],
  [['/app', '--home=/one', '--home', '/two'], '/two'],
  [['/app', '--home='], null],
  [['/app', '--home'], null],
])('%j has its state folder in %j', (argv, home) => expect(parseStartOptions(argv)).toEqual({ home, screenless: false }));

test('--host asks for the screenless host', () => {
  expect(parseStartOptions(['--host', '--home=/srv/vireo'])).toEqual({ home: '/srv/vireo', screenless: true });
});
