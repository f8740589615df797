import { packagePath } from '../../base/index.ts';

/** What `mote plant init` writes. */
export const DEFAULT_PLAN = `# A simulated plant: machines, the nodes on them, and what goes wrong. See docs/plant.md.
# yaml-language-server: $schema=${packagePath('docs', 'schemas', 'plant.schema.json')}

site: acme/north
seed: 1
start: 2026-01-05T00:00:00Z

# "count: 500" makes 500 of them.
machines:
  - { name: pump, kind: pump, count: 2, area: utilities }
  - { name: fan, kind: fan, count: 2, area: utilities, bearing: SKF 6203-2RS }
  - { name: press, kind: press, count: 2, area: forming }

# Each machine has one node of each.
nodes:
  - name: vibration
    app: condition
    sensors: { accelerometer: 6400 }
    ring: 1024
    config: { interval: 600 }
    wasm3: 0.2
  - name: motor
    app: motor
    sensors: { temperature: 1, current: 1 }
    config: { interval: 600 }

faults:
  - { machine: pump-2, what: bearing.outer, from: 20d, to: 80d }
  - { machine: fan-1, what: imbalance, from: 10d, to: 60d, severity: 0.7 }
  - { machine: press-1, what: bearing.inner, from: 30d, to: 75d }
  - { machine: press-2, what: cooling, from: 45d, to: 52d, severity: 0.8 }
  - { machine: fan-2, what: sensor.drift, sensor: temperature, from: 15d, to: 85d, severity: 0.3 }
  - { machine: pump-1, what: sensor.stuck, sensor: accelerometer, from: 50d, to: 53d }

# For many machines: faults that nobody names.
# randomFaults: { perMachineYear: 0.5 }

power: { perNodeMonth: 1, off: 5m }
network: { perNodeDay: 0.2, lost: 20m }
`;
