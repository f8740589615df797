// Writes the references of the SDK and of the TypeScript API as Markdown: TypeDoc reads the sources and their doc comments,
// and a theme lays a member out as its declaration followed by its comment.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Application, Comment, Converter, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent, MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown';

class Theme extends MarkdownTheme {
  getRenderContext(page) {
    const context = new MarkdownThemeContext(this, page, this.application.options);
    const { signatureTitle, signatureParameters, comment } = context.partials;
    context.partials.signatureParameters = (parameters) => {
      const lines = signatureParameters(parameters);
      const line = lines
        .replace(/\(\s+/, '(')
        .replace(/,\s+/g, ', ')
        .replace(/\s+\)$/, ')');
      return line.length <= 90 ? line : lines.replace(/ +$/gm, '');
    };
    context.partials.accessor = ({ getSignature, setSignature }) =>
      [
        getSignature && signatureTitle(getSignature, { accessor: 'get' }),
        setSignature && signatureTitle(setSignature, { accessor: 'set' }),
        ...[getSignature, setSignature].map((signature) => signature?.comment && comment(signature.comment)),
      ]
        .filter(Boolean)
        .join('\n\n');
    // The declaration has the return type; the comments of this project describe what is returned.
    context.partials.signatureReturns = () => '';
    context.partials.inheritance = () => '';
    return context;
  }
}

const text = (comment) => (comment?.summary ?? []).map((part) => part.text).join('');

/** The comment at the top of a file, unless it belongs to the declaration below it. */
function fileComment(file) {
  const [, block, lines, next] =
    readFileSync(file, 'utf8').match(/^(?:\/\*\*(.*?)\*\/\n|((?:\/\/[^\n]*\n)+))(.*)/s) ?? [];
  const comment = (block ?? lines ?? '').replace(/^\s*(?:\*|\/\/) ?/gm, '').trim();
  const own = /^(\n|import |export (\{|\*|type \{))/.test(next ?? '');
  return own && !comment.startsWith('Generated ') ? comment : '';
}

/** Gives each module the name under which it is imported, and the comment of its file. */
function describeModules(project, files) {
  const names = new Map(
    [...files].map(([name, file]) => [relative(process.cwd(), file).replace(/(\/index)?\.ts$/, ''), name]),
  );
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const name = names.get(module.name);
    const comment = fileComment(files.get(name));
    module.name = name;
    module.comment = comment ? new Comment([{ kind: 'text', text: comment }]) : undefined;
    // TypeDoc takes the comment of a file for that of what it exports first.
    for (const child of module.children ?? []) {
      if (text(child.comment).trim() === comment) child.comment = undefined;
    }
  }
}

/** A constructor that takes nothing and has no comment shows nothing. */
function removeEmptyConstructors(project) {
  for (const declared of project.getReflectionsByKind(ReflectionKind.Constructor)) {
    const empty = ({ parameters, comment }) => !parameters?.length && !comment;
    if (declared.signatures.every(empty)) project.removeReflection(declared);
  }
}

/** Descriptions of parameters follow the comment as a list: the declaration above it has their types. */
function listParameters(project) {
  for (const signature of project.getReflectionsByKind(ReflectionKind.SomeSignature)) {
    const described = (signature.parameters ?? []).filter((parameter) => parameter.comment);
    if (described.length === 0) continue;
    signature.comment ??= new Comment();
    const list = described.map((parameter) => `- \`${parameter.name}\`: ${text(parameter.comment).trim()}`);
    signature.comment.summary.push({ kind: 'text', text: `\n\n${list.join('\n')}` });
  }
}

/** The reference of `files`, by the names under which they are imported after `prefix`, into the folder `out`. */
async function write({ out, title, prefix, files, tsconfig }) {
  const config = `${out}.tsconfig.json`;
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(config, JSON.stringify(tsconfig));
  const app = await Application.bootstrapWithPlugins({
    out,
    name: title,
    tsconfig: config,
    entryPoints: [...files.values()],
    basePath: process.cwd(),
    // The compilers of the two languages check the types; here they are only read.
    skipErrorChecking: true,
    plugin: ['typedoc-plugin-markdown', (app) => app.renderer.defineTheme('reference', Theme)],
    theme: 'reference',
    router: 'module',
    entryFileName: 'index',
    readme: 'none',
    disableSources: true,
    excludePrivate: true,
    excludeExternals: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    sort: ['source-order'],
    useCodeBlocks: true,
    expandParameters: true,
    expandObjects: true,
    parametersFormat: 'none',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    propertyMembersFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    pageTitleTemplates: { index: title, module: `${prefix}{name}`, member: '{kind} {name}' },
    validation: { notExported: false, invalidLink: true, rewrittenLink: true, notDocumented: false },
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    describeModules(project, files);
    removeEmptyConstructors(project);
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => listParameters(project));
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents?.replace(/\\?<`?ArrayBufferLike`?\\?>/g, '');
  });
  const project = await app.convert();
  if (project) await app.generateOutputs(project);
  if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error(`${title}: see above`);
}

/** AssemblyScript's declarations, with machine types that keep their names: there, each is an alias of `number`. */
function machineTypes() {
  const file = join('node_modules', 'assemblyscript', 'std', 'assembly', 'index.d.ts');
  return readFileSync(file, 'utf8').replace(
    /^declare type (bool|[iu](?:8|16|32|64|size)|f32|f64) = .*;$/gm,
    'declare interface $1 extends Number {}',
  );
}

/** The reference of the SDK, `modules` being the paths of its files below `assembly`. */
export async function writeSdk(out, modules) {
  const types = `${out}.d.ts`;
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(types, machineTypes());
  const files = new Map(
    modules.map((path) => [path.replace(/(\/index)?\.ts$/, ''), join(process.cwd(), 'assembly', path)]),
  );
  await write({
    out,
    title: 'SDK reference',
    prefix: 'moteware/assembly/',
    files,
    tsconfig: {
      compilerOptions: { target: 'esnext', module: 'commonjs', noLib: true, types: [] },
      files: [types, ...files.values()],
    },
  });
}

/** The reference of the package's entry points, `exports` being those of package.json. */
export async function writeApi(out, exports) {
  const files = new Map();
  for (const [name, path] of Object.entries(exports)) {
    const source = join(process.cwd(), path.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts'));
    if (path.startsWith('./dist/') && existsSync(source)) files.set(name.slice(2), source);
  }
  await write({
    out,
    title: 'TypeScript API reference',
    prefix: 'moteware/',
    files,
    tsconfig: { extends: join(process.cwd(), 'tsconfig.json'), include: [], files: [...files.values()] },
  });
}
