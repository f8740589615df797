/** modbus-serial, loaded when it is used. */
import type ModbusSerial from 'modbus-serial';
import { optional } from '../../../base/index.ts';

export type ModbusClient = InstanceType<typeof ModbusSerial.default>;

/** Throws `STORE_PACKAGE` if the package isn't installed. */
export async function loadModbus(): Promise<new () => ModbusClient> {
  const { default: library } = await optional('modbus-serial', () => import('modbus-serial'));
  return library.default;
}

/** What is loaded when there is a connection. */
export const MODBUS_PACKAGES = [['modbus-serial', loadModbus]] as const;
