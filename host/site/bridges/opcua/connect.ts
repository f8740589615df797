/** Connections to OPC UA servers: security, user, and errors that say what to do. */
import { createPrivateKey } from 'node:crypto';
import type { ClientSession, OPCUAClient, UserIdentityInfo } from 'node-opcua-client';
import { MoteError, readInput } from '../../../base/index.ts';
import type { OpcuaSecurity, OpcuaUser } from '../../config/index.ts';
import { type Identity, readCertificate } from './certificates.ts';
import { loadClient } from './library.ts';

export interface ConnectOptions {
  readonly url: string;
  readonly security: OpcuaSecurity;
  readonly user: OpcuaUser | null;
}

export interface Connection {
  readonly client: OPCUAClient;
  readonly session: ClientSession;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const CLOSE_MS = 3000;
const SESSION_MS = 60_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/**
 * Connects once; afterwards node-opcua reconnects by itself and keeps session and subscriptions if the server still has
 * them. Throws `OPCUA_CONNECT`.
 */
export async function connect({ url, security, user }: ConnectOptions, identity: Identity): Promise<Connection> {
  const { OPCUAClient, MessageSecurityMode, SecurityPolicy, UserTokenType } = await loadClient();
  const mode = { none: 'None', sign: 'Sign', 'sign-and-encrypt': 'SignAndEncrypt' } as const;
  const client = OPCUAClient.create({
    applicationName: 'moteware site',
    applicationUri: identity.applicationUri,
    clientCertificateManager: identity.manager,
    certificateFile: identity.certificateFile,
    privateKeyFile: identity.privateKeyFile,
    securityMode: MessageSecurityMode[mode[security]],
    securityPolicy: security === 'none' ? SecurityPolicy.None : SecurityPolicy.Basic256Sha256,
    // Names of servers behind address translation differ from those of their endpoints.
    endpointMustExist: false,
    keepSessionAlive: true,
    requestedSessionTimeout: SESSION_MS,
    transportTimeout: TIMEOUT_MS,
    defaultTransactionTimeout: TIMEOUT_MS,
    transportSettings: { maxMessageSize: MAX_MESSAGE_BYTES, maxChunkCount: 1024 },
    connectionStrategy: { maxRetry: 0, initialDelay: 500, maxDelay: 5000 },
  });
  try {
    await client.connect(url);
    // Only what is lost later is tried again without end.
    (client.connectionStrategy as { maxRetry: number }).maxRetry = -1;
    const session = await client.createSession(identityToken(user, UserTokenType));
    return {
      client,
      session,
      async close() {
        // A server that is away can't be told.
        if (!client.isReconnecting) await within(CLOSE_MS, session.close(true));
        await within(CLOSE_MS, client.disconnect());
      },
    };
  } catch (cause) {
    await client.disconnect().catch(() => {});
    if (cause instanceof MoteError) throw cause;
    throw connectError(url, cause as Error);
  }
}

/** Resolves when the work has ended in any way, and at the latest after the time. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}

type TokenTypes = typeof import('node-opcua-client').UserTokenType;

function identityToken(user: OpcuaUser | null, types: TokenTypes): UserIdentityInfo {
  if (user === null) return { type: types.Anonymous };
  if ('name' in user) return { type: types.UserName, userName: user.name, password: user.password };
  const certificate = readCertificate(user.certificate);
  if (certificate === undefined)
    throw new MoteError('OPCUA_CONFIG', `${user.certificate} is no certificate in PEM or DER.`);
  return { type: types.Certificate, certificateData: certificate.raw, privateKey: privateKey(user.key) };
}

/** A private key in PEM or DER, as PEM. */
function privateKey(path: string): string {
  const bytes = Buffer.from(readInput(path, 'The private key'));
  try {
    const key = bytes.includes('-----BEGIN')
      ? createPrivateKey(bytes)
      : createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
    return key.export({ format: 'pem', type: 'pkcs8' }).toString();
  } catch (cause) {
    throw new MoteError('OPCUA_CONFIG', `${path} is no private key in PEM, or in DER by PKCS #8.`, { cause });
  }
}

/** What users can do about the refusals that they meet most. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/end ?point/i, 'the server has no endpoint with this security'],
  [/UserAccessDenied|IdentityToken/, 'the server refuses the user or its password'],
  [
    /server Certificate verification failed/i,
    'this site doesn\'t trust the certificate of the server: compare its thumbprint, then run "mote site opcua trust"',
  ],
  [/CertificateUntrusted/, "the server doesn't trust the certificate of this site: trust it there"],
  [
    /SecurityChecksFailed|disconnected|closed|ECONNRESET/i,
    "the server ends the connection, perhaps because it doesn't trust the certificate of this site",
  ],
  [/CertificateUriInvalid/, 'the certificate is of another application URI than the server'],
  [/CertificateTimeInvalid/, 'a certificate has expired, or a clock is wrong'],
  [/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|timeout/i, 'nothing answers there'],
];

export function connectError(url: string, cause: Error): MoteError {
  const text = cause.message.split('\n')[0]!.slice(0, 300);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(cause.message))?.[1] ?? 'the server refuses the connection';
  return new MoteError('OPCUA_CONNECT', `${url}: ${remedy}. (${text})`, { cause });
}
