// Times of day without their day, as strace -t, -tt and bcc tools print them: whoever goes from the end of a day to its
// beginning is in the next one.

const DAY_SECONDS = 86_400;
/** Lines of several tasks may come a little late. */
const LATE_SECONDS = 60;

export class TimeOfDay {
  #day = 0;
  #last = 0;

  /** `23:59:59`, in seconds since the midnight before the first. NaN when it is none. */
  seconds(text: string): number {
    const shown = this.#day + text.split(':').reduce((sum, one) => sum * 60 + Number(one), 0);
    if (shown < this.#last - DAY_SECONDS / 2) {
      this.#day += DAY_SECONDS;
      this.#last = shown + DAY_SECONDS;
    } else {
      const isLate = this.#day > 0 && Math.abs(shown - DAY_SECONDS - this.#last) < LATE_SECONDS;
      if (isLate) return shown - DAY_SECONDS;
      this.#last = shown;
    }
    return this.#last;
  }
}
