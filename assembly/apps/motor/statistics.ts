import { squareRoot } from '../../dsp/square_root';

/** Count, sum, squares and range of int16 values, in 32 bytes of static memory. Call `clear` first. */
@unmanaged
@final
export class Statistics {
  private sum: i64;
  private squares: i64;
  count: i32;
  least: i32;
  most: i32;

  clear(): void {
    this.sum = 0;
    this.squares = 0;
    this.count = 0;
    this.least = i32.MAX_VALUE;
    this.most = i32.MIN_VALUE;
  }

  add(value: i32): void {
    this.sum += value;
    this.squares += value * value;
    this.count++;
    this.least = min(this.least, value);
    this.most = max(this.most, value);
  }

  /** Rounded to nearest, halves away from zero; at least one value. */
  get mean(): i32 {
    const half = this.count >> 1;
    return <i32>((this.sum + (this.sum < 0 ? -half : half)) / this.count);
  }

  /** Standard deviation of the values, rounded to nearest. */
  get deviation(): i32 {
    const count = <i64>this.count;
    return squareRoot(<u64>max<i64>((this.squares * count - this.sum * this.sum) / (count * count), 0));
  }
}
