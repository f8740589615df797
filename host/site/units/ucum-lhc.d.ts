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
  /** An entry of the table of definitions. */
  export interface UcumDefinition extends UcumUnit {
    readonly isBase_: boolean;
    /** A decimal text: the unit is so many of `csUnitString_`. */
    readonly baseFactorStr_: string | null;
    readonly csUnitString_: string | null;
  }
  export class UnitTables {
    static getInstance(): UnitTables;
    getUnitByCode(code: string): UcumDefinition | null | undefined;
  }
  export class UcumLhcUtils {
    static getInstance(): UcumLhcUtils;
    validateUnitString(code: string): { status: string; ucumCode: string | null };
    convertUnitTo(from: string, value: number, to: string): { status: string; toVal: number | null };
    /** The unit; null if the code isn't valid. */
    getSpecifiedUnit(code: string, context: 'validate'): { unit: UcumUnit | null; origString?: string };
  }
}
