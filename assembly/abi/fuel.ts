/**
 * Fuel of code that the fuel pass doesn't instrument (`assembly/nn`, `dsp` and `cbor`): kernels pay for work that they know beforehand.
 *
 * With `--use MOTE_FUEL=1` a charge is a call that the pass (`host/toolchain/assembly/fuel.ts`) turns into a countdown of the `fuel` global; it is an
 * import only so that no optimizer removes it before. Without that option a charge costs nothing and needs no pass.
 */
@external("mote", "charge")
declare function spend(units: i32): void;

/** Pays `units` of fuel, at least 0; one unit is about one loop iteration. Below zero in the tank the module traps. */
// @ts-ignore: decorator
@inline
export function charge(units: i32): void {
  // @ts-ignore: given by the compiler's option
  if (isDefined(MOTE_FUEL)) spend(units);
}
