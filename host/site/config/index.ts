/** The configuration of a site: one file, checked with the place of each mistake. */
export type { CameraConfig } from './camera.ts';
export { DEFAULT_CONFIG, type HttpKey, loadConfig, type NamedDecoder, parseConfig, type SiteConfig } from './config.ts';
export {
  type ModbusConfig,
  type ModbusConnectionConfig,
  modbusAddress,
  modbusDecoders,
  type PolledRegister,
  parseModbusMapping,
} from './modbus.ts';
export {
  type OpcuaClientConfig,
  type OpcuaConfig,
  type OpcuaMapping,
  type OpcuaRole,
  type OpcuaSecurity,
  type OpcuaServerConfig,
  type OpcuaServerUser,
  type OpcuaUser,
  opcuaDecoders,
  parseMapping,
  printMapping,
} from './opcua.ts';
export type { SparkplugConfig } from './sparkplug.ts';
