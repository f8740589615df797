/** For tests: whether pysparkplug (PyPI) is installed. */
import { spawnSync } from 'node:child_process';

const FIND = 'import importlib.util as u, sys; sys.exit(u.find_spec("pysparkplug") is None)';

/** Why tests with pysparkplug are skipped; null if it is installed. */
export const lackingPysparkplug: string | null =
  spawnSync('python3', ['-c', FIND]).status === 0 ? null : 'needs pip install pysparkplug==0.6.1';
