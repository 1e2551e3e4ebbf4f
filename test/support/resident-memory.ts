import { readFile } from 'node:fs/promises';

/** The resident memory of a process, in bytes (proc(5), `VmRSS`). Only where there is a /proc. */
export async function residentBytes(pid: number): Promise<number> {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/mu.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
