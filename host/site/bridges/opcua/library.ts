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

export type Server = typeof import('node-opcua-server');

/** With the types and constants of the client, which the server's package doesn't export. */
export async function loadServer(): Promise<Client & Pick<Server, 'OPCUAServer' | 'RegisterServerMethod'>> {
  const client = await loadClient();
  const { OPCUAServer, RegisterServerMethod } = await optional('node-opcua-server', () => import('node-opcua-server'));
  return { ...client, OPCUAServer, RegisterServerMethod };
}

/** What is loaded when there is a connection. */
export const OPCUA_PACKAGES = [
  ['node-opcua-client', loadClient],
  ['node-opcua-certificate-manager', loadCertificates],
] as const;

/** What is loaded besides when the site has a server. */
export const OPCUA_SERVER_PACKAGES = [['node-opcua-server', loadServer]] as const;
