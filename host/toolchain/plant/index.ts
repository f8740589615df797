/** A plant to try a site on: machines with physics and faults, the truth about them, nodes that run real modules. */
export { BEARINGS, type BearingFrequencies, type BearingGeometry, bearingFrequencies } from './bearing.ts';
export { DEFAULT_PLAN } from './default-plan.ts';
export type { Fault, MachineFault, SensorFault, SensorName } from './faults.ts';
export { KINDS, type KindData, Machine, type MachineKind, type MachineOptions, speedIn } from './machine.ts';
export { loadPlan, type MachinePlan, type NodePlan, type PlantPlan, parsePlan } from './plan.ts';
export { assetLines, placementLines, type TruthRow } from './records.ts';
export { type PlantOptions, type PlantProgress, type PlantResult, runPlant } from './run.ts';
export { SENSORS, sensorSource } from './sensors.ts';
