/** The documentation site: README, docs/, the cards of models and what `npm run docs` generates, each file a page. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { GENERATED, Links, sitePath, slug } from './links.ts';
import { sidebar } from './sidebar.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const links = new Links(root);

export default defineConfig({
  title: 'moteware',
  description:
    'Firmware logic and int8 machine learning in TypeScript, shipped to microcontrollers as signed WebAssembly',
  lang: 'en',
  srcDir: root,
  srcExclude: ['build/!(site)/**', 'boards/**', 'tests/**', 'third_party/**'],
  outDir: `${root}/build/docs`,
  cacheDir: `${root}/build/vitepress`,
  rewrites: sitePath,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    languageAlias: { h: 'c' },
    anchor: { slugify: slug },
    config: (md) => {
      links.use(md);
      // The highlighter knows no hex dumps, and warns of each.
      md.core.ruler.push('plain-hex', ({ tokens }) => {
        for (const token of tokens) token.info = token.info.replace(/^hex\b/, 'txt');
      });
    },
  },
  buildEnd: () => links.check(),
  vite: {
    build: { chunkSizeWarningLimit: 2000 },
    server: { host: '127.0.0.1', watch: { ignored: ['**/build/**', '**/dist/**'] } },
  },
  themeConfig: {
    nav: [
      { text: 'Guides', link: '/getting-started' },
      { text: 'Reference', link: '/cli' },
      { text: 'SDK', link: '/reference/sdk/' },
      { text: 'API', link: '/reference/typescript/' },
      { text: 'Design', link: '/DESIGN' },
    ],
    sidebar: sidebar(root, GENERATED),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    externalLinkIcon: true,
  },
});
