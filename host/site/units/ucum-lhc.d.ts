/** What is used of the package, which has no declarations. */
declare module '@lhncbc/ucum-lhc' {
  export interface UcumUnit {
    /** In base units of UCUM; a float. */
    readonly magnitude_: number;
    /** Exponents of the base units. */
    readonly dim_: { readonly dimVec_: readonly number[] | null };
    /** Name of the function of a special unit, such as `Cel` or `degF`. */
    readonly cnv_: string | null;
    readonly cnvPfx_: number;
    readonly isArbitrary_: boolean;
    readonly moleExp_: number;
  }
  export class UcumLhcUtils {
    static getInstance(): UcumLhcUtils;
    validateUnitString(code: string): { status: string; ucumCode: string | null };
    /** The unit; null if the code isn't valid. May carry the code that was read instead of a similar one. */
    getSpecifiedUnit(code: string, context: 'validate'): { unit: UcumUnit | null; origString?: string };
  }
}
