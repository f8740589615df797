/** node-opcua, loaded when it is used: it takes a second and 80 MB. */
import { optional } from '../../../base/index.ts';

export type Client = typeof import('node-opcua-client');
export type Certificates = typeof import('node-opcua-certificate-manager');

/** Throws `STORE_PACKAGE` if the package isn't installed. */
export async function loadClient(): Promise<Client> {
  const client = await optional('node-opcua-client', () => import('node-opcua-client'));
  // It prints to the console what its events and errors report as well.
  client.setWarningLogger(() => {});
  client.setErrorLogger(() => {});
  client.setDebugLogger(() => {});
  return client;
}

export async function loadCertificates(): Promise<Certificates> {
  return optional('node-opcua-certificate-manager', () => import('node-opcua-certificate-manager'));
}

/** What is loaded when there is a connection. */
export const OPCUA_PACKAGES = [
  ['node-opcua-client', loadClient],
  ['node-opcua-certificate-manager', loadCertificates],
] as const;
