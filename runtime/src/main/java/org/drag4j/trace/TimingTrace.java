package org.drag4j.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.drag4j.device.Step;
import org.drag4j.graph.Cost;

/**
 * Adds up time by step: the device's where it has a clock of its own, otherwise the host's, which
 * is right for devices that run a step before {@code enqueue} returns.
 */
public final class TimingTrace implements Trace {
  private final Map<Step, long[]> byStep = new LinkedHashMap<>();
  private long started;

  /**
   * Time spent in one kernel.
   *
   * @param nanos time of all calls
   * @param cost least cost of all calls
   */
  public record Row(String kernel, int calls, long nanos, Cost cost) {
    /** Arithmetic per second, in 10^9. */
    public double gigaflops() {
      return (double) cost.flops() / nanos;
    }
  }

  @Override
  public void begin(Step step) {
    started = System.nanoTime();
  }

  @Override
  public void end(Step step) {
    var cell = byStep.computeIfAbsent(step, _ -> new long[3]);
    cell[0] += System.nanoTime() - started;
    cell[1]++;
  }

  @Override
  public void measured(Step step, long nanos) {
    byStep.computeIfAbsent(step, _ -> new long[3])[2] += nanos;
  }

  /** Calls of the steps that {@code which} tells. */
  public int calls(Predicate<Step> which) {
    return byStep.entrySet().stream()
        .filter(e -> which.test(e.getKey()))
        .mapToInt(e -> (int) e.getValue()[1])
        .sum();
  }

  /** One row a kernel, the longest first. */
  public List<Row> byKernel() {
    var rows = new LinkedHashMap<String, Row>();
    byStep.forEach((step, cell) -> {
      int calls = (int) cell[1];
      var cost = new Cost(step.cost().flops() * calls, step.cost().bytes() * calls);
      rows.merge(
          step.kernel().name(),
          new Row(step.kernel().name(), calls, cell[2] > 0 ? cell[2] : cell[0], cost),
          (a, b) ->
              new Row(
                  a.kernel(),
                  a.calls() + b.calls(),
                  a.nanos() + b.nanos(),
                  a.cost().plus(b.cost())));
    });
    var sorted = new ArrayList<>(rows.values());
    sorted.sort(Comparator.comparingLong(Row::nanos).reversed());
    return List.copyOf(sorted);
  }
}
