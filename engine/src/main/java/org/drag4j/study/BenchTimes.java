package org.drag4j.study;

import java.util.Arrays;
import java.util.List;

/** Times of equal runs, in milliseconds, the shortest first. */
public record BenchTimes(List<Double> sorted) {
  /** Sorts the times; there must be at least one. */
  public BenchTimes {
    if (sorted.isEmpty()) {
      throw new IllegalArgumentException("times: expected at least one run, got none");
    }
    sorted = sorted.stream().sorted().toList();
  }

  /** From nanoseconds. */
  public static BenchTimes ofNanos(long... nanos) {
    return new BenchTimes(Arrays.stream(nanos).mapToObj(n -> n / 1e6).toList());
  }

  /** Number of runs. */
  public int runs() {
    return sorted.size();
  }

  /** The shortest. */
  public double min() {
    return sorted.getFirst();
  }

  /** The middle one, or the mean of the two in the middle. */
  public double median() {
    return percentile(50);
  }

  /**
   * The time that {@code p} percent of the runs do not exceed, interpolated linearly between the
   * two nearest runs.
   */
  public double percentile(double p) {
    double at = p / 100 * (sorted.size() - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.size() - 1);
    return sorted.get(below) + (at - below) * (sorted.get(above) - sorted.get(below));
  }
}
