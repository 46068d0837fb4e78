import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

describe('a process that is killed', () => {
  const script = fileURLToPath(new URL('killable.ts', import.meta.url));

  it('goes on where BackupAndRestore stood when it is run again, and ends bit for bit the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'glassbox-kill-'));
    try {
      const whole = join(folder, 'whole.json');
      await run(script, [join(folder, 'a'), whole]);
      const resumed = join(folder, 'resumed.json');
      for (const batch of [3, 8])
        expect(await run(script, [join(folder, 'b'), resumed, String(batch)])).toBe('SIGKILL');
      expect(await run(script, [join(folder, 'b'), resumed])).toBe(0);
      const outcome = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
      expect(outcome(resumed)).toEqual(outcome(whole));
    } finally {
      rmSync(folder, {recursive: true});
    }
  }, 60_000);
});

function run(script: string, args: string[]): Promise<number | string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ?? code));
  });
}
