import { readFile } from 'node:fs/promises';

/** Linux counts in hundredths of a second, whatever its own clock does (proc(5), USER_HZ). */
const millisPerTick = 10;

/** The time that a process has had of all processors so far, in milliseconds; undefined where there is no `/proc`. */
export async function readCpuMillis(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks; behind it the 12th and 13th fields are user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * millisPerTick;
  } catch {
    return undefined;
  }
}
