import { access } from 'node:fs/promises';
import path from 'node:path';

import { expect } from 'chai';

import { markdownFiles, readText, repository } from './repository.js';

const link = /\]\((?<target>[^)\s]+)\)/gu;
const fence = /^```[\s\S]*?^```$/gmu;

describe('The documents', () => {
  it('links: lead to files that are there', async () => {
    const dead: string[] = [];
    for (const file of await markdownFiles()) {
      const text = (await readText(file)).replaceAll(fence, '');
      for (const { groups } of text.matchAll(link)) {
        const [target = ''] = (groups?.['target'] ?? '').split('#');
        if (target === '' || /^[a-z]+:/u.test(target)) continue;
        const isThere = await exists(path.resolve(repository, path.dirname(file), target));
        if (!isThere) dead.push(`${file}: ${target}`);
      }
    }
    expect(dead).to.deep.equal([]);
  });

  it('decisions: each is in the list, under its own title', async () => {
    const list = await readText('docs/adr/README.md');
    const decisions = (await markdownFiles()).filter((file) => /adr\/\d{4}-/u.test(file));
    expect(decisions).to.have.length.above(5);
    for (const file of decisions) {
      const [, number = '', title = ''] = /^# (\d+)\. (.+)$/mu.exec(await readText(file)) ?? [];
      expect(list, file).to.include(`${number}. [${title}](${path.basename(file)})`);
      expect(path.basename(file)).to.match(new RegExp(`^${number.padStart(4, '0')}-`, 'u'));
    }
  });

  it('decisions: each says what it is enforced by', async () => {
    for (const file of await markdownFiles()) {
      if (!/adr\/\d{4}-/u.test(file)) continue;
      for (const part of ['Context', 'Decision', 'Consequences', 'Enforced by']) {
        expect(await readText(file), file).to.include(`**${part}`);
      }
    }
  });

  it('paths of the source that they name: are there', async () => {
    const missing: string[] = [];
    for (const file of await markdownFiles()) {
      const text = (await readText(file)).replaceAll(fence, '');
      for (const [, named = ''] of text.matchAll(/`((?:src|simulator|test|bench|docs|deploy)\/[^`]*)`/gu)) {
        if (/[<…*{]/u.test(named) || (await exists(path.join(repository, named)))) continue;
        missing.push(`${file}: ${named}`);
      }
    }
    expect(missing).to.deep.equal([]);
  });

  it('make and npm run: name targets and scripts that exist', async () => {
    const targets = new Set([...(await readText('Makefile')).matchAll(/^([a-z]+):/gmu)].map(([, name]) => name));
    const { scripts } = JSON.parse(await readText('package.json')) as { scripts: Readonly<Record<string, string>> };
    const unknown: string[] = [];
    for (const file of await markdownFiles()) {
      const code = [...(await readText(file)).matchAll(/^```sh\n[\s\S]*?^```$|`[^`\n]+`/gmu)].join('\n');
      for (const [command, target = ''] of code.matchAll(/\bmake ([a-z]+)/gu)) {
        if (!targets.has(target)) unknown.push(`${file}: ${command}`);
      }
      for (const [command, script = ''] of code.matchAll(/\bnpm run ([a-z:-]+)/gu)) {
        if (!(script in scripts)) unknown.push(`${file}: ${command}`);
      }
    }
    expect(unknown).to.deep.equal([]);
  });

  it('every script of npm that runs a compiled program: names one that is compiled', async () => {
    const { scripts } = JSON.parse(await readText('package.json')) as { scripts: Readonly<Record<string, string>> };
    for (const [name, command] of Object.entries(scripts)) {
      const [, program] = /^node (dist\/\S+)$/u.exec(command) ?? [];
      if (program !== undefined) expect(await exists(path.join(repository, program)), name).to.equal(true);
    }
  });
});

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
