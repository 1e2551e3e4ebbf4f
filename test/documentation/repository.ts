import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Where the repository is, seen from the compiled tests. */
export const repository = path.resolve(import.meta.dirname, '../../..');

/** The text of a file of the repository. */
export function readText(file: string): Promise<string> {
  return readFile(path.join(repository, file), 'utf8');
}

/** The Markdown documents of the repository, as paths from its top. */
export async function markdownFiles(): Promise<readonly string[]> {
  const top = await readdir(repository);
  const docs = await readdir(path.join(repository, 'docs'), { recursive: true });
  const files = [...top, ...docs.map((file) => path.join('docs', file)), 'simulator/README.md'];
  return files.filter((file) => file.endsWith('.md'));
}

/** The rows of all tables of a Markdown document, as trimmed cells; without heads and rulers. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  return lines.flatMap((line, index) => {
    const isHead = /^\|[ -]*\|/u.test(lines[index + 1] ?? '') && /^[|\s-]+$/u.test(lines[index + 1] ?? '');
    if (!line.startsWith('|') || isHead || /^[|\s-]+$/u.test(line)) return [];
    return [
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}
