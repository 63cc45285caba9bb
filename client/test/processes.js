// The processes of the functions that a stack has started, as Linux lists them.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Returns the id and the program of each running function of the stack with this process id. */
export function functionsOf(stack) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
        const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(parent) !== stack) return [];
        const environment = readFileSync(`/proc/${id}/environ`, 'utf8');
        if (!environment.includes('AWS_LAMBDA_RUNTIME_API=')) return [];
        const program = basename(readlinkSync(`/proc/${id}/exe`).replace(/ \(deleted\)$/, ''));
        return [{ id: Number(id), program }];
      } catch {
        // It has ended by now.
        return [];
      }
    });
}

/** Kills a process, unless it has ended. */
export function kill({ id }) {
  try {
    process.kill(id, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
