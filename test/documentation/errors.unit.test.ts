import { expect } from 'chai';

import { errorDefinitions, type ErrorCode } from '#application/domain/errors.js';
import { commandErrorCodes } from '#application/domain/response.js';
import { statusOf } from '#http/problem.js';

import { readText, tableRows } from './repository.js';

const codeIn = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

describe('docs/errors.md', () => {
  it('refused requests: has every code with its status, its title and what to do, and no other', async () => {
    const rows = await section('## Refused requests');
    const documented = rows.map(([code, status, title]) => [codeIn(code), status, title]);
    const defined = Object.entries(errorDefinitions).map(([code, { title }]) => [
      code,
      String(statusOf(code as ErrorCode)),
      title,
    ]);
    expect(documented).to.have.deep.members(defined);
    for (const [code, , , advice = ''] of rows) expect(advice, code).to.match(/^[A-Z].{10,}\.$/u);
  });

  it('commands: has every code with what happened and where to look, and no other', async () => {
    const rows = await section('## Commands that did not end well');
    expect(rows.map(([code]) => codeIn(code))).to.have.members([...commandErrorCodes]);
    for (const [code, what = '', where = ''] of rows) {
      expect(what, code).to.match(/\.$/u);
      expect(where, code).not.to.equal('');
    }
  });
});

async function section(heading: string): Promise<readonly (readonly string[])[]> {
  const text = await readText('docs/errors.md');
  const [, after = ''] = text.split(`${heading}\n`);
  const [content = ''] = after.split('\n## ');
  return tableRows(content);
}
