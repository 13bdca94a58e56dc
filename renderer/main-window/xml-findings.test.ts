import { expect, test } from 'vitest';
import { findingsOf } from './xml-findings.ts';

const problem = { code: 'XML_ERROR', message: "Invalid value for element 'vcpu'", line: 6, column: 1, element: 'vcpu', attribute: null };

test('an error stands in its line, before the warnings', () => {
  expect(findingsOf({ problem, notUnderstood: [{ path: 'domain/mood', line: 3 }], warnings: [{ message: 'everybody can look', line: 9 }] })).toEqual([
    { kind: 'error', line: 6, message: "vcpu: Invalid value for element 'vcpu'" },
    { kind: 'warning', line: 3, message: 'domain/mood is kept but not understood; a domain with it may not start' },
    { kind: 'warning', line: 9, message: 'everybody can look' },
  ]);
});

test('an error of the whole definition stands in the first line', () => {
  expect(findingsOf({ problem: { ...problem, line: null, element: null }, notUnderstood: [], warnings: [] })).toMatchObject([{ kind: 'error', line: 1, message: problem.message }]);
});

test('a definition that is understood has no findings', () => {
  expect(findingsOf({ problem: null, notUnderstood: [], warnings: [] })).toEqual([]);
});
