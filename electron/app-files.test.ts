import { describe, expect, test } from 'vitest';
import { contentPolicy, isAppPage, resolveAppFile } from './app-files.ts';

const folder = '/srv/pages';

describe('resolveAppFile', () => {
  test('a page is found with its type and the content policy', () => {
    expect(resolveAppFile(folder, 'app://vireo/console.html?domain=1#x')).toEqual({
      path: '/srv/pages/console.html',
      headers: { 'content-security-policy': contentPolicy, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' },
    });
  });

  test('the bare address is the main page', () => {
    expect(resolveAppFile(folder, 'app://vireo/')?.path).toBe('/srv/pages/index.html');
  });

  test.each([
    'app://vireo/%2e%2e%2fsecret.js',
    'app://vireo/a/..%2f..%2fsecret.js',
    'app://vireo/..%5csecret.js',
    'app://vireo/page%00.html',
    'app://vireo/%E0%A4%A.html',
    'app://other/index.html',
    'file:///srv/pages/index.html',
    'app://vireo/index.exe',
    'not an address',
  ])('%s is no file', (address) => expect(resolveAppFile(folder, address)).toBeNull());

  test.each(['app://vireo/../secret.js', 'app://vireo/%2e%2e/secret.js'])('%s stays within the pages', (address) =>
    expect(resolveAppFile(folder, address)?.path).toBe('/srv/pages/secret.js'));
});

test('only app://vireo is a page of ours', () => {
  expect(['app://vireo/index.html', 'app://vireo.example/', 'app://evil/', 'https://vireo/', ''].map(isAppPage)).toEqual([true, false, false, false, false]);
});
