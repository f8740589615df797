/**
 * Fuel of code that the fuel pass doesn't instrument (`assembly/nn`, `dsp` and `cbor`): kernels charge for work of
 * known size.
 *
 * With `--use MOTE_FUEL=1`, `charge` calls an import that the pass (`host/toolchain/assembly/fuel.ts`) replaces by a
 * countdown of the `fuel` global. It is an import so that no optimizer removes the call before. Without the option
 * `charge` costs nothing and needs no pass.
 */
@external("mote", "charge")
declare function spend(units: i32): void;

/**
 * Spends `units` of fuel, at least 0; one unit is about one loop iteration. The module traps if the fuel falls below
 * zero.
 */
// @ts-ignore: decorator
@inline
export function charge(units: i32): void {
  // @ts-ignore: given by the compiler's option
  if (isDefined(MOTE_FUEL)) spend(units);
}
