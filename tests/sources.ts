/** Whether this machine has, or can fetch, the sources of third parties that C code needs. */
import { findThirdParty, MoteError } from '../host/base/index.ts';
import { componentLibraries } from '../host/toolchain/board/components.ts';

/**
 * The reason to skip a test that builds these components and those below them, such as `cargo is missing ...`; '' if there is none. A
 * published package contains the sources. A clone fetches them once, for which boards/crypto needs cargo.
 */
export async function missingSources(...components: string[]): Promise<string> {
  try {
    await Promise.all(componentLibraries(components).map(findThirdParty));
    return '';
  } catch (error) {
    if (error instanceof MoteError && error.code === 'BOARD_TOOL') return error.message;
    throw error;
  }
}
