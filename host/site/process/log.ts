/** As pino has it. */
export type SiteLog = Record<'error' | 'warn' | 'info' | 'debug', (fields: object, text: string) => void>;
