/**
 * Who may do what. A client needs a trusted application certificate, unless the site serves security `none`, and a user.
 * Observers browse, read and subscribe; operators also call methods. All that a request can change is a method here, so
 * methods are allowed by a list and all others are refused.
 */
import { X509Certificate } from 'node:crypto';
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import type { StatusCode } from 'node-opcua-client';
import { type Clock, MoteError, sameSecret } from '../../../../base/index.ts';
import type { OpcuaRole, OpcuaServerConfig } from '../../../config/index.ts';
import { readCertificate } from '../certificates.ts';
import type { Library, UaContext } from './types.ts';

/** Before a wrong password is answered, so that nobody tries many. */
const WRONG_PASSWORD_MS = 1000;

/**
 * Methods of the standard namespace that change nothing: ConditionRefresh, ConditionRefresh2, GetMonitoredItems, ResendData
 * (OPC 10000-6, NodeIds.csv).
 */
const FREE = new Set([3875, 12912, 11492, 12873]);
/** Acknowledge and AddComment of conditions, as methods of the types. */
const OF_CONDITIONS = new Set([9111, 9029]);

export class Access {
  readonly #config: OpcuaServerConfig;
  readonly #library: Library;
  readonly #clock: Clock;
  /** By the certificate, as DER in hexadecimal digits. */
  readonly #certificates = new Map<string, OpcuaRole>();

  /** Throws `OPCUA_CONFIG` if a file of a user has no certificate. */
  constructor(config: OpcuaServerConfig, library: Library, clock: Clock) {
    this.#config = config;
    this.#library = library;
    this.#clock = clock;
    for (const user of config.users) {
      if (!('certificate' in user)) continue;
      const certificate = readCertificate(user.certificate);
      if (certificate === undefined)
        throw new MoteError('OPCUA_CONFIG', `${user.certificate} is no certificate in PEM or DER.`);
      this.#certificates.set(certificate.raw.toString('hex'), user.role);
    }
  }

  async isUser(name: string, password: string): Promise<boolean> {
    const user = this.#config.users.find((one) => 'name' in one && one.name === name);
    if (user !== undefined && 'name' in user && sameSecret(user.password, password)) return true;
    await new Promise<void>((resolve) => this.#clock.after(WRONG_PASSWORD_MS, resolve));
    return false;
  }

  /** Stands where node-opcua would look into a folder of users' certificates. It has checked that the client has the key. */
  userCertificates(): OPCUACertificateManager {
    const { StatusCodes } = this.#library;
    const judge = (chain: Buffer | Buffer[]): StatusCode => {
      const der = Array.isArray(chain) ? chain[0] : chain;
      if (der === undefined || !this.#certificates.has(Buffer.from(der).toString('hex')))
        return StatusCodes.BadCertificateUntrusted;
      const { validFrom, validTo } = new X509Certificate(der);
      const now = this.#clock.utcMs();
      const isValid = Date.parse(validFrom) <= now && now <= Date.parse(validTo);
      return isValid ? StatusCodes.Good : StatusCodes.BadCertificateTimeInvalid;
    };
    const manager = {
      initialize: async () => {},
      dispose: async () => {},
      checkCertificate: (chain: Buffer | Buffer[], done: (error: Error | null, status?: StatusCode) => void) =>
        done(null, judge(chain)),
    };
    return manager as unknown as OPCUACertificateManager;
  }

  roleOf(context: UaContext): OpcuaRole {
    const { UserNameIdentityToken, X509IdentityToken } = this.#library;
    const token = context?.session?.userIdentityToken;
    if (token instanceof UserNameIdentityToken) {
      const user = this.#config.users.find((one) => 'name' in one && one.name === token.userName);
      return user?.role ?? 'observer';
    }
    if (!(token instanceof X509IdentityToken)) return 'observer';
    const data = token.certificateData as Buffer | Buffer[];
    const der = Array.isArray(data) ? data[0] : data;
    return this.#certificates.get(Buffer.from(der ?? []).toString('hex')) ?? 'observer';
  }

  /** Whether the session may call the method; `own`: indices of the site's namespaces. */
  mayCall(context: UaContext, { method, own }: { method: { namespace: number; value: unknown }; own: number[] }) {
    if (method.namespace === 0 && FREE.has(method.value as number)) return true;
    if (this.roleOf(context) !== 'operator') return false;
    return own.includes(method.namespace) || (method.namespace === 0 && OF_CONDITIONS.has(method.value as number));
  }
}
