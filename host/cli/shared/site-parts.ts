/** The large parts of a site, loaded by the commands that use them: the others start in a quarter of the time. */
export const siteConfig = () => import('../../site/config/index.ts');
export const siteProcess = () => import('../../site/process/index.ts');
