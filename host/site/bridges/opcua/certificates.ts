/**
 * Certificates of a site and of those that it talks to, as files below `DATA/opcua`:
 *
 *     own/certs/certificate.pem, own/private/private_key.pem     of this site
 *     trusted/certs, rejected, issuers/certs                     of other applications
 *
 * The folders of node-opcua. A running site sees what is moved between them.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import type { StatusCode } from 'node-opcua-client';
import { MoteError, printable } from '../../../base/index.ts';
import { loadCertificates } from './library.ts';

export interface ListedCertificate {
  readonly state: 'trusted' | 'rejected' | 'issuer' | 'own';
  readonly thumbprint: string;
  readonly subject: string;
  /** The application's URI; empty if there is none. */
  readonly uri: string;
  readonly validTo: string;
  readonly file: string;
}

export interface Identity {
  readonly manager: OPCUACertificateManager;
  readonly applicationUri: string;
  readonly certificateFile: string;
  readonly privateKeyFile: string;
}

type Chain = Buffer | Buffer[];

const YEARS = 10;
/** Certificates that wait for a decision; older ones are dropped, because anybody can send another. */
export const MAX_REJECTED = 100;
const MAX_CERTIFICATE_BYTES = 64 * 1024;

export const opcuaFolder = (data: string): string => join(data, 'opcua');

/** The URI of this site's application, which is also in its certificate. */
export function applicationUri(): string {
  return `urn:${hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-')}:moteware:site`;
}

/** Opens the folders, and makes the site's own certificate if there is none. `names`: further hosts of this site. */
export async function openIdentity(data: string, names: readonly string[] = []): Promise<Identity> {
  const folder = opcuaFolder(data);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const manager = await openManager(folder);
  const certificateFile = join(folder, 'own', 'certs', 'certificate.pem');
  const uri = applicationUri();
  if (!existsSync(certificateFile)) {
    const isAddress = (name: string) => /^[\d.]+$|:/.test(name);
    const all = [...new Set([hostname(), 'localhost', '127.0.0.1', ...names])];
    await manager.createSelfSignedCertificate({
      applicationUri: uri,
      dns: all.filter((name) => !isAddress(name)),
      ip: all.filter(isAddress),
      outputFile: certificateFile,
      subject: '/CN=moteware site/O=moteware',
      startDate: new Date(),
      validity: 365 * YEARS,
    });
  }
  // The URI that is in the certificate: this machine may have had another name when it was made.
  const own = new X509Certificate(readFileSync(certificateFile));
  return {
    manager,
    applicationUri: uriOf(own) || uri,
    certificateFile,
    privateKeyFile: join(folder, 'own', 'private', 'private_key.pem'),
  };
}

/** Reads the folders again when a certificate was trusted or is no longer trusted. */
async function openManager(rootFolder: string): Promise<OPCUACertificateManager> {
  const { OPCUACertificateManager } = await loadCertificates();
  const manager = new OPCUACertificateManager({ rootFolder, disableFileWatchers: true });
  await manager.initialize();
  const state = () =>
    ['trusted', 'issuers']
      .flatMap((name) => [join(rootFolder, name, 'certs'), join(rootFolder, name, 'crl')])
      .map((folder) => statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n)
      .join();
  let known = state();
  const check = manager.checkCertificate.bind(manager) as (chain: Chain) => Promise<StatusCode>;
  const fresh = async (chain: Chain): Promise<StatusCode> => {
    const now = state();
    if (now !== known) {
      known = now;
      await manager.reloadCertificates();
    }
    return check(chain);
  };
  manager.checkCertificate = fresh as typeof manager.checkCertificate;
  return manager;
}

const FOLDERS = [
  ['own', ['own', 'certs']],
  ['trusted', ['trusted', 'certs']],
  ['issuer', ['issuers', 'certs']],
  ['rejected', ['rejected']],
] as const;

/** All certificates of a site. Files that are none are left out. */
export function listCertificates(data: string): ListedCertificate[] {
  return FOLDERS.flatMap(([state, path]) => {
    const folder = join(opcuaFolder(data), ...path);
    const names = existsSync(folder) ? readdirSync(folder).sort() : [];
    return names.flatMap((name) => {
      const file = join(folder, name);
      const certificate = readCertificate(file);
      if (certificate === undefined) return [];
      const { subject, validTo } = certificate;
      const text = printable(subject.replaceAll('\n', ', '));
      const listed = { state, thumbprint: thumbprintOf(certificate), subject: text, uri: uriOf(certificate) };
      return [{ ...listed, validTo: new Date(validTo).toISOString().slice(0, 10), file }];
    });
  });
}

/** Trusts a certificate: a file, or the thumbprint of a rejected one. Throws `OPCUA_TRUST`. */
export function trustCertificate(data: string, which: string): ListedCertificate {
  const folder = join(opcuaFolder(data), 'trusted', 'certs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = which.replaceAll(/[:\s]/g, '').toLowerCase();
  const rejected = listCertificates(data).filter((one) => one.state === 'rejected');
  const found = rejected.filter(({ thumbprint }) => wanted.length >= 6 && thumbprint.startsWith(wanted));
  if (found.length > 1)
    throw new MoteError('OPCUA_TRUST', `Several certificates begin with ${which}; give more of it.`);
  const file = found[0]?.file ?? which;
  const certificate = readCertificate(file);
  if (certificate === undefined) {
    const what = `${which} is neither the thumbprint of a rejected certificate nor a certificate in a file`;
    throw new MoteError('OPCUA_TRUST', `${what}; "mote site opcua list" shows those that were rejected.`);
  }
  const thumbprint = thumbprintOf(certificate);
  const target = join(folder, `${thumbprint}.pem`);
  // It appears as a whole, because a running site looks at the folder.
  writeFileSync(`${target}.new`, certificate.toString());
  for (const one of rejected) if (one.thumbprint === thumbprint) rmSync(one.file, { force: true });
  renameSync(`${target}.new`, target);
  return listCertificates(data).find((one) => one.state === 'trusted' && one.file === target)!;
}

/**
 * Ends the trust in a certificate, named by the begin of its thumbprint; it waits for a decision again. Throws
 * `OPCUA_TRUST`.
 */
export function rejectCertificate(data: string, which: string): ListedCertificate {
  const wanted = which.replaceAll(/[:\s]/g, '').toLowerCase();
  const trusted = listCertificates(data).filter(({ state }) => state === 'trusted');
  const found = trusted.filter(({ thumbprint }) => wanted.length >= 6 && thumbprint.startsWith(wanted));
  const [first] = found;
  if (first === undefined || new Set(found.map(({ thumbprint }) => thumbprint)).size > 1) {
    const what = first === undefined ? `No trusted certificate begins` : 'Several certificates begin';
    const how = '"mote site opcua list" shows those that are trusted, and six characters are the least';
    throw new MoteError('OPCUA_TRUST', `${what} with ${which}; ${how}.`);
  }
  const folder = join(opcuaFolder(data), 'rejected');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, `${first.thumbprint}.pem`);
  for (const { file } of found) renameSync(file, target);
  return listCertificates(data).find((one) => one.state === 'rejected' && one.file === target)!;
}

/** Deletes the oldest rejected certificates beyond the limit. */
export function pruneRejected(data: string): void {
  const folder = join(opcuaFolder(data), 'rejected');
  if (!existsSync(folder)) return;
  const files = readdirSync(folder).map((name) => join(folder, name));
  if (files.length <= MAX_REJECTED) return;
  const aged = files.map((file) => ({ file, at: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  for (const { file } of aged.sort((a, b) => b.at - a.at).slice(MAX_REJECTED)) rmSync(file, { force: true });
}

/** A certificate in PEM or DER; undefined if the file has none. */
export function readCertificate(file: string): X509Certificate | undefined {
  try {
    if (statSync(file).size > MAX_CERTIFICATE_BYTES) return undefined;
    return new X509Certificate(readFileSync(file));
  } catch {
    return undefined;
  }
}

/** SHA-1, as OPC UA names certificates. */
function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '').toLowerCase();
}

function uriOf(certificate: X509Certificate): string {
  return printable(/(?:^|, )URI:([^,]+)/.exec(certificate.subjectAltName ?? '')?.[1] ?? '');
}
